"""Following another region's log: read on, take over, again; wait longer and longer while it cannot be reached."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Final

from seawall.metadata import peers
from seawall.metadata.log import Head
from seawall.replication.contract import PeerError
from seawall.replication.incoming import take_over

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from seawall.metadata.database import Database
    from seawall.replication.contract import Peer

__all__ = ["WAIT_SECONDS", "follow", "follow_once", "pause_after"]

WAIT_SECONDS: Final = 10.0
"""How long a region without news lets this one wait: the shorter, the sooner it is noticed that it is cut off."""

_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 15.0


async def follow(
    database: Database, peer: Peer, back: Callable[[], Awaitable[object]], news: Callable[[], object]
) -> None:
    """Follow a region's log until cancelled.

    Args:
        database: Where to take it over.
        peer: The region.
        back: Called when it answers again after it did not.
        news: Called when something was taken over.
    """
    failures = 0
    while True:
        try:
            await follow_once(database, peer, 0.0 if failures else WAIT_SECONDS)
            news()
            if failures:
                await back()
            failures = 0
        except PeerError as error:
            await database.note(peers.failed, peer.region, str(error), int(time.time() * 1000))
            await asyncio.sleep(pause_after(failures))
            failures += 1


async def follow_once(database: Database, peer: Peer, wait_seconds: float) -> bool:
    """Take over one part of a region's log; say whether there is more.

    What is not taken over yet is not asked for either, so a slow region is never sent more than it can take.

    Raises:
        PeerError: It cannot be reached, or what it sends cannot be used.
    """
    known = await database.read(peers.find, peer.region)
    changes = await peer.changes(Head(known.epoch, known.cursor), wait_seconds)
    await take_over(database, peer.region, changes)
    return changes.read.sequence < changes.head


def pause_after(failures: int) -> float:
    """Return how many seconds to wait after so many failures in a row: ever longer, and never all at one moment."""
    longest: float = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(failures, 16))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - nobody gains by guessing it
