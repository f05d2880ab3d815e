"""Many writers lose nothing, fail at nothing, and do not keep each other waiting for ever."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import queue
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from seawall.blobs.digest import digest_of
from seawall.metadata import principals, registries, tags
from seawall.metadata.database import Database
from seawall.metadata.principals import Principal
from seawall.metadata.repositories import Repository
from seawall.metadata.schema import TAG
from tests.unit.metadata.processes import add_credentials, write_many
from tests.unit.metadata.pushing import push

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

HERE: Final = Repository("myregistry", "team/app")
BODY: Final = b"manifest"
DIGEST: Final = digest_of(BODY)
PROCESSES, EACH = 3, 60


def clocks(connection: Connection) -> list[int]:
    return list(connection.execute(select(TAG.c.clock)).scalars())


def test_writers_in_several_processes_lose_nothing(url: str, database: Database) -> None:
    database.write_now(push, HERE, BODY)
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(PROCESSES, timeout=60)
    processes = [
        context.Process(target=write_many, args=(url, number, EACH, HERE, DIGEST, barrier))
        for number in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    expected = {"shared"} | {f"p{number}-{name}" for number in range(PROCESSES) for name in range(EACH)}
    assert set(database.read_now(tags.page, HERE, "", 10_000)) == expected


def test_readers_are_not_kept_waiting_by_a_writer(url: str, open_databases: Callable[..., Database]) -> None:
    writer_of, reader = open_databases(url), open_databases(url)
    reader.write_now(push, HERE, BODY, "before")
    with writer_of.writing() as writer:
        tags.put(writer, HERE, "during", DIGEST)
        assert list(reader.read_now(tags.page, HERE, "", 10)) == ["before"]


def test_changes_that_depend_on_what_was_read_do_not_undo_each_other(
    url: str, open_databases: Callable[..., Database]
) -> None:
    databases = [open_databases(url), open_databases(url)]
    databases[0].write_now(principals.put, "myregistry", Principal("shared", {}, "0"))
    threads = [threading.Thread(target=add_credentials, args=(databases[number % 2], 10)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = databases[0].read_now(principals.find, "myregistry", "shared")
    assert found is not None
    assert found.scope_map == "40"


def test_writers_of_several_rows_do_not_wait_for_each_other_for_ever(
    url: str, open_databases: Callable[..., Database]
) -> None:
    names = [f"tag{number}" for number in range(8)]

    def write(database: Database, order: list[str]) -> None:
        for _ in range(8):
            with database.writing() as writer:
                for name in order:
                    tags.put(writer, HERE, name, DIGEST)

    one, other = open_databases(url), open_databases(url)
    one.write_now(push, HERE, BODY)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(write, (one, other), (names, names[::-1])))
    assert list(one.read_now(tags.page, HERE, "", 100)) == names


def test_a_place_in_the_log_is_drawn_only_when_all_before_it_are_decided(
    url: str, open_databases: Callable[..., Database]
) -> None:
    first, second, reader = (open_databases(url) for _ in range(3))
    first.write_now(push, HERE, BODY)
    drawn: queue.SimpleQueue[int] = queue.SimpleQueue()

    def follow() -> None:
        with second.writing() as writer:
            drawn.put(writer.sequence)
            tags.put(writer, HERE, "second", DIGEST)

    thread = threading.Thread(target=follow)
    with first.writing() as writer:
        tags.put(writer, HERE, "first", DIGEST)
        thread.start()
        # The second transaction is under way, and must not be able to come before this one.
        with pytest.raises(queue.Empty):
            drawn.get(timeout=0.3)
        assert reader.read_now(places) == {}
    thread.join()
    assert drawn.get_nowait() == writer.sequence + 1
    assert reader.read_now(places) == {"first": writer.sequence, "second": writer.sequence + 1}


def places(connection: Connection) -> dict[str, int]:
    return {row.name: row.sequence for row in connection.execute(select(TAG.c.name, TAG.c.sequence))}


def test_whoever_reads_the_log_from_where_he_stopped_misses_nothing(
    url: str, open_databases: Callable[..., Database]
) -> None:
    reader, *writers = (open_databases(url, f"region{number}") for number in range(4))
    pause = random.Random(5)

    def write(number: int) -> list[int]:
        return [write_one(number, step) for step in range(20)]

    def write_one(number: int, step: int) -> int:
        with contextlib.suppress(IntegrityError), writers[number].writing() as writer:
            tags.put(writer, HERE, f"p{number}-{step}", DIGEST)
            time.sleep(pause.random() * 0.004)
            if step % 5 == 4:
                writer.put(TAG, registry=None, repository="", name="", digest="")
            return writer.sequence
        return 0

    def read(connection: Connection, after: int) -> list[int]:
        query = select(TAG.c.sequence).where(TAG.c.sequence > after).order_by(TAG.c.sequence)
        return list(connection.execute(query).scalars())

    seen: list[int] = []
    with ThreadPoolExecutor(3) as threads:
        running = [threads.submit(write, number) for number in range(3)]
        while not all(one.done() for one in running):
            seen += reader.read_now(read, seen[-1] if seen else 0)
        seen += reader.read_now(read, seen[-1] if seen else 0)
        told = [place for one in running for place in one.result() if place]
    assert seen == list(range(1, 49))
    assert sorted(told) == seen


def test_every_reading_in_one_process_is_another(database: Database) -> None:
    async def write() -> None:
        await asyncio.gather(*(database.write(tags.put, HERE, f"tag{number}", DIGEST) for number in range(50)))

    asyncio.run(write())
    found = database.read_now(clocks)
    assert len(set(found)) == 50


def test_more_is_asked_at_once_than_there_are_threads(database: Database) -> None:
    async def work() -> list[Any]:
        reads = [database.read(registries.list_all) for _ in range(100)]
        writes = [database.write(tags.put, HERE, f"tag{number}", DIGEST) for number in range(20)]
        return await asyncio.gather(*reads, *writes, *(database.cached(registries.list_all) for _ in range(50)))

    assert len(asyncio.run(work())) == 170


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def use(database: Database) -> None:
    await database.write(tags.put, HERE, "latest", DIGEST)
    await database.cached(registries.list_all)


def test_closing_leaves_nothing_open(url: str) -> None:
    files, threads = open_files(), threading.active_count()
    for _ in range(5):
        database = Database(url, "eastus")
        asyncio.run(use(database))
        database.close()
    assert open_files() == files
    assert threading.active_count() == threads


def test_closing_again_closes_nothing_else(url: str, tmp_path: Path) -> None:
    database = Database(url, "eastus")
    asyncio.run(use(database))
    database.close()
    # These take the numbers of the files that were closed.
    with contextlib.ExitStack() as others:
        opened = [others.enter_context((tmp_path / str(number)).open("w")) for number in range(5)]
        database.close()
        for file in opened:
            file.write("still open")
            file.flush()
