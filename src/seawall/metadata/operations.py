"""What operators asked for that takes its time: how it stands, for whichever worker of the node is asked."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import delete, insert, select, update

from seawall.metadata.own import OPERATION

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Operation", "Status", "begin", "end", "find", "live"]

_SILENT: Final = 60_000
"""After how many milliseconds without a sign of life the process that was at it is taken for dead."""

_KEPT: Final = 24 * 3600 * 1000


class Status(StrEnum):
    """How something stands."""

    RUNNING = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


class Operation(NamedTuple):
    """Something that was asked for.

    Attributes:
        registry: What it is about.
        status: How it stands.
        answer: The status of the refusal, as HTTP has it, if it failed.
        code: Of the refusal.
        message: Of the refusal.
    """

    registry: str
    status: Status
    answer: int = 200
    code: str = ""
    message: str = ""


def begin(connection: Connection, identifier: str, registry: str, now: int) -> None:
    """Note that something begins, and forget what is long over; ``now`` is in milliseconds since 1970."""
    connection.execute(delete(OPERATION).where(OPERATION.c.heard < now - _KEPT))
    values = {"identifier": identifier, "registry": registry, "status": Status.RUNNING.value, "heard": now}
    connection.execute(insert(OPERATION), {**values, "answer": 200, "code": "", "message": ""})


def live(connection: Connection, identifier: str, now: int) -> None:
    """Note that it is still going on."""
    connection.execute(update(OPERATION).where(OPERATION.c.identifier == identifier).values(heard=now))


def end(connection: Connection, identifier: str, outcome: Operation, now: int) -> None:
    """Note how it ended."""
    values = {"status": outcome.status.value, "answer": outcome.answer, "heard": now}
    values |= {"code": outcome.code, "message": outcome.message}
    connection.execute(update(OPERATION).where(OPERATION.c.identifier == identifier).values(values))


def find(connection: Connection, identifier: str, now: int) -> Operation | None:
    """Say how something stands; what nobody is at any more has failed."""
    row = connection.execute(select(OPERATION).where(OPERATION.c.identifier == identifier)).first()
    if row is None:
        return None
    status = Status(row.status)
    if status is Status.RUNNING and row.heard < now - _SILENT:
        message = "the process that was at it ended; ask for it again, what came already is kept"
        return Operation(row.registry, Status.FAILED, 500, "OperationInterrupted", message)
    return Operation(row.registry, status, row.answer, row.code, row.message)
