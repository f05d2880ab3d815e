"""How far this node has read other regions' logs and its own, and how far they have read its."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, select, update

from seawall.metadata.own import PEER
from seawall.metadata.rows import insert_once

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from seawall.metadata.log import Head

__all__ = ["Peer", "failed", "find", "followed", "forget", "heard", "list_all"]


class Peer(NamedTuple):
    """One region as this node sees it. Times are milliseconds since 1970, by this node's clock; 0 is never.

    Attributes:
        region: Which.
        epoch: The name of its log.
        cursor: How far this node has taken it over.
        head: Where it ended when last heard of.
        applied: When this node was last known to have all of it.
        heard: When the region last answered.
        error: Why the last attempt failed; empty if it did not.
        failed: When that was.
        followed_epoch: The name that this node's log had when the region last said how far it has read it.
        followed: How far that was.
    """

    region: str
    epoch: str = ""
    cursor: int = 0
    head: int = 0
    applied: int = 0
    heard: int = 0
    error: str = ""
    failed: int = 0
    followed_epoch: str = ""
    followed: int = 0


def find(connection: Connection, region: str) -> Peer:
    """Return what is known of a region; that is nothing for one never heard of."""
    row = connection.execute(select(*PEER.c).where(PEER.c.region == region)).first()
    return Peer(**row._mapping) if row else Peer(region)  # noqa: SLF001 - public, in spite of its name


def list_all(connection: Connection) -> list[Peer]:
    """List what is known, by region."""
    rows = connection.execute(select(*PEER.c).order_by(PEER.c.region))
    return [Peer(**row._mapping) for row in rows]  # noqa: SLF001


def heard(connection: Connection, region: str, read: Head, head: int, now: int) -> None:
    """Note that a region answered, how far this node has taken over its log, and where that ends."""
    values: dict[str, str | int] = {
        "epoch": read.epoch,
        "cursor": read.sequence,
        "head": head,
        "heard": now,
        "error": "",
        "failed": 0,
    }
    if read.sequence >= head:
        values["applied"] = now
    _note(connection, region, values)


def failed(connection: Connection, region: str, error: str, now: int) -> None:
    """Note that an attempt failed."""
    _note(connection, region, {"error": error, "failed": now})


def followed(connection: Connection, region: str, read: Head) -> None:
    """Note how far a region has read this node's log."""
    _note(connection, region, {"followed_epoch": read.epoch, "followed": read.sequence})


def forget(connection: Connection, region: str) -> None:
    """Forget a region that takes part no longer."""
    connection.execute(delete(PEER).where(PEER.c.region == region))


def _note(connection: Connection, region: str, values: dict[str, str | int]) -> None:
    statement = update(PEER).where(PEER.c.region == region).values(values)
    if connection.execute(statement).rowcount == 0:
        row = Peer(region)._asdict() | values
        connection.execute(insert_once(PEER, connection.dialect.name), row)
