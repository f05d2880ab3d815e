"""What this node's doors have seen of clients, kept for some time; every region's node keeps its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import delete, select

from seawall.metadata.own import SIGHTING
from seawall.metadata.rows import insert_into
from seawall.sightings import Kind, Sighting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

__all__ = ["DAYS", "MOST", "Seen", "forget", "keep", "seen"]

DAYS: Final = 30
"""How long something is kept after it was last seen."""

MOST: Final = 10_000
"""How many of one kind are kept for a registry; of more, those that were not seen for longest are forgotten."""

_DAY: Final = 24 * 3600 * 1000


class Seen(NamedTuple):
    """A sighting, how often it was made, and when first and last (milliseconds since 1970)."""

    sighting: Sighting
    times: int
    first: int
    last: int


def keep(connection: Connection, counted: Mapping[Sighting, int], now: int) -> None:
    """Add to what is kept.

    Args:
        connection: In a transaction that may write.
        counted: How often each thing was seen since the last time.
        now: Milliseconds since 1970.
    """
    statement = insert_into(SIGHTING, connection.dialect.name)
    again = {"times": SIGHTING.c.times + statement.excluded.times, "last": statement.excluded.last}
    rows = [
        {**one._asdict(), "kind": one.kind.value, "times": times, "first": now, "last": now}
        for one, times in counted.items()
    ]
    if rows:
        connection.execute(statement.on_conflict_do_update(index_elements=list(SIGHTING.primary_key), set_=again), rows)
    connection.execute(delete(SIGHTING).where(SIGHTING.c.last < now - DAYS * _DAY))
    for registry, kind in {(one.registry, one.kind) for one in counted}:
        _cut(connection, registry, kind)


def seen(connection: Connection, registry: str, kind: Kind) -> list[Seen]:
    """List what was seen of clients of a registry, the latest first."""
    about = (SIGHTING.c.door, SIGHTING.c.address, SIGHTING.c.subject)
    query = select(*about, SIGHTING.c.times, SIGHTING.c.first, SIGHTING.c.last).where(
        SIGHTING.c.registry == registry, SIGHTING.c.kind == kind.value
    )
    rows = connection.execute(query.order_by(SIGHTING.c.last.desc(), SIGHTING.c.address, SIGHTING.c.door))
    return [
        Seen(Sighting(registry, kind, door, address, subject), times, first, last)
        for door, address, subject, times, first, last in rows
    ]


def forget(connection: Connection, registry: str, kind: Kind, address: str) -> int:
    """Forget what was seen of an address; return how much that was."""
    where = (SIGHTING.c.registry == registry, SIGHTING.c.kind == kind.value, SIGHTING.c.address == address)
    return connection.execute(delete(SIGHTING).where(*where)).rowcount


def _cut(connection: Connection, registry: str, kind: Kind) -> None:
    of_kind = (SIGHTING.c.registry == registry, SIGHTING.c.kind == kind.value)
    query = select(SIGHTING.c.last).where(*of_kind).order_by(SIGHTING.c.last.desc()).offset(MOST).limit(1)
    oldest = connection.execute(query).scalar_one_or_none()
    if oldest is not None:
        connection.execute(delete(SIGHTING).where(*of_kind, SIGHTING.c.last <= oldest))
