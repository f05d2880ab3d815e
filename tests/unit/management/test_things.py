"""Tokens, scope maps, webhooks, usage: what is asked is done or refused, and no secret is told by the way."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from seawall.identity.gate import Gate, SignInError, Site, rights_now
from seawall.metadata import log, principals
from seawall.metadata.principals import Principal
from tests.unit.management.manager import BASIC, REGISTRY, Manager, refused

if TYPE_CHECKING:
    from seawall.metadata.rows import Writer

JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
PROPERTIES: Final = st.sampled_from(
    ["actions", "scopeMapId", "status", "credentials", "serviceUri", "customHeaders", "scope", "description"]
)
BODIES: Final = (
    st.dictionaries(
        st.sampled_from(["properties", "location", "tags", "name", "tokenId", "expiry"]),
        st.dictionaries(PROPERTIES, JSON, max_size=3) | JSON,
        max_size=3,
    )
    | JSON
)
WHERE: Final = st.sampled_from(
    ["/tokens/edge", "/scopeMaps/team", "/webhooks/builds", "/generateCredentials", "/regenerateCredential"]
)
SITE: Final = Site(REGISTRY, "myregistry.registry.example")
READ: Final = {"properties": {"actions": ["repositories/team/app/content/read"]}}
HOOK: Final[dict[str, Any]] = {
    "location": "eastus",
    "properties": {
        "serviceUri": "https://ci.example/hooks/s3cret",
        "actions": ["push"],
        "customHeaders": {"Authorization": "Bearer s3cret"},
    },
}


def put(manager: Manager, rest: str, body: object, registry: str = "myregistry") -> Any:  # noqa: ANN401 - JSON
    answer = manager.send("PUT", manager.path(registry, rest), json=body)
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


def token(manager: Manager, name: str = "edge", **properties: object) -> dict[str, Any]:
    put(manager, "/scopeMaps/team", READ)
    where = manager.path(rest="/scopeMaps/team")
    made: dict[str, Any] = put(manager, f"/tokens/{name}", {"properties": {"scopeMapId": where, **properties}})
    return made


def generate(manager: Manager, **more: object) -> dict[str, str]:
    body = {"tokenId": manager.path(rest="/tokens/edge"), **more}
    answer = manager.send("POST", manager.path(rest="/generateCredentials"), json=body)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store"), answer.text
    return {one["name"]: one["value"] for one in answer.json()["passwords"]}


def identity(manager: Manager, password: str) -> Any:  # noqa: ANN401 - an identity, or nobody
    try:
        return asyncio.run(Gate(manager.database).sign_in(SITE, "edge", password))
    except SignInError:
        return None


@settings(max_examples=40)
@given(st.sampled_from(["PUT", "PATCH", "POST", "DELETE", "GET"]), WHERE, BODIES)
@example("PUT", "/tokens/edge", {"properties": {"status": {}}})
@example("PUT", "/webhooks/builds", {"properties": {"actions": [[]], "serviceUri": "x"}})
@example("POST", "/generateCredentials", {"name": [], "tokenId": {}})
def test_whatever_is_asked_is_done_or_refused(manager: Manager, method: str, rest: str, body: object) -> None:
    answer = manager.send(method, manager.path(rest=rest), json=body)
    if answer.status_code not in {200, 201, 204}:
        refused(answer)
        assert answer.status_code in {400, 404, 409}


def test_a_token_has_passwords_that_are_shown_once(manager: Manager) -> None:
    made = token(manager)
    assert made["properties"]["status"] == "enabled"
    given_passwords = generate(manager)
    assert list(given_passwords) == ["password1", "password2"]
    assert all(identity(manager, password) for password in given_passwords.values())
    for path in ("/tokens", "/tokens/EDGE", "/listUsages"):
        told = manager.send("GET", manager.path(rest=path)).text
        assert not [one for one in given_passwords.values() if one in told]


def test_a_password_that_has_ended_ends_what_was_signed_in_with_it(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    token(manager)
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))
    [password] = generate(manager, name="password1", expiry=soon).values()
    signed_in = identity(manager, password)
    assert signed_in is not None
    assert asyncio.run(rights_now(manager.database, "myregistry", signed_in)) is not None
    later = time.time() + 700
    monkeypatch.setattr(time, "time", lambda: later)
    assert identity(manager, password) is None
    assert asyncio.run(rights_now(manager.database, "myregistry", signed_in)) is None


def test_a_disabled_token_signs_in_no_more(manager: Manager) -> None:
    token(manager)
    [password] = generate(manager, name="password1").values()
    for status, good in (("disabled", False), ("enabled", True)):
        body = {"properties": {"status": status}}
        assert manager.send("PATCH", manager.path(rest="/tokens/edge"), json=body).status_code == 200
        assert (identity(manager, password) is not None) is good
    assert manager.send("DELETE", manager.path(rest="/tokens/edge")).status_code == 200
    assert identity(manager, password) is None
    assert manager.send("DELETE", manager.path(rest="/tokens/edge")).status_code == 204


@pytest.mark.parametrize("certificates", ["", 0, False, {}, [{}]])
def test_a_token_has_no_certificates(manager: Manager, certificates: object) -> None:
    token(manager)
    body = {"properties": {"credentials": {"certificates": certificates}}}
    assert refused(manager.send("PATCH", manager.path(rest="/tokens/edge"), json=body)) == (400, "InvalidRequest")


def test_a_scope_map_that_a_token_needs_stays(manager: Manager) -> None:
    token(manager)
    assert manager.send("DELETE", manager.path(rest="/scopeMaps/team")).status_code in {400, 409}
    assert manager.send("GET", manager.path(rest="/scopeMaps/Team")).status_code == 200
    manager.send("DELETE", manager.path(rest="/tokens/edge"))
    assert manager.send("DELETE", manager.path(rest="/scopeMaps/team")).status_code == 200
    assert refused(manager.send("GET", manager.path(rest="/scopeMaps/team"))) == (404, "ResourceNotFound")


@pytest.mark.parametrize("name", ["_repositories_pull", "_repositories_admin"])
def test_built_in_scope_maps_are_there_and_stay_as_they_are(manager: Manager, name: str) -> None:
    listed = manager.send("GET", manager.path(rest="/scopeMaps")).json()["value"]
    [found] = [one for one in listed if one["name"] == name]
    assert found["properties"]["type"] == "SystemDefined"
    before = manager.database.read_now(log.head)
    for method in ("PUT", "PATCH", "DELETE"):
        assert manager.send(method, manager.path(rest=f"/scopeMaps/{name}"), json=READ).status_code in {400, 409}
    assert manager.database.read_now(log.head) == before


def test_the_admin_user_is_no_token(manager: Manager) -> None:
    put(manager, "/scopeMaps/team", READ)
    body = {"properties": {"scopeMapId": manager.path(rest="/scopeMaps/team")}}
    assert refused(manager.send("PUT", manager.path(rest="/tokens/myregistry"), json=body))[0] == 400
    assert manager.send("GET", manager.path(rest="/tokens/myregistry")).status_code == 404


def test_what_may_be_secret_of_a_webhook_is_told_to_who_asks_for_it(manager: Manager) -> None:
    made = put(manager, "/webhooks/builds", HOOK)
    assert made["properties"] == {
        "status": "enabled",
        "scope": "",
        "actions": ["push"],
        "provisioningState": "Succeeded",
    }
    for method, rest in (("GET", ""), ("GET", "/builds"), ("POST", "/builds/ping"), ("POST", "/builds/listEvents")):
        answer = manager.send(method, manager.path(rest=f"/webhooks{rest}"))
        assert answer.status_code == 200
        assert "s3cret" not in answer.text
    config = manager.send("POST", manager.path(rest="/webhooks/builds/getCallbackConfig"))
    assert (config.json(), config.headers["cache-control"]) == (
        {key: HOOK["properties"][key] for key in ("serviceUri", "customHeaders")},
        "no-store",
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"actions": ["quarantine"]},
        {"actions": []},
        {"serviceUri": "ftp://ci.example"},
        {"serviceUri": 7},
        {"customHeaders": {"X-A": "b\r\nX-C: d"}},
        {"customHeaders": {"Content-Length": "0"}},
        {"customHeaders": {"a b": "c"}},
        {"customHeaders": {"Host": "evil.example"}},
        {"scope": "app:*:*"},
        {"status": "perhaps"},
    ],
)
def test_webhooks_that_cannot_be(manager: Manager, wrong: dict[str, object]) -> None:
    before = manager.database.read_now(log.head)
    body = HOOK | {"properties": HOOK["properties"] | wrong}
    answer = manager.send("PUT", manager.path(rest="/webhooks/builds"), json=body)
    assert refused(answer)[0] == 400
    assert "s3cret" not in answer.text
    assert manager.database.read_now(log.head) == before


def test_a_tier_gives_so_many(manager: Manager) -> None:
    for number in range(2):
        put(manager, f"/webhooks/hook{number}", HOOK, BASIC.name)
    third = manager.send("PUT", manager.path(BASIC.name, "/webhooks/hook2"), json=HOOK)
    assert "webhook exceeds allowed quota 2 for the SKU Basic" in third.json()["error"]["message"]
    # What is there already may be changed.
    put(manager, "/webhooks/hook1", HOOK, BASIC.name)


def test_usage_counts_what_is_there(manager: Manager) -> None:
    token(manager)
    put(manager, "/webhooks/builds", HOOK)
    told = {one["name"]: one for one in manager.send("GET", manager.path(rest="/listUsages")).json()["value"]}
    assert {name: told[name]["currentValue"] for name in ("Webhooks", "Tokens", "ScopeMaps", "Geo-replications")} == {
        "Webhooks": 1,
        "Tokens": 1,
        "ScopeMaps": 1,
        "Geo-replications": 1,
    }
    basic = {one["name"]: one for one in manager.send("GET", manager.path(BASIC.name, "/listUsages")).json()["value"]}
    assert (basic["Webhooks"]["limit"], basic["Tokens"]["limit"], basic["Size"]["limit"]) == (2, 100, 10 * 1024**3)


def test_very_many_tokens_are_told_in_parts(manager: Manager) -> None:
    names = sorted(f"edge-{number}" for number in range(403))

    def make(writer: Writer) -> None:
        for name in names:
            principals.put(writer, REGISTRY.name, Principal(name, {}, scope_map="_repositories_pull"))

    manager.database.write_now(make)
    assert manager.database.read_now(principals.count_tokens, REGISTRY.name) == len(names)
    told: list[str] = []
    sizes = []
    link = manager.path(rest="/tokens")
    while link:
        answer = manager.send("GET", link).json()
        told += [one["name"] for one in answer["value"]]
        sizes.append(len(answer["value"]))
        link = answer.get("nextLink", "")
    assert (told, sizes) == (names, [200, 200, 3])
