"""What is in a database of an older Seawall is there once that was brought up to date, and goes on from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from sqlalchemy import select

from seawall.blobs.digest import digest_of
from seawall.metadata import blobs, keys, manifests, principals, readiness, registries, scope_maps, tags
from seawall.metadata.manifests import Manifest
from seawall.metadata.migrate import migrate
from seawall.metadata.own import LOG
from seawall.metadata.principals import Credential, Principal
from seawall.metadata.readiness import Answer
from seawall.metadata.repositories import Repository
from seawall.metadata.schema import PRINCIPAL, REPLICATED, SETTING
from seawall.metadata.scope_maps import ScopeMap
from seawall.network import EVERYBODY, Action, NetworkRules, parse_range
from seawall.topology import Registry, Replica, Tier
from tests.unit.metadata.former import BLOB, CONTENT, IMAGE, READINESS, SIGNATURE, SWITCHES, fill, make
from tests.unit.metadata.pushing import push
from tests.unit.metadata.shipping import everything, ship, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Row

    from seawall.metadata.database import Database

HERE: Final = Repository("myregistry", "team/app")
SIBLING: Final = Repository("myregistry", "team/base")
MANIFEST_TYPE: Final = "application/vnd.oci.image.manifest.v1+json"
REVISIONS: Final = {"0001": CONTENT, "0002": CONTENT | {"readiness": [READINESS]}}


@pytest.fixture(params=REVISIONS)
def revision(request: pytest.FixtureRequest) -> str:
    """What the database was made by."""
    name: str = request.param
    return name


@pytest.fixture
def upgraded(old_url: str, revision: str, open_databases: Callable[..., Database]) -> Database:
    """A database with something in it, brought up to date."""
    make(old_url, revision)
    fill(old_url, REVISIONS[revision])
    migrate(old_url)
    return open_databases(old_url)


def log(connection: Connection) -> Row[Any]:
    return connection.execute(select(LOG)).one()


def test_registries_are_what_they_were(upgraded: Database) -> None:
    ranges = ("192.0.2.0/24", "198.51.100.7/32", "2001:db8::/32")
    two = Registry(
        "myregistry",
        "eastus",
        (Replica("eastus", "account1"), Replica("westus", "account2")),
        anonymous_pull=True,
        admin=False,
        deletes=False,
        network=NetworkRules(Action.DENY, tuple(map(parse_range, ranges))),
    )
    # It is older than network rules, so it answers everybody.
    one = Registry(
        "another",
        "eastus",
        (Replica("eastus", "account3"),),
        tier=Tier.BASIC,
        anonymous_pull=True,
        admin=False,
        deletes=False,
        network=EVERYBODY,
    )
    assert upgraded.read_now(registries.list_all) == [one, two]
    before = upgraded.read_now(everything)
    upgraded.write_now(registries.put, two)
    assert upgraded.read_now(everything) == before, "what is so already was written again"


def test_those_who_may_sign_in_are_who_they_were(upgraded: Database) -> None:
    credentials = {"password": Credential("cred0001", "0" * 64), "password2": Credential("cred0002", "1" * 64)}
    edge = Principal("edge", credentials, "team")
    disabled = Principal("disabled", credentials, "team", enabled=False)
    assert upgraded.read_now(principals.list_all, "myregistry") == [disabled, edge]
    assert upgraded.read_now(principals.find, "myregistry", "removed") is None
    assert upgraded.read_now(scope_maps.list_all, "myregistry") == [ScopeMap("team", ("repositories/*/content/read",))]
    assert [(key.name, key.secret) for key in upgraded.read_now(keys.newest_first, keys.LINK)] == [
        ("first", bytes(range(256)))
    ]
    before = upgraded.read_now(everything)
    upgraded.write_now(principals.put, "myregistry", edge)
    assert upgraded.read_now(everything) == before, "what is so already was written again"


def test_images_are_what_they_were(upgraded: Database) -> None:
    image = Manifest(digest_of(IMAGE), MANIFEST_TYPE, IMAGE)
    for name in ("latest", "v1"):
        assert upgraded.read_now(manifests.by_tag, HERE, name) == image
    assert list(upgraded.read_now(tags.page, HERE, "", 10)) == ["latest", "v1"]
    assert list(upgraded.read_now(tags.page, SIBLING, "", 10)) == ["v1"]
    (signature,), more = upgraded.read_now(manifests.referrers, HERE, image.digest, None, "", 10)
    assert (signature.digest, signature.annotations, more) == (digest_of(SIGNATURE), {"a": "b"}, False)
    found = upgraded.read_now(manifests.by_digest, HERE, signature.digest)
    assert found is not None
    assert found.body == SIGNATURE
    assert upgraded.read_now(manifests.missing, HERE, [digest_of(b"a deleted manifest")])
    assert upgraded.read_now(blobs.size_in, HERE, BLOB) == 5
    assert upgraded.read_now(blobs.size_in, SIBLING, BLOB) is None
    assert upgraded.read_now(blobs.size_in, SIBLING, digest_of(b"large")) == 2**40
    # There was nothing to be read through it before, either.
    assert upgraded.read_now(blobs.missing, HERE, [digest_of(b"never arrived")])


def stamps(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["clock"], row["origin"], bool(row["deleted"])


def test_every_row_keeps_its_clock_and_its_region_and_gets_a_place_of_its_own(
    upgraded: Database, revision: str
) -> None:
    rows = upgraded.read_now(everything)
    places = [row["sequence"] for _, row in rows]
    assert sorted(places) == list(range(1, len(rows) + 1))
    order = [table for _, table in sorted((row["sequence"], REPLICATED.index(table)) for table, row in rows)]
    assert order == sorted(order), "what is referred to stands behind what refers to it"
    content = REVISIONS[revision]
    for table, row in rows:
        former = {"setting": "registry"}.get(table.name, table.name)
        key = [column.name for column in table.primary_key if column.name in content[former][0]]
        if former == "registry":
            key = ["registry"]
        (was,) = [old for old in content[former] if all(old[name] == row[name] for name in key)]
        assert stamps(row) == stamps(was)
        assert row.get("created", row["clock"]) == row["clock"]
        same = {name: value for name, value in was.items() if name not in {"deleted", "document"}}
        assert {name: row[name] for name in same} == same
    clocks = [row["clock"] for kept in content.values() for row in kept if "clock" in row]
    kept = upgraded.read_now(log)
    assert (kept.sequence, kept.clock) == (len(rows), max(clocks))
    assert len(kept.epoch) >= 16
    # Nothing is gone but the link to what was not there, and what was one document is now a row for each setting.
    lost = {name: len(old) for name, old in content.items() if name not in {"registry", "principal", "blob_link"}}
    found = {name: len([1 for table, _ in rows if table.name == name]) for name in lost}
    assert found | {"blob": 2, "settings_version": 1} == lost
    assert len([1 for table, _ in rows if table.name == "blob_link"]) == 3
    buried = {row["digest"]: row["buried"] for table, row in rows if table.name == "manifest"}
    deleted = {row["digest"]: row["clock"] for row in content["manifest"] if row["deleted"]}
    assert {digest: clock for digest, clock in buried.items() if clock} == deleted


def test_what_was_deleted_as_one_is_deleted_in_all_its_parts(upgraded: Database) -> None:
    rows = upgraded.read_now(everything)
    settings = {row["name"]: row["deleted"] for table, row in rows if table is SETTING and row["registry"] == "removed"}
    assert settings == dict.fromkeys(
        [*SWITCHES, "home", "tier", "default_action", "replica/eastus", "replica/westus"], True
    )
    fields = {row["field"]: row["deleted"] for table, row in rows if table is PRINCIPAL and row["name"] == "removed"}
    assert fields == dict.fromkeys(["scope_map", "enabled", "credential/password", "credential/password2"], True)


def test_it_goes_on_being_written(upgraded: Database) -> None:
    before = upgraded.read_now(log)
    with upgraded.writing() as writer:
        assert writer.sequence == before.sequence + 1
        assert writer.clock > before.clock
        digest = push(writer, HERE, b"a new image", "latest")
        principals.delete(writer, "myregistry", "edge")
    found = upgraded.read_now(manifests.by_tag, HERE, "latest")
    assert found is not None
    assert found.digest == digest
    assert upgraded.write_now(manifests.delete, HERE, digest_of(IMAGE))
    assert list(upgraded.read_now(tags.page, HERE, "", 10)) == ["latest"]
    assert upgraded.read_now(principals.find, "myregistry", "edge") is None
    answer = Answer("eastus", "myregistry.eastus.data.azurecr.io", ready=True)
    registry = upgraded.read_now(registries.the, "another")
    assert upgraded.write_now(readiness.put, registry.name, "edge", "build-8", "192.0.2.7", [answer])
    (report,) = upgraded.read_now(readiness.recent, registry, 0.0)
    assert report.answers == (answer,)


def test_another_region_can_take_all_of_it(upgraded: Database, regions: list[Database]) -> None:
    ship(upgraded, regions[1])
    assert written(regions[1]) == written(upgraded)
    assert regions[1].read_now(registries.list_all) == upgraded.read_now(registries.list_all)
    assert list(regions[1].read_now(tags.page, HERE, "", 10)) == ["latest", "v1"]
