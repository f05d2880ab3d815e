"""What tokens are for: each kind opens one door, and none of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.naming import Role
from tests.api.authorization_people import bearer, by_refresh_token, signed_by_somebody, unsigned
from tests.api.authorization_routes import SPELT
from tests.support import forge
from tests.support.server import CLOUD, DOMAIN, REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.api.authorization_people import Principal
    from tests.api.authorization_world import World

__all__ = ["KINDS", "USES", "by_role", "cookies", "grants", "grants_due", "tokens"]

BASE: Final = "/v2/"


def _exchanged(world: World, **form: str) -> int:
    return world.registry.post_token("/oauth2/exchange", **form).status_code


def _manages(world: World, token: str) -> int:
    return world.server.client.get(f"{world.origin}/subscriptions", headers=bearer(token)).status_code


def _opens_the_portal(world: World, token: str) -> int:
    cookie = world.session["Cookie"].partition("=")[0]
    return world.server.client.get(f"{world.origin}/portal", headers={"Cookie": f"{cookie}={token}"}).status_code


def _replicates(world: World, token: str) -> int:
    return world.server.client.get(f"{world.node}/status", headers=bearer(token)).status_code


USES: Final[dict[str, Callable[[World, str], int]]] = {
    "as an access token": lambda world, token: world.registry.raw_call("GET", BASE, headers=bearer(token)).status_code,
    "as a password": lambda world, token: (
        world.registry.raw_call("GET", BASE, headers=by_refresh_token(token)).status_code
    ),
    "to be exchanged": lambda world, token: _exchanged(world, grant_type="access_token", access_token=token),
    "to be exchanged again": lambda world, token: _exchanged(world, grant_type="refresh_token", refresh_token=token),
    "to refresh": lambda world, token: (
        world.registry.post_token(grant_type="refresh_token", refresh_token=token).status_code
    ),
    "to manage": _manages,
    "in the portal": _opens_the_portal,
    "between nodes": _replicates,
}
"""Everywhere that a token may be shown: 200 if it is good there."""

_REFRESH: Final = {"as a password", "to be exchanged again", "to refresh"}
KINDS: Final[dict[str, set[str]]] = {
    "the admin's access token": {"as an access token"},
    "an operator's access token": {"as an access token"},
    "the admin's refresh token": _REFRESH,
    "an operator's refresh token": _REFRESH,
    "the admin's sign-in": {"to be exchanged"},
    "an operator's sign-in": {"to be exchanged"},
    "an operator's management token": {"to manage"},
    "an operator's session": {"in the portal"},
    "a node's token": {"between nodes"},
}
"""Every kind of token, and what it is good for."""


def tokens(world: World) -> dict[str, str]:
    """Return one of each kind."""
    shown = {
        "the admin's access token": "the admin by token",
        "an operator's access token": "an operator by token",
        "an operator's sign-in": "an operator's sign-in",
        "an operator's management token": "an operator to manage",
        "an operator's session": "an operator's session",
        "a node's token": "a node",
    }
    found = {kind: world.people[name].shows["Authorization"].removeprefix("Bearer ") for kind, name in shown.items()}
    signed_in = world.server.run("token", "sign-in", "-r", world.registry.name).strip()
    world.server.secrets.add(signed_in)
    refresh = {f"{name}'s refresh token": world.refresh_tokens[name][0] for name in ("the admin", "an operator")}
    return found | refresh | {"the admin's sign-in": signed_in}


def cookies(world: World) -> dict[str, Mapping[str, str]]:
    """Return what opens no page of the portal, though some of it looks like a session."""
    name, _, token = world.session["Cookie"].partition("=")
    manages = world.manages["Authorization"].removeprefix("Bearer ")
    values = {
        "garbage": "garbage",
        "nothing": "",
        "a management token": manages,
        "a session that needs no signature": unsigned(token),
        "a session that somebody else signed": signed_by_somebody(token),
        "half a session": token[:-1],
    }
    return {
        "nobody": {},
        "a session under another name": {"Cookie": f"{name}0={token}"},
        "a session that is no cookie": bearer(token),
        **{what: {"Cookie": f"{name}={value}"} for what, value in values.items()},
        **{
            who: world.people[who].shows
            for who in (
                "the admin by password",
                "an operator by name and secret",
                "an operator to manage",
                "a removed operator in the portal",
                "an operator before a new secret in the portal",
            )
        },
    }


def grants(token: str) -> dict[str, set[str]]:
    """Return the actions that an access token grants, by what they are about."""
    return {entry["name"]: set(entry["actions"]) for entry in forge.claims_of(token)["access"]}


def grants_due(who: Principal) -> dict[str, set[str]] | None:
    """Return what somebody is to be granted who asks for everything; ``None`` for those who are refused."""
    if not who.shows and who.authority.startswith("opened."):
        return {"lib/app": {"pull"}, "lib/nothing": {"pull"}}
    if who.rights is None or not who.shows["Authorization"].startswith("Basic "):
        return None
    actions = {SPELT[right] for right in who.rights}
    return {"catalog": {"*"}} | ({"lib/app": actions, "lib/nothing": actions} if actions else {})


def by_role(world: World) -> dict[Role, tuple[str, int]]:
    """Return a host of each kind, and how it answers somebody who says nothing about themselves."""
    registry = world.registry
    return {
        Role.APEX: (DOMAIN, 421),
        Role.LOGIN: (registry.host, 401),
        Role.REGIONAL: (registry.regional_host, 401),
        Role.DATA: (registry.data_host, 403),
        Role.BLOB: (registry.account_host, 403),
        Role.NODE: (CLOUD.node(REGION), 404),
        Role.OPERATORS: (f"arm.{DOMAIN}", 401),
    }
