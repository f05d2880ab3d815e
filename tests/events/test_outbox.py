"""Events are written down with what they tell of or not at all, and nothing that was written down is lost."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from seawall.events.deliverer import Deliverer
from seawall.metadata import events, tags
from seawall.metadata.database import Database
from tests.events.outbox import HERE, Outbox, push
from tests.support.receiver import Answer, Receiver

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from sqlalchemy import Connection

    from seawall.metadata.rows import Writer


class _StopError(Exception):
    pass


def test_what_is_rolled_back_is_not_told(outbox: Outbox, receiver: Receiver) -> None:
    outbox.webhook(receiver.url)

    def half(writer: Writer) -> None:
        push(writer, "v1")
        assert events.count(writer.connection, HERE.registry) == 1
        raise _StopError

    with pytest.raises(_StopError):
        outbox.database.write_now(half)
    assert outbox.waiting == []
    assert outbox.deliver() == 0
    assert outbox.database.read_now(tags.page, HERE, "", 10) == []


def test_nobody_sees_one_without_the_other(outbox: Outbox, receiver: Receiver) -> None:
    outbox.webhook(receiver.url)

    def seen(connection: Connection) -> tuple[int, int]:
        return events.count(connection, HERE.registry), len(tags.page(connection, HERE, "", 10))

    def look_in_between(writer: Writer) -> tuple[int, int]:
        push(writer, "v1")
        return outbox.database.read_now(seen)

    assert outbox.database.write_now(look_in_between) == (0, 0)
    assert outbox.database.read_now(seen) == (1, 1)


def test_a_push_costs_one_query_where_nobody_listens(outbox: Outbox) -> None:
    asked: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        asked.append(statement)

    outbox.webhook("http://localhost:9/")
    outbox.push("v0")
    event.listen(outbox.database._engine, "before_cursor_execute", note)
    outbox.push("v1")
    heard = len(asked)
    asked.clear()
    outbox.database.write_now(lambda writer: push(writer, "v1", "otherregistry"))
    assert len([statement for statement in asked if "webhook" in statement]) == 1
    assert not [statement for statement in asked if "event" in statement]
    assert len(asked) < heard


def _deliver(url: str) -> None:
    database = Database(url, "eastus")
    asyncio.run(Outbox(database).deliver_once())


def test_a_process_that_is_killed_before_it_can_note_that_an_event_arrived(
    outbox: Outbox, receiver: Receiver, tmp_path: Path
) -> None:
    outbox.webhook(receiver.url, secret="secret")
    for tag in ("v1", "v2"):
        outbox.push(tag)
    process = multiprocessing.get_context("spawn").Process(
        target=_deliver, args=(f"sqlite:///{tmp_path / 'seawall.db'}",)
    )
    receiver.answers = [Answer(before=lambda: _kill(process.pid), delay=0.1)]
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert [one["subject"] for one in receiver.events] == ["app:v1"]
    assert len(outbox.waiting) == 2
    # Somebody may still be at it, for all anybody knows; not for long.
    assert outbox.deliver() == 0
    outbox.now = outbox.waiting[0].due
    assert outbox.deliver() == 2
    assert [one["subject"] for one in receiver.events] == ["app:v1", "app:v1", "app:v2"]
    first, again, _ = receiver.received
    assert (first.body, first.headers["x-hub-signature-256"]) == (again.body, again.headers["x-hub-signature-256"])


def _kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def test_several_processes_tell_each_event_once_and_in_order(
    outbox: Outbox, receiver: Receiver, tmp_path: Path
) -> None:
    outbox.webhook(receiver.url)
    outbox.webhook(receiver.url, "other")
    for number in range(20):
        outbox.push(f"v{number}")
    databases = [Database(f"sqlite:///{tmp_path / 'seawall.db'}", "eastus") for _ in range(3)]

    async def deliver() -> list[int]:
        return await asyncio.gather(*(Outbox(database).deliver_once() for database in databases))

    assert sum(asyncio.run(deliver())) == 40
    for database in databases:
        database.close()
    assert outbox.waiting == []
    subjects = [one["subject"] for one in receiver.events]
    assert sorted(subjects) == sorted(2 * [f"app:v{number}" for number in range(20)])
    seen = list(dict.fromkeys(subjects))
    assert seen == [f"app:v{number}" for number in range(20)]


def _run(outbox: Outbox, during: Callable[[Deliverer, asyncio.Task[None]], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        deliverer = Deliverer(outbox.database, outbox.doors)
        working = asyncio.create_task(deliverer.run())
        try:
            await asyncio.wait_for(during(deliverer, working), 20)
        finally:
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError, OperationalError):
                await working

    asyncio.run(run())


def test_a_deliverer_that_runs_tells_soon_and_tries_again(outbox: Outbox, receiver: Receiver) -> None:
    async def during(_: Deliverer, working: asyncio.Task[None]) -> None:
        await asyncio.sleep(0.3)
        await asyncio.to_thread(outbox.webhook, receiver.url)
        receiver.answers = [Answer(500)]
        await asyncio.to_thread(outbox.push, "v1")
        await asyncio.to_thread(receiver.wait_for, 2)
        await asyncio.to_thread(outbox.push, "v2")
        await asyncio.to_thread(receiver.wait_for, 3)
        assert not working.done()

    _run(outbox, during)
    assert [one["subject"] for one in receiver.events] == ["app:v1", "app:v1", "app:v2"]


def test_a_deliverer_whose_database_fails_says_so_and_can_begin_again(
    outbox: Outbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox.webhook(receiver.url)
    outbox.push("v1")

    def fail(*_: object) -> None:
        raise OperationalError("", {}, Exception("disk full"))

    async def during(deliverer: Deliverer, working: asyncio.Task[None]) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(events, "claim", fail)
            with pytest.raises(OperationalError):
                await working
        again = asyncio.create_task(deliverer.run())
        await asyncio.to_thread(receiver.wait_for, 1)
        again.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await again

    _run(outbox, during)
    assert receiver.events[0]["subject"] == "app:v1"
