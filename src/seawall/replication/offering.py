"""A region that nobody can reach brings its log to the others itself."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from seawall.metadata import log, peers
from seawall.metadata.glance import Glance
from seawall.replication.contract import Changes
from seawall.replication.persevering import persevere

if TYPE_CHECKING:
    from seawall.metadata.database import Database
    from seawall.replication.contract import Peer

__all__ = ["offer", "offer_once"]

_IDLE_SECONDS: Final = 25.0
"""How long to rest where there is no news before asking again how far a region has come."""


async def offer(database: Database, peer: Peer) -> None:
    """Bring a region what is new here until cancelled."""
    glance = Glance(database)

    async def work(_failures: int) -> None:
        busy = await offer_once(database, peer)
        if busy:
            glance.news()
        else:
            await _until_news(database, peer.region, glance)

    await persevere(database, peer.region, work)


async def offer_once(database: Database, peer: Peer) -> bool:
    """Bring one part of the log; say whether there was anything to bring."""
    head = await database.read(log.head)
    stands = await peer.read_of_mine()
    after = stands.sequence if stands.epoch == head.epoch and stands.sequence <= head.sequence else 0
    busy = after < head.sequence or stands.epoch != head.epoch
    if busy:
        part = await database.read(log.read, after)
        read = head._replace(sequence=part.upto)
        await peer.offer(after, Changes(read, max(head.sequence, part.upto), part.rows))
        await database.note(peers.followed, peer.region, read)
    return busy


async def _until_news(database: Database, region: str, glance: Glance) -> None:
    until = time.monotonic() + _IDLE_SECONDS
    stands = await database.read(peers.find, region)
    while time.monotonic() < until:
        head = await database.cached(log.head)
        if (head.epoch, head.sequence) != (stands.followed_epoch, stands.followed):
            return
        await asyncio.sleep(glance.seconds)
