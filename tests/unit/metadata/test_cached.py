"""Answers are repeated only as long as they hold.

Somebody is told of a write by way of the event loop (a future, a pipe, a connection): whatever is asked after that must
already know of it, whoever wrote: the same database object, another one, another thread, another process.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
from typing import TYPE_CHECKING, Final

import pytest

from seawall.blobs.digest import Digest, digest_of
from seawall.metadata import manifests, registries, tags
from seawall.metadata.manifests import Manifest
from seawall.metadata.repositories import Repository
from seawall.topology import Registry, Replica
from tests.unit.metadata.processes import write_when_told

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from seawall.metadata.database import Database
    from seawall.metadata.rows import Writer

HERE: Final = Repository("myregistry", "team/app")
DIGESTS: Final = [digest_of(b"%d" % number) for number in range(40)]
IMAGE: Final = "application/vnd.oci.image.manifest.v1+json"
REGISTRY: Final = Registry("myregistry", "eastus", (Replica("eastus", "account1"),))


def standing_for(connection: Connection) -> Digest | None:
    """The digest that the tag stands for."""
    found = manifests.by_tag(connection, HERE, "latest")
    return found.digest if found else None


def put_manifests(writer: Writer) -> None:
    for number, digest in enumerate(DIGESTS):
        body = b"%d" % number
        manifests.put(writer, HERE, Manifest(digest, IMAGE, body), artifact_type="", subject="", annotations={})


@pytest.fixture
def prepared(database: Database) -> Database:
    database.write_now(put_manifests)
    return database


def test_an_answer_is_repeated_while_nothing_is_written(
    sqlite_url: str, open_databases: Callable[..., Database]
) -> None:
    database = open_databases(sqlite_url)
    asked = []

    def count(connection: Connection, name: str) -> int:
        asked.append(name)
        return len(registries.list_all(connection))

    async def ask() -> None:
        for _ in range(5):
            assert await database.cached(count, "a") == 0
            await asyncio.sleep(0)
        assert asked == ["a"]
        await database.cached(count, "b")
        assert asked == ["a", "b"]
        await database.write(registries.put, REGISTRY)
        assert await database.cached(count, "a") == 1
        assert asked == ["a", "b", "a"]

    asyncio.run(ask())
    asyncio.run(ask_again(database, count))
    assert asked == ["a", "b", "a"]


async def ask_again(database: Database, count: Callable[[Connection, str], int]) -> None:
    assert await database.cached(count, "a") == 1


def test_postgresql_is_asked_each_time(postgres_url: str, open_databases: Callable[..., Database]) -> None:
    database = open_databases(postgres_url)
    asked = []

    def count(connection: Connection) -> int:
        asked.append(1)
        return len(registries.list_all(connection))

    async def ask() -> None:
        for _ in range(3):
            assert await database.cached(count) == 0

    asyncio.run(ask())
    assert len(asked) == 3


def test_a_write_by_the_same_object_is_seen(prepared: Database) -> None:
    async def move() -> None:
        for digest in DIGESTS:
            await prepared.write(tags.put, HERE, "latest", digest)
            assert await prepared.cached(standing_for) == digest
            assert await prepared.cached(standing_for) == digest

    asyncio.run(move())


def test_a_write_by_another_object_is_seen(
    url: str, prepared: Database, open_databases: Callable[..., Database]
) -> None:
    other = open_databases(url, "westus")

    async def move() -> None:
        for digest in DIGESTS:
            await other.write(tags.put, HERE, "latest", digest)
            assert await prepared.cached(standing_for) == digest
            assert await other.cached(standing_for) == digest

    asyncio.run(move())


def test_a_write_between_two_runs_of_an_event_loop_is_seen(
    url: str, prepared: Database, open_databases: Callable[..., Database]
) -> None:
    async def ask() -> Digest | None:
        return await prepared.cached(standing_for)

    other = open_databases(url)
    for digest in DIGESTS[:10]:
        other.write_now(tags.put, HERE, "latest", digest)
        assert asyncio.run(ask()) == digest


def test_a_write_by_another_thread_is_seen(
    url: str, prepared: Database, open_databases: Callable[..., Database]
) -> None:
    other = open_databases(url)

    async def watch() -> None:
        loop = asyncio.get_running_loop()
        told: asyncio.Queue[Digest] = asyncio.Queue()

        def move() -> None:
            for digest in DIGESTS:
                other.write_now(tags.put, HERE, "latest", digest)
                loop.call_soon_threadsafe(told.put_nowait, digest)

        async def keep_asking() -> None:
            # Others ask all the time, so that there is always something remembered.
            while True:
                await prepared.cached(standing_for)
                await asyncio.sleep(0)

        others = [asyncio.create_task(keep_asking()) for _ in range(2)]
        thread = threading.Thread(target=move)
        thread.start()
        for number in range(len(DIGESTS)):
            digest = await told.get()
            assert digest == DIGESTS[number]
            found = await prepared.cached(standing_for)
            assert found in DIGESTS[number:], "older than what was told"
        thread.join()
        for task in others:
            task.cancel()

    asyncio.run(watch())


def test_a_write_by_another_process_is_seen(url: str, prepared: Database) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=write_when_told, args=(url, HERE, theirs))
    process.start()

    async def watch() -> None:
        loop = asyncio.get_running_loop()
        told: asyncio.Queue[Digest] = asyncio.Queue()
        loop.add_reader(ours.fileno(), lambda: told.put_nowait(ours.recv()))
        for digest in DIGESTS:
            before = await prepared.cached(standing_for)
            ours.send(digest)
            assert await told.get() == digest
            assert before != digest
            assert await prepared.cached(standing_for) == digest
        loop.remove_reader(ours.fileno())

    asyncio.run(watch())
    ours.send(None)
    process.join()
    assert process.exitcode == 0


def test_an_answer_that_was_on_its_way_during_a_write_is_not_remembered(
    url: str, prepared: Database, open_databases: Callable[..., Database]
) -> None:
    other = open_databases(url)
    reading, written = threading.Event(), threading.Event()

    def slow(connection: Connection) -> Digest | None:
        found = standing_for(connection)
        reading.set()
        written.wait(10)
        return found

    async def overlap() -> None:
        await other.write(tags.put, HERE, "latest", DIGESTS[0])
        asked = asyncio.create_task(prepared.cached(slow))
        await asyncio.to_thread(reading.wait, 10)
        await other.write(tags.put, HERE, "latest", DIGESTS[1])
        # Somebody else has looked meanwhile, so the change is known before the old answer arrives.
        assert await prepared.cached(standing_for) == DIGESTS[1]
        written.set()
        assert await asked == DIGESTS[0]
        assert await prepared.cached(slow) == DIGESTS[1]

    asyncio.run(overlap())


def test_very_much_is_asked_without_end(sqlite_url: str, open_databases: Callable[..., Database]) -> None:
    # Clients choose what is asked for; remembering must stay right when it is too much to remember.
    database = open_databases(sqlite_url)

    def repeat(_: Connection, text: str, times: int) -> str:
        return text * times

    async def ask() -> None:
        for number in (*range(2_000), *range(2_000)):
            text = str(number)
            assert await database.cached(repeat, text, 1 + number % 7 * 3_000) == text * (1 + number % 7 * 3_000)

    asyncio.run(ask())
