"""Feeds: what a firewall fetches is what `seawall rules` would write, and unchanged ones are told to be so."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
from starlette.requests import Request

from seawall.doors import DomainDoors
from seawall.errors import ApiError
from seawall.feeds.door import FeedDoor
from seawall.firewall.targets.table import target_names
from seawall.metadata import regions
from seawall.metadata.regions import Region
from seawall.naming import Cloud
from seawall.servicetags.own_tags import Addresses
from seawall.servicetags.snapshot import read_snapshot
from seawall.topology import Registry, Replica

if TYPE_CHECKING:
    from starlette.responses import Response

    from seawall.metadata.database import Database

CLOUD: Final = Cloud.own("registry.example")
REGISTRY: Final = Registry(
    "myregistry", "eastus", (Replica("eastus", "secretaccount1"), Replica("westus", "secretaccount2"))
)
DEDICATED: Final = replace(REGISTRY, data_endpoints=True)
HERE: Final = Addresses("eastus", ("192.0.2.1",), 1000)


@pytest.fixture
def door(database: Database) -> FeedDoor:
    database.write_now(regions.put, Region("eastus", "", "key", addresses=("192.0.2.1", "2001:db8::1")))
    database.write_now(regions.put, Region("westus", "", "key", addresses=("192.0.2.9",)))
    return FeedDoor(CLOUD, DomainDoors(CLOUD), database, HERE)


def ask(
    door: FeedDoor, path: str, registry: Registry = DEDICATED, *, query: str = "", etag: str = "", method: str = "GET"
) -> Response:
    headers = [(b"if-none-match", etag.encode())] if etag else []
    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": headers}
    return asyncio.run(door.handle(registry, Request(scope)))


def text(response: Response) -> str:
    assert response.status_code == 200
    return bytes(response.body).decode()


def refusal(door: FeedDoor, path: str, *, query: str = "", method: str = "GET") -> ApiError:
    with pytest.raises(ApiError) as refused:
        ask(door, path, query=query, method=method)
    return refused.value


def test_rules_by_name_list_every_endpoint(door: FeedDoor) -> None:
    told = text(ask(door, "/feeds/rules/paloalto:edl-url"))
    hosts = [
        "myregistry.registry.example",
        *(f"myregistry.{one}.data.registry.example" for one in ("eastus", "westus")),
    ]
    assert all(host in told for host in hosts)


def test_rules_by_address_list_what_the_regions_told(door: FeedDoor) -> None:
    told = text(ask(door, "/feeds/rules/nftables"))
    assert all(address in told for address in ("192.0.2.1", "2001:db8::1", "192.0.2.9"))
    assert "192.0.2.1" in text(ask(door, "/feeds/rules/paloalto:edl-ip", query="by=ip"))


def test_no_feed_names_a_storage_account(door: FeedDoor) -> None:
    for target in target_names():
        for registry in (REGISTRY, DEDICATED, replace(DEDICATED, overlap=True)):
            try:
                told = text(ask(door, f"/feeds/rules/{target}", registry, query="switching=yes"))
            except ApiError as error:
                told = error.message
            assert "secretaccount" not in told, target


def test_while_both_are_in_use_both_are_let_through(door: FeedDoor) -> None:
    told = text(ask(door, "/feeds/rules/text", replace(DEDICATED, overlap=True)))
    assert "*.blob.registry.example" in told
    assert "myregistry.eastus.data.registry.example" in told


def test_what_has_not_changed_is_not_sent_again(door: FeedDoor, database: Database) -> None:
    for path in ("/feeds/", "/feeds/service-tags.json", "/feeds/rules/nftables"):
        first = ask(door, path)
        again = ask(door, path, etag=f'"other", W/{first.headers["etag"]}')
        assert (again.status_code, bytes(again.body)) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    before = ask(door, "/feeds/service-tags.json")
    database.write_now(regions.put, Region("westus", "", "key", addresses=("192.0.2.10",)))
    after = ask(door, "/feeds/service-tags.json", etag=before.headers["etag"])
    told, then = (read_snapshot(bytes(one.body), "ours") for one in (before, after))
    assert then.change > told.change
    assert then.tag("Seawall.eastus") == told.tag("Seawall.eastus")
    assert then.tag("Seawall.westus").change > told.tag("Seawall.westus").change


def test_a_node_alone_tells_its_own_addresses(database: Database) -> None:
    alone = FeedDoor(CLOUD, DomainDoors(CLOUD), database, HERE)
    snapshot = read_snapshot(bytes(ask(alone, "/feeds/service-tags.json").body), "ours")
    assert snapshot.tag("Seawall.eastus").prefixes == ("192.0.2.1/32",)


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/feeds/nothing", "", 404),
        ("/feeds/rules/nonsense", "", 404),
        ("/feeds/rules/nftables:nonsense", "", 404),
        ("/feeds/rules/nftables", "by=tag", 409),
        ("/feeds/rules/squid", "by=ip", 409),
    ],
)
def test_what_there_is_not(door: FeedDoor, path: str, query: str, status: int) -> None:
    assert refusal(door, path, query=query).status == status


def test_a_region_that_told_no_address_is_named(database: Database) -> None:
    silent = FeedDoor(CLOUD, DomainDoors(CLOUD), database, HERE)
    assert "westus has told no addresses" in refusal(silent, "/feeds/rules/nftables").message


def test_feeds_are_only_read(door: FeedDoor) -> None:
    assert refusal(door, "/feeds/", method="POST").status == 405
