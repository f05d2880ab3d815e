"""This database's log: its rows, in the order in which they were last written here, whichever region wrote them first.

Somebody who has read up to a place and goes on from there sees every row whose present form is newer; what has changed
since is there once, however often it changed. So following costs what changes, and beginning anew what exists.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import func, literal, select, update

from seawall.metadata.own import LOG
from seawall.metadata.rows import observe
from seawall.metadata.schema import MANIFEST, REPLICATED, SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Table
    from sqlalchemy import Row as SqlRow

    from seawall.metadata.rows import Writer

__all__ = ["MOST_OCTETS", "MOST_ROWS", "Head", "Part", "Row", "head", "merge", "read", "renew", "settings"]

MOST_ROWS: Final = 500
MOST_OCTETS: Final = 4 * 1024 * 1024
"""Octets of manifests in one part, or of the one transaction that has more."""


class Head(NamedTuple):
    """Where a log ends.

    Attributes:
        epoch: The log's name; another one is another log, to be read from its beginning.
        sequence: The place of the last transaction.
    """

    epoch: str
    sequence: int


class Row(NamedTuple):
    """A row as regions send it to one another: without its place, which is each database's own."""

    table: Table
    values: Mapping[str, Any]


class Part(NamedTuple):
    """A part of the log: all that was last written behind one place and up to another."""

    upto: int
    rows: Sequence[Row]


def head(connection: Connection) -> Head:
    """Tell where the log ends."""
    return Head(*connection.execute(select(LOG.c.epoch, LOG.c.sequence)).one())


def read(connection: Connection, after: int) -> Part:
    """Read on behind a place, whole transactions only."""
    last = head(connection).sequence
    if last <= after:
        return Part(max(last, after), [])
    upto = _cut(connection, after, last)
    rows = [
        Row(table, _sent(found))
        for table in REPLICATED
        for found in connection.execute(
            select(table).where(table.c.sequence > after, table.c.sequence <= upto).order_by(table.c.sequence)
        )
    ]
    return Part(upto, rows)


def settings(connection: Connection) -> list[Row]:
    """Read the settings only: what a region must have before it can serve anybody."""
    tables = [table for table in REPLICATED if table in SETTINGS]
    return [Row(table, _sent(found)) for table in tables for found in connection.execute(select(table))]


def merge(writer: Writer, rows: Iterable[Row]) -> list[Row]:
    """Take over other regions' rows, where they were written later than those here; return the ones taken."""
    taken = []
    latest = 0
    order = {table: place for place, table in enumerate(REPLICATED)}
    for row in sorted(rows, key=lambda row: order[row.table]):
        latest = max(latest, row.values["clock"])
        if writer.merge(row.table, row.values):
            taken.append(row)
    observe(writer, latest)
    return taken


def renew(connection: Connection) -> None:
    """Give the log another name, so that every other region reads it from its beginning.

    Needed where the database was set back, as when a backup is restored: places would mean other transactions than they
    meant to those who have read them.
    """
    connection.execute(update(LOG).values(epoch=secrets.token_hex(8)))


def _sent(found: SqlRow[Any]) -> dict[str, Any]:
    return {name: value for name, value in found._mapping.items() if name != "sequence"}  # noqa: SLF001 - public


def _cut(connection: Connection, after: int, last: int) -> int:
    """Find the place up to which there are about as many rows and octets as one part may have."""
    sizes: list[tuple[int, int]] = []
    for table in REPLICATED:
        length = func.length(table.c.body) if table is MANIFEST else literal(0)
        query = select(table.c.sequence, length).where(table.c.sequence > after)
        sizes += [(row[0], row[1]) for row in connection.execute(query.order_by(table.c.sequence).limit(MOST_ROWS))]
    sizes.sort()
    room = MOST_OCTETS
    upto = after
    for count, (sequence, octets) in enumerate(sizes):
        # A transaction is never parted, so the first one is taken however large it is.
        if sequence != upto:
            if (count >= MOST_ROWS or room <= 0) and upto > after:
                return upto
            upto = sequence
        room -= octets
    return last if len(sizes) < MOST_ROWS else upto
