"""Letting requests in: from an ``Authorization`` header to what its bearer may do, or the challenge.

The challenge is worded for the least forgiving reader: the Azure CLI splits it at every comma, so there is no space
after one, and status and header must be exactly these. Source: distribution, "Token Authentication Specification".
"""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from seawall.errors import ApiError
from seawall.identity.actions import BUILT_IN_SCOPE_MAPS, Action, Rights
from seawall.identity.passwords import matching_credential
from seawall.identity.scopes import Grant, repository_scope
from seawall.identity.tokens import ANONYMOUS, SIGN_IN_AUDIENCE, Claims, TokenError, TokenKind, Verifier
from seawall.metadata import keys, principals, registries, scope_maps
from seawall.metadata.memo import reads_settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from seawall.metadata.database import Database
    from seawall.topology import Registry

__all__ = [
    "Access",
    "Gate",
    "Identity",
    "SignInError",
    "Site",
    "basic_credentials",
    "challenge",
    "claims_of",
    "current_rights",
    "rights_now",
]

REFRESH_TOKEN_USER: Final = "00000000-0000-0000-0000-000000000000"  # noqa: S105 - a user name
"""User name with which clients send a refresh token for a password."""


class Site(NamedTuple):
    """The registry a request concerns, and the authority it was reached under."""

    registry: Registry
    authority: str


class Identity(NamedTuple):
    """Who signed in, and with which password."""

    subject: str
    credential: str


@dataclass(frozen=True, slots=True)
class Access:
    """What a request may do: what its token was given, as far as its bearer still has the right to it."""

    identity: Identity
    rights: Rights
    grant: Grant | None

    def on(self, repository: str) -> frozenset[Action]:
        """Return the actions allowed on a repository."""
        rights = self.rights.on(repository)
        if self.grant is None:
            return rights
        return rights & self.grant.repositories.get(repository, frozenset())

    def may_list(self, repository: str) -> bool:
        """Say whether a repository may be shown in a listing."""
        return not self.rights.on(repository).isdisjoint((Action.PULL, Action.METADATA_READ))


@reads_settings
def current_rights(connection: Connection, registry_name: str, identity: Identity) -> Rights | None:
    """Return what somebody who signed in earlier may do, and until when; ``None`` if it is over.

    Answers are repeated until something is written, which time is not: ask :func:`rights_now`.
    """
    registry = registries.find(connection, registry_name)
    if registry is None:
        return None
    if identity.subject == ANONYMOUS:
        return Rights(prefixes=(("", Action.PULL),)) if registry.anonymous_pull else None
    principal = principals.find(connection, registry_name, identity.subject)
    operator = principals.find(connection, principals.CLOUD, identity.subject) if principal is None else None
    who = principal or operator
    credential = who.credential(identity.credential) if who is not None else None
    if credential is None:
        return None
    if principal is None:
        return Rights(everything=True, ends=credential.expires)
    if identity.subject == registry_name:
        return Rights(everything=True, ends=credential.expires) if registry.admin else None
    actions = BUILT_IN_SCOPE_MAPS.get(principal.scope_map)
    if actions is None:
        found = scope_maps.find(connection, registry_name, principal.scope_map)
        actions = found.actions if found is not None else ()
    return Rights.of_scope_map(actions, credential.expires)


async def rights_now(database: Database, registry_name: str, identity: Identity) -> Rights | None:
    """Return what somebody who signed in earlier may do now; ``None`` if it is over.

    Tokens and links last for minutes to hours; asking this each time is what makes a revocation count at once.
    """
    rights = await database.cached(current_rights, registry_name, identity)
    over = rights is None or (rights.ends is not None and time.time() >= rights.ends)
    return None if over else rights


