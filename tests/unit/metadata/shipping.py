"""Regions for tests: databases of their own, and rows carried between them as replication does."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import select

from seawall.metadata.rows import observe
from seawall.metadata.schema import REPLICATED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection, Table

    from seawall.metadata.database import Database
    from seawall.metadata.rows import Writer

__all__ = ["Log", "everything", "ship", "sync", "take", "written"]

Log: TypeAlias = list[tuple["Table", dict[str, Any]]]
"""Rows, each with the table it stands in."""


def everything(connection: Connection) -> Log:
    """Return every row that is replicated, in a fixed order, with its place in the log."""
    return [
        (table, dict(row._mapping))
        for table in REPLICATED
        for row in connection.execute(select(table).order_by(*table.primary_key))
    ]


def written(database: Database) -> Log:
    """Return what must be the same in every region: all but the places in the region's own log."""
    log = database.read_now(everything)
    return [(table, {name: value for name, value in row.items() if name != "sequence"}) for table, row in log]


def take(writer: Writer, log: Iterable[tuple[Table, dict[str, Any]]]) -> list[bool]:
    """Merge rows, and go on with a clock that is later than theirs; say of each whether it was taken."""
    rows = list(log)
    taken = [writer.merge(table, row) for table, row in rows]
    observe(writer, max((row["clock"] for _, row in rows), default=0))
    return taken


def ship(source: Database, target: Database) -> list[bool]:
    """Carry over all that one region holds to another."""
    return target.write_now(take, source.read_now(everything))


def sync(*regions: Database) -> None:
    """Carry over everything until all regions hold the same."""
    for source, target in [*itertools.permutations(regions, 2)] * 2:
        ship(source, target)
