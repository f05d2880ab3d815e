"""Taking over what another region sends: checked rows, merged in one transaction with how far its log was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seawall.metadata import log, peers
from seawall.metadata.clock import wall_milliseconds
from seawall.metadata.telling import told_of_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seawall.metadata.database import Database
    from seawall.metadata.log import Row
    from seawall.metadata.rows import Writer
    from seawall.replication.contract import Changes

__all__ = ["take_over", "take_rows"]


async def take_over(database: Database, region: str, changes: Changes) -> None:
    """Take over a part of a region's log, and note that it was read so far; all of it happens or nothing."""
    now = wall_milliseconds()
    if changes.rows:
        await database.write(_take_over, region, changes, now)
    else:
        # Nothing for others to read: an idle region must not make its neighbours look.
        await database.note(peers.heard, region, changes.read, changes.head, now)


async def take_rows(database: Database, rows: Sequence[Row]) -> bool:
    """Take over single rows, ahead of the log they will also come with; say whether any was news."""
    return bool(rows) and bool(await database.write(_merge, rows))


def _merge(writer: Writer, rows: Sequence[Row]) -> list[Row]:
    with told_of_rows(writer, rows):
        return log.merge(writer, rows)


def _take_over(writer: Writer, region: str, changes: Changes, now: int) -> None:
    _merge(writer, changes.rows)
    peers.heard(writer.connection, region, changes.read, changes.head, now)