class SignInError(Exception):
    """Somebody could not sign in.

    Attributes:
        message: Why, without telling an unknown user from a wrong password.
        error: The ``error`` of the challenge (RFC 6750 section 3.1); empty when nothing was presented.
    """

    def __init__(self, message: str, error: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.error = error


class Gate:
    """Finds out who is asking, and what they may do."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._verifier = Verifier()

    async def admit(self, site: Site, authorization: str | None) -> Access:
        """Read a request's ``Authorization`` header.

        Raises:
            SignInError: If it is missing or does not hold.
        """
        scheme, _, value = (authorization or "").partition(" ")
        grant = None
        match scheme.lower():
            case "bearer":
                claims = await self._claims(site, value.strip(" \t"), TokenKind.ACCESS)
                identity, grant = Identity(claims.subject, claims.credential), claims.grant
            case "basic":
                identity = await self.sign_in(site, *basic_credentials(value))
            case _:
                raise SignInError("sign in first")
        return Access(identity, await self.rights(site, identity), grant)

    async def rights(self, site: Site, identity: Identity) -> Rights:
        """Return what somebody may do now.

        Raises:
            SignInError: If that is nothing any more.
        """
        rights = await rights_now(self._database, site.registry.name, identity)
        if rights is None:
            raise SignInError("this sign-in was withdrawn or is switched off; sign in again", "invalid_token")
        return rights

    async def sign_in(self, site: Site, username: str, password: str) -> Identity:
        """Check a user name and password (or refresh token).

        Raises:
            SignInError: The same for an unknown user, a wrong password and a user who is locked out.
        """
        if username == REFRESH_TOKEN_USER:
            return await self.identify(site, password, TokenKind.REFRESH)
        principal = await self._database.cached(principals.find, site.registry.name, username)
        credential = matching_credential(principal, password)
        identity = Identity(username, credential.identifier if credential else "")
        allowed = await rights_now(self._database, site.registry.name, identity) is not None
        if credential is None or not allowed:
            raise SignInError("the user name or the password is wrong")
        return identity

    async def identify(self, site: Site, token: str, kind: TokenKind) -> Identity:
        """Check a token that stands for somebody.

        Raises:
            SignInError: If it does not hold.
        """
        claims = await self._claims(site, token, kind)
        identity = Identity(claims.subject, claims.credential)
        await self.rights(site, identity)
        return identity

    async def _claims(self, site: Site, token: str, kind: TokenKind) -> Claims:
        audience = SIGN_IN_AUDIENCE.format(site.registry.name) if kind is TokenKind.SIGN_IN else site.authority
        return await claims_of(self._database, self._verifier, token, kind, audience)


async def claims_of(database: Database, verifier: Verifier, token: str, kind: TokenKind, audience: str) -> Claims:
    """Verify a token with the keys that there are.

    Raises:
        SignInError: It does not hold.
    """
    ring = await database.cached(keys.newest_first, keys.TOKEN)
    try:
        return verifier.verify(token, kind, audience, ring)
    except TokenError as error:
        raise SignInError(f"{error}; sign in again", "invalid_token") from None


def challenge(
    site: Site,
    wanted: Iterable[tuple[str, frozenset[Action]]] = (),
    *,
    catalog: bool = False,
    error: str = "",
    message: str,
) -> ApiError:
    """Word the refusal that tells a client where to get a token, and for what."""
    wanted = list(wanted)
    scopes = [repository_scope(repository, actions) for repository, actions in wanted]
    if catalog:
        scopes.append("registry:catalog:*")
    header = f'Bearer realm="https://{site.authority}/oauth2/token",service="{site.authority}"'
    if scopes:
        header += f',scope="{" ".join(scopes)}"'
    if error:
        header += f',error="{error}"'
    detail = [
        {"Type": "repository", "Name": repository, "Action": action.value}
        for repository, actions in wanted
        for action in Action
        if action in actions
    ]
    return ApiError(401, "UNAUTHORIZED", message, detail=detail or None, headers={"WWW-Authenticate": header})


def basic_credentials(value: str) -> tuple[str, str]:
    """Take a Basic ``Authorization`` header's value apart (RFC 7617).

    Raises:
        SignInError: If it is none.
    """
    try:
        text = base64.b64decode(value.strip(" \t"), validate=True).decode("utf-8")
    except ValueError:  # not ASCII, not base64, not UTF-8
        raise SignInError("the Authorization header is not valid Basic authentication") from None
    username, _, password = text.partition(":")
    return username, password
