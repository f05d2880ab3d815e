"""Who sends requests to the authorization matrix: what somebody shows, and what that is good for."""

from __future__ import annotations

from functools import cache
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from seawall.identity.gate import REFRESH_TOKEN_USER
from seawall.identity.operators import create_operator
from seawall.identity.sign_in import REGISTRY_RESOURCE
from tests.api.authorization_routes import ANYBODY, ASKS, CATALOG, DIGEST, NAMED, PULL, READ
from tests.support import forge
from tests.support.registry import Registry, basic
from tests.support.server import DOMAIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seawall.metadata.database import Database
    from tests.api.authorization_routes import Route
    from tests.support.registry import User
    from tests.support.server import Server

__all__ = [
    "SCOPES",
    "Operator",
    "Principal",
    "Ways",
    "bearer",
    "by_refresh_token",
    "forget_cookies",
    "link_of",
    "refresh_token_of",
    "repositories_shown_to",
    "signed_by_somebody",
    "unsigned",
    "ways_of",
]

Ways: TypeAlias = "dict[str, dict[str, str]]"
"""Headers by which one user says who it is, by what they hold."""

SCOPES: Final = ("registry:catalog:*", "repository:lib/app:*", "repository:lib/nothing:*")
"""All that the matrix asks for with a token."""


class Principal(NamedTuple):
    """Somebody at a login server.

    Attributes:
        shows: The headers by which they say who they are.
        authority: The login server they turn to.
        rights: What they may do with the repositories below ``lib``; ``None`` for those who are not let in at all.
        catalog: Whether they may list repositories, if they are let in.
        error: What a challenge says is wrong with what they show, if they are not.
        named: Whether they are somebody, and not just anybody.
    """

    shows: Mapping[str, str]
    authority: str
    rights: frozenset[str] | None = None
    catalog: bool = True
    error: str = ""
    named: bool = True

    def is_let_in(self, route: Route) -> bool:
        """Say whether a route is for them."""
        if self.rights is None or route.needs in {ANYBODY, NAMED}:
            return self.rights is not None
        return self.catalog if route.needs == CATALOG else not self.rights.isdisjoint(route.needs.split())

    def expects(self, route: Route) -> tuple[int, str]:
        """Say how they are to be answered, and with which challenge."""
        if self.is_let_in(route):
            return (route.done if route.needs != NAMED or self.named else 403), ""
        parts = [f'Bearer realm="https://{self.authority}/oauth2/token"', f'service="{self.authority}"']
        if route.needs == CATALOG:
            parts.append('scope="registry:catalog:*"')
        elif route.repository:
            parts.append(f'scope="repository:{route.repository}:{ASKS[route.needs]}"')
        error = self.error if self.rights is None else "insufficient_scope"
        return 401, ",".join([*parts, f'error="{error}"'] if error else parts)


def repositories_shown_to(name: str, who: Principal) -> list[str]:
    """Say which repositories somebody is to see in a catalog."""
    if name.startswith(("the admin", "an operator")):
        return ["lib/app", "secret/app"]
    if name.startswith("elsewhere"):
        return ["secret/app"]
    return ["lib/app"] if who.rights and who.rights & {PULL, READ} else []


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def by_refresh_token(token: str) -> dict[str, str]:
    """Show a refresh token for a password, as clients do that know passwords only."""
    return {"Authorization": basic(REFRESH_TOKEN_USER, token)}


def ways_of(user: User) -> Ways:
    """Let a user sign in with its password, and with a token that it was given for it."""
    return {
        "by password": {"Authorization": basic(user.username, user.password)},
        "by token": user.bearer(*SCOPES),
    }


def refresh_token_of(user: User) -> str:
    answer = user.registry.ask_token(user.username, user.password, offline_token="true")
    return str(answer.json()["refresh_token"])


def link_of(registry: Registry, shows: Mapping[str, str]) -> str:
    """Return a link to the layer that works, given to whoever shows this."""
    answer = registry.raw_call("GET", f"/v2/lib/app/blobs/{DIGEST}", headers=shows)
    assert answer.status_code == 307, answer.text
    link = str(answer.headers["location"])
    assert registry.raw_call("GET", link).status_code == 200
    return link


def unsigned(token: str) -> str:
    """Write a token anew that says it needs no signature."""
    head = {"kid": jwt.get_unverified_header(token).get("kid", "")}
    return jwt.encode(forge.claims_of(token), "", "none", headers=head)


def signed_by_somebody(token: str) -> str:
    """Write a token anew under a signature of our own, which says that it is the registry's."""
    head = {"kid": jwt.get_unverified_header(token)["kid"]}
    return jwt.encode(forge.claims_of(token), _somebodys_key(), "RS256", headers=head)


@cache
def _somebodys_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def forget_cookies(server: Server) -> None:
    """Let the server's client keep no cookie: who is signed in is what a request itself says."""
    server.client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))


class Operator:
    """Somebody who may manage registries, and use all of them."""

    def __init__(self, server: Server, database: Database) -> None:
        self.name, self.secret = database.write_now(create_operator)
        self._server = server
        self.origin = f"https://{server.authority(f'arm.{DOMAIN}')}"
        server.secrets.add(self.secret)

    def _kept(self, secret: object) -> str:
        self._server.secrets.add(str(secret))
        return str(secret)

    def token(self, resource: str = "") -> str:
        """Sign in: to manage registries, unless it is for something else."""
        form = {"grant_type": "client_credentials", "client_id": self.name, "client_secret": self.secret}
        scope = f"{resource or self.origin}/.default"
        answer = self._server.client.post(f"{self.origin}/adfs/oauth2/token", data=form | {"scope": scope})
        assert answer.status_code == 200, answer.text
        return self._kept(answer.json()["access_token"])

    def session(self) -> str:
        """Sign in to the portal; return the cookie."""
        answer = self._server.client.post(
            f"{self.origin}/portal/sign-in",
            data={"name": self.name, "secret": self.secret},
            headers={"Sec-Fetch-Site": "same-origin"},
        )
        assert answer.status_code == 303, answer.text
        [cookie] = [one for one in answer.headers.get_list("set-cookie") if "Max-Age=0" not in one]
        written = str(cookie.partition(";")[0])
        self._kept(written.partition("=")[2])
        return written

    def refresh_token(self, registry: Registry) -> str:
        """Exchange a sign-in for a refresh token of a registry, as the Azure CLI does."""
        form = {"grant_type": "access_token", "access_token": self.token(REGISTRY_RESOURCE)}
        return str(registry.post_token("/oauth2/exchange", **form).json()["refresh_token"])

    def access_token(self, registry: Registry, refresh_token: str) -> str:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return str(registry.post_token(**form, scope=" ".join(SCOPES)).json()["access_token"])
