"""Feeds are there for whoever may come to the login server, and keep to its network rules."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from seawall.servicetags.snapshot import read_snapshot
from tests.support.registry import Registry
from tests.support.server import DOMAIN

if TYPE_CHECKING:
    from tests.support.server import Server


def test_a_firewall_fetches_its_rules(server: Server) -> None:
    registry = Registry.create(server, f"polled{uuid.uuid4().hex}")
    registry.update("--data-endpoints")
    first = server.client.get(registry.url("/feeds/rules/squid"))
    assert first.status_code == 200, first.text
    assert registry.data_host in first.text
    again = server.client.get(registry.url("/feeds/rules/squid"), headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    index = server.client.get(registry.url("/feeds/")).json()
    assert "/feeds/rules/squid" in index["rules"]
    tags = server.client.get(registry.url(index["serviceTags"]))
    if tags.json()["values"]:
        assert read_snapshot(tags.content, "ours").cloud == DOMAIN
    registry.update("--default-action", "deny")
    assert server.client.get(registry.url("/feeds/rules/squid")).status_code == 403
