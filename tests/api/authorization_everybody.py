"""Somebody of every kind, those included whose rights were taken away after they had signed in."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

import jwt

from seawall.identity.operators import renew_secret
from seawall.identity.sign_in import REGISTRY_RESOURCE
from seawall.metadata import keys, principals
from seawall.metadata.principals import CLOUD
from tests.api.authorization_people import (
    SCOPES,
    Operator,
    bearer,
    by_refresh_token,
    link_of,
    refresh_token_of,
    signed_by_somebody,
    unsigned,
    ways_of,
)
from tests.api.authorization_routes import DELETE, EVERY_RIGHT, LAYER, NAME, PULL, PUSH, READ, WRITE
from tests.support import forge
from tests.support.registry import basic

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.api.authorization_world import World
    from tests.support.registry import Registry

__all__ = ["STRANGERS", "invite_everybody"]

_ONE_RIGHT: Final = {"reader": PULL, "writer": PUSH, "deleter": DELETE, "curator": READ, "keeper": WRITE}

STRANGERS: Final = (
    "nobody",
    "a wrong password",
    "the admin by password",
    "the admin by token",
    "the admin by refresh token",
    "reader by password",
    "disabled by token",
    "an operator by token",
    "an operator by refresh token",
    "an operator by name and secret",
    "an operator's sign-in",
    "an operator's session",
    "a removed operator to manage",
    "a removed operator in the portal",
    "an operator before a new secret to manage",
    "an operator before a new secret in the portal",
    "a node",
    "garbage",
    "a token that needs no signature",
    "an operator's token that needs no signature",
    "an operator's token that somebody else signed",
)
"""One of each kind of those who are no operators managing registries."""


def invite_everybody(world: World) -> None:
    """Add everybody to the world."""
    _add_users(world)
    _add_operators(world)
    _shut_users_out(world)
    _shut_admins_out(world)
    _add_strangers(world)


def _add_users(world: World) -> None:
    registry, admin = world.registry, world.registry.admin
    world.add_user("the admin", ways_of(admin), EVERY_RIGHT)
    refresh = refresh_token_of(admin)
    world.refresh_tokens["the admin"] = refresh, True
    world.add("the admin by refresh token", by_refresh_token(refresh), EVERY_RIGHT)
    for what, scopes in (("nothing", ()), ("elsewhere", ("repository:secret/app:*",))):
        world.add(f"the admin by a token for {what}", admin.bearer(*scopes), frozenset(), catalog=False)
    regional = world.server.authority(registry.regional_host)
    ways = ways_of(admin)
    world.add("the admin at the regional host", ways["by password"], EVERY_RIGHT, authority=regional)
    world.add("the admin by another host's token", ways["by token"], authority=regional, error="invalid_token")
    for name, right in _ONE_RIGHT.items():
        world.add_user(name, ways_of(world.user(name, right)), frozenset((right,)))
    elsewhere = world.user("elsewhere")
    world.allow("elsewhere", *(f"repositories/secret/app/{right}" for right in sorted(EVERY_RIGHT)))
    world.add_user("elsewhere", ways_of(elsewhere), frozenset())
    limited = world.user("limited", *EVERY_RIGHT)
    ways = ways_of(limited)
    world.links["limited"] = link_of(registry, ways["by token"])
    world.allow("limited", "repositories/library/content/read")
    world.add_user("limited", ways, frozenset())
    opened = world.make_registry("opened", anonymousPullEnabled=True)
    opened.admin.push_image("lib/app", "v1", LAYER)
    world.add(
        "anybody by token",
        opened.nobody.bearer(*SCOPES),
        frozenset((PULL,)),
        catalog=False,
        named=False,
        authority=opened.authority,
    )
    world.add("anybody without a token", {}, authority=opened.authority)


def _add_operators(world: World) -> None:
    world.secrets["an operator"] = world.operator.name, world.operator.secret
    world.secrets["an operator with a wrong secret"] = world.operator.name, "wrong"
    world.secrets["the admin"] = NAME, world.registry.password
    refresh = world.operator.refresh_token(world.registry)
    world.refresh_tokens["an operator"] = refresh, True
    world.add_user("an operator", _operators_ways(world, world.operator, refresh), EVERY_RIGHT)
    for name, end in (("a removed operator", _remove), ("an operator before a new secret", _renew)):
        gone = Operator(world.server, world.database)
        world.secrets[name] = gone.name, gone.secret
        world.add(f"{name} to manage", bearer(gone.token()), error="invalid_token")
        world.add(f"{name} in the portal", {"Cookie": gone.session()})
        refresh = gone.refresh_token(world.registry)
        world.refresh_tokens[name] = refresh, False
        world.shut_out(name, world.registry, _operators_ways(world, gone, refresh), partial(end, world, gone))


def _operators_ways(world: World, operator: Operator, refresh: str) -> dict[str, dict[str, str]]:
    access = operator.access_token(world.registry, refresh)
    return {"by token": bearer(access), "by refresh token": by_refresh_token(refresh)}


def _remove(world: World, gone: Operator) -> None:
    world.database.write_now(principals.delete, CLOUD, gone.name)


def _renew(world: World, gone: Operator) -> None:
    found = world.database.read_now(principals.find, CLOUD, gone.name)
    assert found is not None
    world.server.secrets.add(world.database.write_now(renew_secret, found))


def _shut_users_out(world: World) -> None:
    ends: dict[str, Callable[[str], object]] = {
        "disabled": partial(_disable, world),
        "deleted": partial(_delete, world),
        "replaced": partial(_replace, world),
        "renewed": world.new_password,
        "expired": partial(_expire, world),
    }
    for name, end in ends.items():
        user = world.user(name, *EVERY_RIGHT)
        world.refresh_tokens[name] = refresh_token_of(user), False
        world.shut_out(name, world.registry, ways_of(user), partial(end, name))


def _disable(world: World, name: str) -> None:
    world.manage("PATCH", f"{NAME}/tokens/{name}", {"properties": {"status": "disabled"}})


def _delete(world: World, name: str) -> None:
    world.manage("DELETE", f"{NAME}/tokens/{name}")


def _replace(world: World, name: str) -> None:
    """Make a user anew under the same name, with the same rights."""
    _delete(world, name)
    world.user(name, *EVERY_RIGHT)


def _expire(world: World, name: str) -> None:
    """Let a password's end come, which was an hour away: nobody can wait for it."""
    found = world.database.read_now(principals.find, NAME, name)
    assert found is not None
    over = {slot: replace(one, expires=time.time() - 1) for slot, one in found.credentials.items()}
    world.database.write_now(principals.put, NAME, replace(found, credentials=over))


