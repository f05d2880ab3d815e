"""Who is let in, as what; and that a change of mind counts at once."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seawall.identity.actions import ALL_ACTIONS, Action
from seawall.identity.gate import Gate, Identity, SignInError, Site, basic_credentials, challenge, current_rights
from seawall.identity.passwords import new_password
from seawall.identity.scopes import Grant
from seawall.identity.tokens import ANONYMOUS, SIGN_IN_AUDIENCE, TokenKind, issue
from seawall.metadata import keys, principals, registries, scope_maps
from seawall.metadata.principals import Principal
from seawall.metadata.scope_maps import ScopeMap
from seawall.topology import Registry, Replica
from tests.unit.identity.forging import key

if TYPE_CHECKING:
    from seawall.metadata.database import Database

REGISTRY: Final = Registry("myregistry", "eastus", (Replica("eastus", "account1"),))
SITE: Final = Site(REGISTRY, "myregistry.azurecr.io")
ELSEWHERE: Final = Site(replace(REGISTRY, name="another"), "another.azurecr.io")
DEVICE: Final = "edge-device"
MAP: Final = ScopeMap("team", ("repositories/team/*/content/read",))


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


@dataclass(frozen=True)
class World:
    """A registry with an admin user and a token, and somebody at its gate."""

    database: Database
    gate: Gate
    admin_password: str
    device_password: str

    def put(self, registry: Registry) -> None:
        self.database.write_now(registries.put, registry)

    def device(self) -> Principal:
        found = self.database.read_now(principals.find, "myregistry", DEVICE)
        assert found is not None
        return found

    def change_device(self, changed: Principal) -> None:
        self.database.write_now(principals.put, "myregistry", changed)

    def allowed(self, authorization: str | None, repository: str = "team/app", site: Site = SITE) -> frozenset[Action]:
        async def admit() -> frozenset[Action]:
            return (await self.gate.admit(site, authorization)).on(repository)

        return asyncio.run(admit())

    def refused(self, authorization: str | None, site: Site = SITE) -> SignInError:
        with pytest.raises(SignInError) as caught:
            self.allowed(authorization, site=site)
        return caught.value

    def bearer(self, kind: TokenKind = TokenKind.ACCESS, grant: Grant | None = None, subject: str = DEVICE) -> str:
        credential = self.device().credentials["password"].identifier if subject == DEVICE else ""
        return "Bearer " + issue(key("ours"), kind, SITE.authority, subject, credential, grant)[0]


@pytest.fixture
def world(database: Database) -> World:
    admin_password, admin = new_password()
    device_password, device = new_password()
    with database.writing() as writer:
        keys.add(writer, keys.TOKEN, key("ours").name, key("ours").secret)
        registries.put(writer, REGISTRY)
        registries.put(writer, ELSEWHERE.registry)
        scope_maps.put(writer, "myregistry", MAP)
        principals.put(writer, "myregistry", Principal("myregistry", {"password": admin}))
        principals.put(writer, "myregistry", Principal(DEVICE, {"password": device}, "team"))
    return World(database, Gate(database), admin_password, device_password)


def test_a_password_lets_in(world: World) -> None:
    assert world.allowed(basic("myregistry", world.admin_password)) == ALL_ACTIONS
    assert world.allowed(basic(DEVICE, world.device_password)) == {Action.PULL}
    assert world.allowed(basic(DEVICE, world.device_password), "other/app") == frozenset()


def test_a_token_lets_in_to_what_it_was_given_as_far_as_that_still_holds(world: World) -> None:
    everything = Grant({"team/app": ALL_ACTIONS, "other/app": ALL_ACTIONS})
    assert world.allowed(world.bearer(grant=everything)) == {Action.PULL}
    assert world.allowed(world.bearer(grant=everything), "other/app") == frozenset()
    assert world.allowed(world.bearer(grant=Grant({"team/app": frozenset()}))) == frozenset()
    assert world.allowed(world.bearer(grant=Grant({}))) == frozenset()


def test_nobody_else_is_let_in(world: World) -> None:
    for authorization in (
        None,
        "",
        "Basic",
        "Basic ",
        "Bearer",
        "Bearer x",
        "Digest username=a",
        basic("myregistry", ""),
        basic("myregistry", world.device_password),
        basic(DEVICE, world.admin_password),
        basic("", world.admin_password),
        basic(ANONYMOUS, ""),
        basic(f"{DEVICE}\0", world.device_password),
        basic("00000000-0000-0000-0000-000000000000", world.admin_password),
        world.bearer(TokenKind.REFRESH),
        world.bearer(TokenKind.SIGN_IN),
        world.bearer(subject=ANONYMOUS),
        world.bearer(subject="nobody"),
    ):
        world.refused(authorization)


def test_a_password_is_for_one_registry(world: World) -> None:
    world.refused(basic("myregistry", world.admin_password), ELSEWHERE)
    world.refused(basic(DEVICE, world.device_password), ELSEWHERE)
    world.refused(world.bearer(), ELSEWHERE)


def test_an_unknown_user_is_not_told_from_a_wrong_password(world: World) -> None:
    wrong = world.refused(basic("myregistry", "wrong"))
    unknown = world.refused(basic("nobody", "wrong"))
    world.change_device(replace(world.device(), enabled=False))
    locked_out = world.refused(basic(DEVICE, world.device_password))
    assert {(one.message, one.error) for one in (wrong, unknown, locked_out)} == {(wrong.message, wrong.error)}


def test_a_change_of_mind_counts_at_once(world: World) -> None:
    bearer, password = world.bearer(grant=Grant({"team/app": ALL_ACTIONS})), basic(DEVICE, world.device_password)
    allowed = [{Action.PULL}, {Action.PULL}]

    def now() -> list[frozenset[Action]]:
        return [world.allowed(bearer), world.allowed(password)]

    assert now() == allowed
    more = replace(MAP, actions=(*MAP.actions, "repositories/team/app/content/write"))
    world.database.write_now(scope_maps.put, "myregistry", more)
    assert now() == [{Action.PULL, Action.PUSH}] * 2
    world.database.write_now(scope_maps.delete, "myregistry", "team")
    assert now() == [frozenset()] * 2
    world.database.write_now(scope_maps.put, "myregistry", MAP)
    assert now() == allowed
    before = world.device()
    world.change_device(replace(before, enabled=False))
    assert world.refused(bearer).error == "invalid_token"
    world.refused(password)
    world.change_device(before)
    assert now() == allowed
    new, kept = new_password()
    world.change_device(replace(before, credentials={"password2": kept}))
    world.refused(bearer)
    world.refused(password)
    assert world.allowed(basic(DEVICE, new)) == {Action.PULL}
    world.database.write_now(principals.delete, "myregistry", DEVICE)
    world.refused(basic(DEVICE, new))


def test_switching_the_admin_user_off_does_not_concern_tokens(world: World) -> None:
    world.put(replace(REGISTRY, admin=False))
    world.refused(basic("myregistry", world.admin_password))
    assert world.allowed(basic(DEVICE, world.device_password)) == {Action.PULL}


def test_anybody_may_pull_where_that_is_switched_on(world: World) -> None:
    bearer = world.bearer(subject=ANONYMOUS, grant=Grant({"other/app": ALL_ACTIONS}))
    world.refused(bearer)
    world.put(replace(REGISTRY, anonymous_pull=True))
    assert world.allowed(bearer, "other/app") == {Action.PULL}
    world.put(REGISTRY)
    world.refused(bearer)


def test_a_refresh_token_is_a_password_for_nobody_in_particular(world: World) -> None:
    refresh = world.bearer(TokenKind.REFRESH).removeprefix("Bearer ")
    assert world.allowed(basic("00000000-0000-0000-0000-000000000000", refresh)) == {Action.PULL}
    world.refused(basic(DEVICE, refresh))


def test_a_sign_in_token_is_for_the_registry_whatever_its_host(world: World) -> None:
    credential = world.device().credentials["password"].identifier
    token, _ = issue(key("ours"), TokenKind.SIGN_IN, SIGN_IN_AUDIENCE.format("myregistry"), DEVICE, credential)
    moved = Site(REGISTRY, "localhost:5000")
    for site in (SITE, moved):
        assert asyncio.run(world.gate.identify(site, token, TokenKind.SIGN_IN)) == Identity(DEVICE, credential)
    with pytest.raises(SignInError):
        asyncio.run(world.gate.identify(ELSEWHERE, token, TokenKind.SIGN_IN))


def test_nobody_has_no_rights(world: World) -> None:
    for subject in ("nobody", "", ANONYMOUS, DEVICE.upper(), f"{DEVICE} ", "a\0b", "\u00e9"):
        assert world.database.read_now(current_rights, "myregistry", Identity(subject, "")) is None
        assert world.database.read_now(current_rights, "noregistry", Identity(subject, "")) is None


@given(st.text(max_size=20).filter(lambda text: ":" not in text), st.text(max_size=20))
def test_basic_credentials_are_read_as_they_were_written(username: str, password: str) -> None:
    try:
        value = base64.b64encode(f"{username}:{password}".encode()).decode()
    except UnicodeEncodeError:
        return
    assert basic_credentials(f" {value} ") == (username, password)


@given(st.text(max_size=30))
@example("\u00e9")
@example("\x85")
@example("\u00e9==")
def test_any_value_is_basic_authentication_or_refused(text: str) -> None:
    for value in (text, base64.b64encode(text.encode("utf-16", "surrogatepass")).decode()):
        with contextlib.suppress(SignInError):
            username, password = basic_credentials(value)
            assert base64.b64decode(value).decode() in {f"{username}:{password}", username + password}


def test_the_challenge_is_worded_for_the_least_forgiving_reader() -> None:
    error = challenge(
        SITE,
        [("team/app", frozenset((Action.PUSH, Action.PULL))), ("team/base", frozenset((Action.PULL,)))],
        error="insufficient_scope",
        message="no",
    )
    assert error.status == 401
    assert error.headers["WWW-Authenticate"] == (
        'Bearer realm="https://myregistry.azurecr.io/oauth2/token",service="myregistry.azurecr.io",'
        'scope="repository:team/app:pull,push repository:team/base:pull",error="insufficient_scope"'
    )
    bare = 'Bearer realm="https://myregistry.azurecr.io/oauth2/token",service="myregistry.azurecr.io"'
    assert challenge(SITE, message="no").headers["WWW-Authenticate"] == bare
    catalog = challenge(SITE, catalog=True, message="no").headers["WWW-Authenticate"]
    assert catalog == f'{bare},scope="registry:catalog:*"'
