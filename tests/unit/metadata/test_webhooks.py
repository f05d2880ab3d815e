"""Webhooks: which images they are about, what settings can be, and what two regions make of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from seawall.metadata import fields, webhooks
from seawall.metadata.schema import WEBHOOK
from seawall.metadata.webhooks import DELETE, PUSH, Webhook
from tests.unit.metadata.shipping import sync

if TYPE_CHECKING:
    from seawall.metadata.database import Database

URL: Final = "https://user:password@ci.example.com:8443/hooks/token?key=value"
HOOK: Final = Webhook("myregistry", "deploy", URL, secret="secret")


@pytest.mark.parametrize(
    ("scope", "told", "not_told"),
    [
        ("*", ["app:v1", "app", "team/app:latest", "a:b"], []),
        ("app", ["app:v1", "app:latest", "app"], ["app2:v1", "team/app:v1", "ap:v1", "app/web:v1"]),
        ("app:*", ["app:v1", "app:latest", "app"], ["app2:v1", "team/app:v1"]),
        ("app:v1", ["app:v1"], ["app:v1.2", "app:V1", "app", "app2:v1"]),
        ("app:v1*", ["app:v1", "app:v1.2", "app:v10"], ["app:v2", "app"]),
        ("app*", ["app:v1", "app2:v1", "app/web:v1"], ["team/app:v1"]),
        ("team/*", ["team/app:v1", "team/a/b:v1", "team/app"], ["team:v1", "team2/app:v1", "app:v1"]),
        ("team/*:latest", ["team/app:latest"], ["team/app:v1", "app:latest", "team/app"]),
        ("*:latest", ["app:latest", "team/app:latest"], ["app:v1", "app"]),
        ("a.b:v1.0", ["a.b:v1.0"], ["axb:v1.0", "a.b:v1x0"]),
    ],
)
def test_a_scope_says_which_images(scope: str, told: list[str], not_told: list[str]) -> None:
    webhook = replace(HOOK, scope=scope)

    def is_told(image: str) -> bool:
        repository, _, tag = image.partition(":")
        return webhook.is_told(PUSH, repository, tag, "eastus")

    assert [image for image in told if not is_told(image)] == []
    assert [image for image in not_told if is_told(image)] == []


@pytest.mark.parametrize(
    "scope",
    ["", ":v1", "App", "app:", "a*b", "**", "app:v*1", "app:v1:v2", "app v1", "app\n", "*:*:*", "app:-", "/app", "ä"],
)
def test_a_scope_that_makes_no_sense_is_refused(scope: str) -> None:
    with pytest.raises(ValueError, match="scope"):
        replace(HOOK, scope=scope)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, True),
        ({"enabled": False}, False),
        ({"actions": (DELETE,)}, False),
        ({"actions": (PUSH,)}, True),
        ({"regions": ("eastus", "westus")}, True),
        ({"regions": ("westus",)}, False),
    ],
)
def test_what_else_keeps_a_webhook_from_being_told(settings: dict[str, Any], told: bool) -> None:
    assert replace(HOOK, **settings).is_told(PUSH, "app", "v1", "eastus") is told


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"name": ""}, "name"),
        ({"name": "a" * 51}, "name"),
        ({"name": "-a"}, "name"),
        ({"name": "a/b"}, "name"),
        ({"url": "ftp://example.com/"}, "address"),
        ({"url": "https:///path"}, "address"),
        ({"url": "example.com/path"}, "address"),
        ({"url": "https://example.com:0/"}, "address"),
        ({"url": "https://example.com:99999/"}, "address"),
        ({"url": "https://[::1/"}, "address"),
        ({"url": "https://example.com/#part"}, "address"),
        ({"url": "https://example.com/a b"}, "address"),
        ({"url": "https://example.com/\r\nHost: other"}, "address"),
        ({"url": "https://exämple.com/"}, "address"),
        ({"url": f"https://example.com/{'a' * 2048}"}, "address"),
        ({"actions": ()}, "actions"),
        ({"actions": ("push", "pull")}, "actions"),
        ({"secret": "a" * 257}, "secret"),
        ({"regions": ("East US",)}, "region"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused(settings: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word) as refused:
        replace(HOOK, **settings)
    assert "password" not in str(refused.value)
    assert "key=value" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "receiver"),
    [
        (URL, "https://ci.example.com:8443"),
        ("http://10.0.0.1/a", "http://10.0.0.1"),
        ("https://[::1]:8443/a", "https://[::1]:8443"),
        ("https://hooks.example.com/services/T0/B0/secret", "https://hooks.example.com"),
    ],
)
def test_only_the_host_of_an_address_is_shown(url: str, receiver: str) -> None:
    webhook = replace(HOOK, url=url)
    assert webhook.receiver == receiver
    assert url not in repr(webhook)
    assert "secret=" not in repr(webhook)


def test_what_is_kept_is_found(database: Database) -> None:
    other = Webhook("another", "deploy", "http://10.0.0.1/", (PUSH,), "team/*", enabled=False, regions=("westus",))
    second = Webhook("myregistry", "audit", URL)
    for webhook in (HOOK, other, second):
        database.write_now(webhooks.put, webhook)
    assert database.read_now(webhooks.of, "myregistry") == (second, HOOK)
    assert database.read_now(webhooks.of, "another") == (other,)
    assert database.read_now(webhooks.everywhere) == (other, second, HOOK)
    assert database.read_now(webhooks.find, "another", "deploy") == other
    assert database.read_now(webhooks.find, "another", "audit") is None
    assert database.write_now(webhooks.delete, "myregistry", "deploy")
    assert not database.write_now(webhooks.delete, "myregistry", "deploy")
    assert database.read_now(webhooks.everywhere) == (other, second)


def test_what_is_secret_is_not_kept_once_it_is_deleted(database: Database) -> None:
    database.write_now(webhooks.put, HOOK)
    database.write_now(webhooks.delete, "myregistry", "deploy")
    kept = str(database.read_now(lambda connection: connection.execute(select(WEBHOOK)).all()))
    assert "deploy" in kept
    assert "secret')" not in kept
    assert '"secret"' not in kept
    assert "ci.example.com" not in kept


def test_two_regions_may_change_two_settings_at_once(regions: list[Database]) -> None:
    regions[0].write_now(webhooks.put, HOOK)
    sync(*regions)
    regions[0].write_now(webhooks.put, replace(HOOK, scope="app"))
    regions[1].write_now(webhooks.put, replace(HOOK, secret="new"))
    sync(*regions)
    for database in regions:
        assert database.read_now(webhooks.of, "myregistry") == (replace(HOOK, scope="app", secret="new"),)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["push", "*", "eastus"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
settings_names = st.sampled_from(["actions", "scope", "secret", "enabled", "regions", "of a newer Seawall"])


@pytest.mark.parametrize("kind", ["sqlite"])
@given(
    url=st.just("https://ci.example.com/") | json_values,
    values=st.dictionaries(settings_names, json_values, max_size=3),
)
def test_whatever_another_region_writes_can_be_read(database: Database, url: object, values: dict[str, Any]) -> None:
    with database.writing() as writer:
        fields.put(writer, WEBHOOK, ("myregistry", "theirs"), {**values, "url": url})
    for webhook in database.read_now(webhooks.of, "myregistry"):
        assert webhook.url == url
        assert webhook.secret == values.get("secret", "")
        assert isinstance(webhook.secret, str)
        assert isinstance(webhook.is_told(PUSH, "app", "v1", "eastus"), bool)


def test_settings_of_a_newer_seawall_do_not_hide_a_webhook(database: Database) -> None:
    with database.writing() as writer:
        fields.put(writer, WEBHOOK, ("myregistry", "theirs"), {"url": "https://ci.example.com/", "more": {"a": [1]}})
    (found,) = database.read_now(webhooks.of, "myregistry")
    assert found == Webhook("myregistry", "theirs", "https://ci.example.com/")
