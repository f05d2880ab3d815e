"""When regions last told something new of themselves: the numbers of our own service tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from seawall.metadata.clock import seconds_of
from seawall.metadata.memo import reads_settings
from seawall.metadata.schema import REGION

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["changed"]


@reads_settings
def changed(connection: Connection) -> dict[str, int]:
    """Say when each region's addresses were last written (milliseconds since 1970), also of regions that left.

    The clock travels with the row, so every region says the same.
    """
    query = select(REGION.c.region, func.max(REGION.c.clock)).where(REGION.c.field == "addresses")
    rows = connection.execute(query.group_by(REGION.c.region))
    return {region: round(seconds_of(clock) * 1000) for region, clock in rows}
