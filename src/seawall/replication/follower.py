"""Following another region's log: read on, take over, again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.metadata import peers
from seawall.metadata.log import Head
from seawall.replication.incoming import take_over
from seawall.replication.persevering import persevere

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from seawall.metadata.database import Database
    from seawall.replication.contract import Peer

__all__ = ["WAIT_SECONDS", "follow", "follow_once"]

WAIT_SECONDS: Final = 10.0
"""How long a region without news lets this one wait: the shorter, the sooner it is noticed that it is cut off."""


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

    async def work(failures: int) -> None:
        await follow_once(database, peer, 0.0 if failures else WAIT_SECONDS)
        news()
        if failures:
            await back()

    await persevere(database, peer.region, work)


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
