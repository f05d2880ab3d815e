"""A region that nobody can reach gives the others the blobs that they want of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from seawall.replication.contract import PeerError
from seawall.replication.persevering import persevere

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from seawall.blobs.contract import BlobStore
    from seawall.blobs.digest import Digest
    from seawall.metadata.database import Database
    from seawall.replication.contract import Peer
    from seawall.replication.throttle import Throttle

__all__ = ["give", "give_once"]

_IDLE_SECONDS: Final = 2.0
"""How long to wait before asking again whether a region wants anything."""


async def give(database: Database, store: BlobStore, peer: Peer, throttle: Throttle) -> None:
    """Give a region what it wants until cancelled."""

    async def work(_failures: int) -> None:
        given = await give_once(store, peer, throttle)
        await asyncio.sleep(0.0 if given else _IDLE_SECONDS)

    await persevere(database, peer.region, work)


async def give_once(store: BlobStore, peer: Peer, throttle: Throttle) -> int:
    """Give a region each blob that it wants and that is here, once; return how many it took.

    Raises:
        PeerError: It cannot be asked; or it took some and refused others: then the first refusal.
    """
    given = 0
    refusals: list[PeerError] = []
    last = ""
    while wanted := await peer.wants(last):
        last = wanted[-1]
        for digest in wanted:
            size = store.size(digest)
            if size is None:
                continue
            try:
                await peer.give(digest, size, _parts(store, digest, size, throttle))
            except PeerError as error:
                # One that cannot be taken, as when it comes from elsewhere just now, must not keep the others.
                refusals.append(error)
            else:
                given += 1
    if refusals:
        raise refusals[0]
    return given


async def _parts(store: BlobStore, digest: Digest, size: int, throttle: Throttle) -> AsyncIterator[bytes]:
    reading = store.read(digest, 0, size)
    while part := await asyncio.to_thread(next, reading, b""):
        await throttle.spend(len(part))
        yield part
