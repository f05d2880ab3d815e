"""The Azure CLI's commands about who may sign in, who is told, and how much there is."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.real.azure_cli import AzureCli
from tests.real.product import Product
from tests.support.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = ("--name", "myregistry")
REGISTRY = ("--registry", "myregistry")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with Product(tmp_path_factory.mktemp("az"), "--region", "eastus") as product:
        yield product


@pytest.fixture(scope="module")
def az(product: Product) -> AzureCli:
    return AzureCli(product.state)


def opens(product: Product, user: str, password: str) -> bool:
    """Say whether a user name and a password are good for a token."""
    trust = ssl.create_default_context(cafile=product.ready.ca_file)
    login = product.ready.login_server
    with httpx.Client(verify=trust, trust_env=False, auth=(user, password)) as client:
        answer = client.get(f"https://{login}/oauth2/token", params={"service": login, "scope": "repository:a:pull"})
    assert answer.status_code in {200, 401}
    return answer.status_code == 200


def values(passwords: list[dict[str, Any]]) -> list[str]:
    return [str(one["value"]) for one in passwords]


def test_the_admin_users_passwords_are_shown_and_renewed(az: AzureCli, product: Product) -> None:
    shown = az.answer("acr", "credential", "show", *NAME)
    assert shown["username"] == "myregistry"
    assert [one["name"] for one in shown["passwords"]] == ["password", "password2"]
    first, second = values(shown["passwords"])
    assert first == product.ready.password
    assert opens(product, "myregistry", first)
    assert opens(product, "myregistry", second)
    renewed = az.answer("acr", "credential", "renew", *NAME, "--password-name", "password2")
    assert values(renewed["passwords"])[0] == first
    assert not opens(product, "myregistry", second)
    assert opens(product, "myregistry", values(renewed["passwords"])[1])
    az.answer("acr", "update", *NAME, "--admin-enabled", "false")
    assert "admin" in az.refusal("acr", "credential", "show", *NAME)
    az.answer("acr", "update", *NAME, "--admin-enabled", "true")


def test_scope_maps_and_tokens_come_and_go(az: AzureCli, product: Product) -> None:
    about = ("acr", "scope-map")
    made = az.answer(*about, "create", *REGISTRY, "--name", "team", "--repository", "team/app", "content/read")
    assert made["actions"] == ["repositories/team/app/content/read"]
    more = az.answer(*about, "update", *REGISTRY, "--name", "team", "--add-repository", "team/app", "metadata/read")
    assert sorted(more["actions"]) == ["repositories/team/app/content/read", "repositories/team/app/metadata/read"]
    listed = {one["name"]: one for one in az.answer(*about, "list", *REGISTRY)}
    assert listed["_repositories_pull"]["actions"] == ["repositories/*/content/read"]
    assert listed["team"]["actions"] == more["actions"]
    assert az.answer(*about, "show", *REGISTRY, "--name", "team")["name"] == "team"
    token = az.answer("acr", "token", "create", *REGISTRY, "--name", "edge", "--scope-map", "team")
    assert token["scopeMapId"].endswith("/scopeMaps/team")
    first, second = values(token["credentials"]["passwords"])
    assert opens(product, "edge", first)
    assert opens(product, "edge", second)
    assert [one["name"] for one in az.answer("acr", "token", "list", *REGISTRY)] == ["edge"]
    # What a token may do hangs on its scope map, which therefore stays.
    assert "team" in az.refusal(*about, "delete", *REGISTRY, "--name", "team", "--yes")
    for status, good in (("disabled", False), ("enabled", True)):
        changed = az.answer("acr", "token", "update", *REGISTRY, "--name", "edge", "--status", status)
        assert changed["status"] == status
        assert opens(product, "edge", first) is good
    generate = ("acr", "token", "credential", "generate", *REGISTRY, "--name", "edge")
    [given] = az.answer(*generate, "--password1", "--expiration-in-days", "30")["passwords"]
    assert given["expiry"]
    assert not opens(product, "edge", first)
    assert opens(product, "edge", given["value"])
    assert "passed" in az.refusal(*generate, "--password1", "--expiration", "2020-01-01T00:00:00Z")
    az.answer("acr", "token", "credential", "delete", *REGISTRY, "--name", "edge", "--password2")
    assert not opens(product, "edge", second)
    shown = az.answer("acr", "token", "show", *REGISTRY, "--name", "edge")
    assert [one["name"] for one in shown["credentials"]["passwords"]] == ["password1"]
    assert given["value"] not in str(shown)
    az.answer("acr", "token", "delete", *REGISTRY, "--name", "edge", "--yes")
    assert not opens(product, "edge", given["value"])
    az.answer(*about, "delete", *REGISTRY, "--name", "team", "--yes")
    assert "team" not in {one["name"] for one in az.answer(*about, "list", *REGISTRY)}


def test_a_webhook_is_told(az: AzureCli) -> None:
    about = ("acr", "webhook")
    which = (*REGISTRY, "--name", "builds")
    with Receiver() as receiver:
        made = az.answer(
            *about, "create", *which, "--uri", receiver.url, "--actions", "push", "delete", "--headers", "X-Key=hidden"
        )
        assert (made["status"], made["actions"]) == ("enabled", ["push", "delete"])
        assert "hidden" not in str(made)
        assert az.answer(*about, "ping", *which)["id"]
        receiver.wait_for(1)
        told = {name.lower(): value for name, value in receiver.received[0].headers.items()}
        assert told["x-key"] == "hidden"
        [listed] = az.answer(*about, "list", *REGISTRY)
        assert listed["name"] == "builds"
        assert az.answer(*about, "get-config", *which)["serviceUri"] == receiver.url
        [event, *_] = az.answer(*about, "list-events", *which)
        assert event["eventRequestMessage"]["content"]["action"] == "ping"
        assert az.answer(*about, "update", *which, "--status", "disabled")["status"] == "disabled"
        assert az.answer(*about, "show", *which)["status"] == "disabled"
        assert "disabled" in az.refusal(*about, "ping", *which)
        az.answer(*about, "delete", *which)
        assert az.answer(*about, "list", *REGISTRY) == []


def test_what_is_used_is_shown(az: AzureCli) -> None:
    shown = {one["name"]: one for one in az.answer("acr", "show-usage", *NAME)["value"]}
    assert shown["Size"]["unit"] == "Bytes"
    assert (shown["Webhooks"]["limit"], shown["Webhooks"]["currentValue"]) == (500, 0)
    assert shown["Geo-replications"]["limit"] == -1
    assert shown["Tokens"]["limit"] == shown["ScopeMaps"]["limit"] == 50_000
