"""Doing something with another region again and again, and waiting longer and longer while it cannot be reached."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Final

from seawall.metadata import peers
from seawall.metadata.clock import wall_milliseconds
from seawall.replication.contract import PeerError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from seawall.metadata.database import Database

__all__ = ["persevere"]

_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 15.0


async def persevere(database: Database, region: str, work: Callable[[int], Awaitable[None]]) -> None:
    """Work until cancelled; note each failure with the region it is about.

    Args:
        database: This node's.
        region: The region that is worked with.
        work: Does it once; told how often it has failed in a row.
    """
    failures = 0
    while True:
        try:
            await work(failures)
            failures = 0
        except PeerError as error:
            await database.note(peers.failed, region, str(error), wall_milliseconds())
            await asyncio.sleep(_pause_after(failures))
            failures += 1


def _pause_after(failures: int) -> float:
    """Return how many seconds to wait after so many failures in a row: ever longer, and never all at one moment."""
    longest: float = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(failures, 16))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - nobody gains by guessing it
