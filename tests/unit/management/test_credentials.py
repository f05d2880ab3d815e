"""The admin user's passwords are shown as they are, or not at all; to renew one ends what was signed in with it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.identity.credentials import create_admin
from seawall.identity.gate import Gate, SignInError, Site
from seawall.identity.keyring import rotate
from seawall.identity.passwords import new_password
from seawall.metadata import keys, log, principals, registries
from seawall.metadata.principals import Principal
from seawall.metadata.schema import SIGNING_KEY
from tests.unit.management.manager import BASIC, REGISTRY, Manager, refused

if TYPE_CHECKING:
    from seawall.metadata.rows import Writer

SITE: Final = Site(REGISTRY, "myregistry.registry.example")
JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


@pytest.fixture
def admin(manager: Manager) -> Manager:
    """A manager of a registry that has its admin user."""
    manager.database.write_now(create_admin, "myregistry")
    return manager


def signs_in(manager: Manager, password: str) -> bool:
    try:
        asyncio.run(Gate(manager.database).sign_in(SITE, "myregistry", password))
    except SignInError:
        return False
    return True


def shown(manager: Manager) -> dict[str, str]:
    answer = manager.send("POST", manager.path(rest="/listCredentials"))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    told = answer.json()
    assert told["username"] == "myregistry"
    return {one["name"]: one["value"] for one in told["passwords"]}


def test_both_passwords_are_shown_and_sign_in(admin: Manager) -> None:
    before = admin.database.read_now(log.head)
    passwords = shown(admin)
    assert list(passwords) == ["password", "password2"]
    assert len(set(passwords.values())) == 2
    assert all(signs_in(admin, password) for password in passwords.values())
    assert shown(admin) == passwords
    assert admin.database.read_now(log.head) == before, "to look is to write nothing"


@pytest.mark.parametrize("slot", ["password", "password2"])
def test_a_renewed_password_is_another_and_the_old_one_is_none(admin: Manager, slot: str) -> None:
    before = shown(admin)
    answer = admin.send("POST", admin.path(rest="/regenerateCredential"), json={"name": slot})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    after = shown(admin)
    assert {one["name"]: one["value"] for one in answer.json()["passwords"]} == after
    assert [name for name in after if after[name] != before[name]] == [slot]
    assert signs_in(admin, after[slot])
    assert not signs_in(admin, before[slot])


def test_keys_that_sign_may_change_and_passwords_stay_what_they_are(admin: Manager) -> None:
    before = shown(admin)
    rotate(admin.database)
    assert shown(admin) == before


def test_where_regions_met_that_each_had_a_key_all_passwords_are_shown(admin: Manager) -> None:
    before = shown(admin)
    admin.database.write_now(keys.add, keys.PASSWORD, "another", b"another region's key, which is newer")
    assert shown(admin) == before
    admin.send("POST", admin.path(rest="/regenerateCredential"), json={"name": "password2"})
    assert shown(admin)["password"] == before["password"]
    assert signs_in(admin, shown(admin)["password2"])


def put_old(writer: Writer) -> None:
    principals.put(writer, "myregistry", Principal("myregistry", {"password": new_password()[1]}))


def test_passwords_of_an_older_seawall_are_not_shown_and_it_is_said_what_to_do(manager: Manager) -> None:
    manager.database.write_now(put_old)
    answer = manager.send("POST", manager.path(rest="/listCredentials"))
    assert refused(answer) == (409, "CredentialsNotShown")
    assert "az acr credential renew --name myregistry --password-name password" in answer.json()["error"]["message"]
    renewed = manager.send("POST", manager.path(rest="/regenerateCredential"), json={"name": "password2"}).json()
    assert renewed["passwords"][0] == {"name": "password", "value": None}
    assert signs_in(manager, renewed["passwords"][1]["value"])
    assert shown(manager)["password"] is None


def test_without_its_key_a_password_is_not_shown(admin: Manager) -> None:
    def forget(writer: Writer) -> None:
        writer.delete(SIGNING_KEY, purpose=keys.PASSWORD)

    admin.database.write_now(forget)
    assert refused(admin.send("POST", admin.path(rest="/listCredentials")))[0] == 409


@pytest.mark.parametrize("what", ["listCredentials", "regenerateCredential"])
def test_a_registry_without_an_admin_user_is_refused_in_the_words_of_the_service(admin: Manager, what: str) -> None:
    admin.database.write_now(registries.put, replace(REGISTRY, admin=False))
    answer = admin.send("POST", admin.path(rest=f"/{what}"), json={"name": "password"})
    assert refused(answer) == (400, "UnAuthorizedForCredentialOperations")
    words = f"Cannot perform credential operations for {admin.path()} as admin user is disabled."
    assert words in answer.json()["error"]["message"]


def test_strangers_are_shown_nothing(admin: Manager) -> None:
    for what in ("listCredentials", "regenerateCredential", "generateCredentials"):
        answer = admin.send("POST", admin.path(rest=f"/{what}"), token="", json={"name": "password"})
        assert refused(answer) == (401, "AuthenticationFailed")
    registry_token = admin.sign_in("https://containerregistry.azure.net").json()["access_token"]
    assert admin.send("POST", admin.path(rest="/listCredentials"), token=registry_token).status_code == 401


def test_only_what_is_meant_is_answered(admin: Manager) -> None:
    for method, rest in (("GET", "/listCredentials"), ("POST", "/listCredentials/x"), ("GET", "/regenerateCredential")):
        assert refused(admin.send(method, admin.path(rest=rest))) == (404, "InvalidResourceType")


def test_the_registry_itself_tells_no_password(admin: Manager) -> None:
    passwords = shown(admin)
    for path in (admin.path(), admin.path(rest="/tokens"), admin.path(rest="/listUsages")):
        told = admin.send("GET", path).text
        assert not [one for one in passwords.values() if one in told]


@given(st.dictionaries(st.just("name") | st.text(max_size=4), JSON, max_size=2) | JSON)
def test_whatever_is_asked_is_done_or_refused(manager: Manager, body: Any) -> None:  # noqa: ANN401 - JSON
    answer = manager.send("POST", manager.path(BASIC.name, "/regenerateCredential"), json=body)
    assert answer.status_code == 400