def _shut_admins_out(world: World) -> None:
    """Close a registry to its admin user and to anybody, and make one anew under the name of another."""
    closed = world.make_registry("closed", anonymousPullEnabled=True)
    # With an endpoint that is called the same afterwards, where a link would still lead to the layer.
    again = world.make_registry("again", dataEndpointEnabled=True)
    for registry in (closed, again):
        registry.admin.push_image("lib/app", "v1", LAYER)
    anybody = {"by token": closed.nobody.bearer(*SCOPES)}
    off = {"properties": {"adminUserEnabled": False, "anonymousPullEnabled": False}}
    world.shut_out("anybody before", closed, anybody, lambda: None)
    world.shut_out("a former admin", closed, ways_of(closed.admin), lambda: world.manage("PATCH", "closed", off))
    world.shut_out("the admin of one deleted", again, ways_of(again.admin), lambda: _make_again(world, again))


def _make_again(world: World, registry: Registry) -> None:
    world.manage("DELETE", registry.name)
    made = world.make_registry(registry.name, dataEndpointEnabled=True)
    assert made.password != registry.password
    made.admin.push_image("lib/app", "v1", LAYER)


def _add_strangers(world: World) -> None:
    other = world.make_registry("other")
    admin = world.people["the admin by token"].shows["Authorization"].removeprefix("Bearer ")
    manages = world.manages["Authorization"].removeprefix("Bearer ")
    key, *_ = world.server.keys(keys.TOKEN)
    claims, (head, _, signature) = forge.claims_of(admin), admin.split(".")
    more = jwt.encode(claims | {"sub": "other"}, "", "none").split(".")[1]
    bearers = {
        "another registry's admin by token": other.admin.token(*SCOPES),
        "an operator to manage": manages,
        "an operator's sign-in": world.operator.token(REGISTRY_RESOURCE),
        "an operator's session": world.session["Cookie"].partition("=")[2],
        "an operator's refresh token": world.refresh_tokens["an operator"][0],
        "a node": world.join("westus"),
        "garbage": "garbage",
        "a token that needs no signature": unsigned(admin),
        "an operator's token that needs no signature": unsigned(manages),
        "a token that somebody else signed": signed_by_somebody(admin),
        "an operator's token that somebody else signed": signed_by_somebody(manages),
        "a token that says something else": f"{head}.{more}.{signature}",
        "a token that is over": forge.sign(key, claims | {"exp": int(time.time()) - 1}),
    }
    for name, token in bearers.items():
        world.add(name, bearer(token), error="invalid_token")
    passwords = {
        "a wrong password": (NAME, "wrong"),
        "no password": (NAME, ""),
        "an unknown user": ("unknown", world.registry.password),
        "another registry's admin by password": (other.name, other.password),
        "an operator by name and secret": (world.operator.name, world.operator.secret),
    }
    for name, (user, password) in passwords.items():
        world.add(name, {"Authorization": basic(user, password)})
    world.add("nobody", {})
    world.add("nothing after all", {"Authorization": "Bearer"}, error="invalid_token")
    world.add("another scheme", {"Authorization": f"Token {admin}"})
    world.add("an operator with a cookie", world.session)
