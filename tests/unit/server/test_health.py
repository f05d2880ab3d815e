"""Whether clients should come to this region: what its health says, and how often it looks."""

from __future__ import annotations

import asyncio
import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from sqlalchemy import event

from seawall.metadata import log, regions
from seawall.metadata.regions import Region
from seawall.server import operations
from seawall.server.operations import HEALTH_PATHS, Health

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from seawall.blobs.contract import BlobStore
    from seawall.metadata.database import Database
    from seawall.metadata.rows import Writer

TRAFFIC = "/healthz/traffic"
NO_WRITES = (503, "the database takes no writes\n")
SILENT = (503, "the database does not answer\n")


@pytest.fixture(autouse=True)
def attentive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it look every time, unless a test is about that."""
    monkeypatch.setattr(operations, "_HOLDS_SECONDS", -1.0)


def asked(health: Health, path: str = TRAFFIC) -> tuple[int, str]:
    async def ask() -> tuple[int, str]:
        answer = await health.answer(path)
        return answer.status_code, bytes(answer.body).decode()

    return asyncio.run(ask())


def health_of(database: Database, octets: int = 1 << 40) -> Health:
    """Its health, where so many octets are free for blobs."""
    return Health(database, cast("BlobStore", SimpleNamespace(room=lambda: octets)))


def drain(writer: Writer, *, drained: bool) -> None:
    regions.put(writer, Region("eastus", "https://eastus.geo.example", "key", drained=drained))


@pytest.fixture
def standby(url: str, kind: str, open_databases: Callable[..., Database]) -> Database:
    """The database as one that answers, and takes no writes."""
    opened = open_databases(url)

    def connected(connection: Any, _: object) -> None:  # noqa: ANN401 - of either driver
        if kind == "sqlite":
            connection.execute("PRAGMA query_only = ON")
        else:
            connection.read_only = True

    event.listen(opened._engine, "connect", connected)
    return opened


def test_a_region_that_is_alone_gets_clients(database: Database) -> None:
    health = health_of(database)
    assert {asked(health, path) for path in HEALTH_PATHS} == {(200, "ok\n")}


def test_a_drained_region_gets_none_until_it_is_back(database: Database) -> None:
    health = health_of(database)
    database.write_now(drain, drained=False)
    assert asked(health) == (200, "ok\n")
    database.write_now(drain, drained=True)
    assert asked(health) == (503, "drained: this region was taken out of the global names\n")
    # It is alive and ready all the same: nobody is to restart it.
    assert asked(health, "/healthz") == asked(health, "/readyz") == (200, "ok\n")
    database.write_now(drain, drained=False)
    assert asked(health) == (200, "ok\n")


def test_other_regions_draining_is_nothing_to_this_one(database: Database) -> None:
    database.write_now(lambda writer: regions.put(writer, Region("westus", "", "key", drained=True)))
    assert asked(health_of(database)) == (200, "ok\n")


def test_a_database_that_takes_no_writes(database: Database, standby: Database) -> None:
    assert asked(health_of(database)) == (200, "ok\n")
    assert asked(health_of(standby)) == NO_WRITES
    assert asked(health_of(standby), "/readyz") == (200, "ok\n")


def test_a_disk_that_is_nearly_full(database: Database) -> None:
    full = health_of(database, 0)
    assert asked(full) == (503, "the disk of the blobs is nearly full\n")
    assert asked(full, "/readyz") == (200, "ok\n")


def test_a_database_that_is_gone(open_databases: Callable[..., Database]) -> None:
    gone = open_databases("postgresql+psycopg://nobody@127.0.0.1:1/none")
    assert asked(health_of(gone)) == asked(health_of(gone), "/readyz") == SILENT


def test_a_silent_database_is_waited_for_once_however_many_ask(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "_PATIENCE_SECONDS", 0.05)
    looks = []
    goes_on = threading.Event()

    def hang(_connection: Connection) -> None:
        looks.append(time.monotonic())
        goes_on.wait(10)

    monkeypatch.setattr(operations, "rewrite", hang)
    health = health_of(database)

    async def many() -> list[int]:
        first = await asyncio.gather(*(health.answer(TRAFFIC) for _ in range(20)))
        then = await health.answer(TRAFFIC)
        goes_on.set()
        assert health._looking is not None
        await health._looking
        return [answer.status_code for answer in (*first, then, await health.answer(TRAFFIC))]

    assert asyncio.run(many()) == [503] * 21 + [200]
    assert len(looks) == 2


def test_it_does_not_look_for_everybody_who_asks(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "_HOLDS_SECONDS", 60.0)
    looks: list[Connection] = []
    monkeypatch.setattr(operations, "rewrite", looks.append)
    health = health_of(database)

    async def many() -> None:
        for _ in range(50):
            assert (await health.answer(TRAFFIC)).status_code == 200

    asyncio.run(many())
    assert len(looks) == 1


def test_looking_is_no_news_to_other_regions(database: Database) -> None:
    before = database.read_now(log.head)
    assert asked(health_of(database)) == (200, "ok\n")
    assert database.read_now(log.head) == before
    assert database.read_now(log.read, before.sequence).rows == []
