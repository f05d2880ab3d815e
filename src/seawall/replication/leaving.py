"""Leaving: first the others must have everything that is here, then they are told, then this region stops."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from seawall.metadata import blobs, log, regions, registries
from seawall.replication.contract import PeerError
from seawall.replication.neighbourhood import Neighbourhood
from seawall.topology import TopologyError, out_of_region

if TYPE_CHECKING:
    from seawall.blobs.contract import BlobStore
    from seawall.blobs.digest import Digest
    from seawall.metadata.database import Database
    from seawall.metadata.rows import Writer
    from seawall.replication.http_peer import HttpPeer

__all__ = ["LeavingError", "leave_all"]

_PATIENCE_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.5
_ASKED_AT_ONCE: Final = 16


class LeavingError(RuntimeError):
    """A region cannot leave now. The message says why and what to do."""


async def leave_all(database: Database, store: BlobStore, *, force: bool) -> list[str]:
    """Take leave of every region that can be reached; return which were told.

    Args:
        database: This node's.
        store: This node's.
        force: Neither wait until they have everything, nor mind if nobody can be told.

    Raises:
        LeavingError: They have not, nobody can be told, or a registry is in no other region.
    """
    for registry in await database.read(registries.list_all):
        try:
            out_of_region(registry, database.region)
        except TopologyError as error:
            raise LeavingError(str(error)) from None
    neighbourhood = Neighbourhood(database)
    try:
        peers = await neighbourhood.peers()
        if not peers and not force:
            raise LeavingError(f"{database.region} takes no part, or cannot go to any other region")
        if not force:
            await _hand_over(database, store, peers)
        told = await _take_leave(peers, force=force)
    except PeerError as error:
        raise LeavingError(str(error)) from None
    finally:
        await neighbourhood.close()
    await database.write(_close_here)
    return told


def _close_here(writer: Writer) -> None:
    """Stop answering for registries that are elsewhere too: what was pushed here from now on would reach nobody."""
    regions.remove(writer, writer.origin)
    for registry in registries.list_all(writer.connection):
        if len(registry.replicas) > 1 and registry.replica(writer.origin) is not None:
            registries.put(writer, out_of_region(registry, writer.origin))


async def _take_leave(peers: list[HttpPeer], *, force: bool) -> list[str]:
    told: list[str] = []
    refusals: list[str] = []
    for peer in peers:
        try:
            await peer.leave()
        except PeerError as error:
            refusals.append(str(error))
        else:
            told.append(peer.region)
    if not told and not force:
        raise LeavingError("; ".join(refusals))
    return told


async def _hand_over(database: Database, store: BlobStore, peers: list[HttpPeer]) -> None:
    """Wait until another region has read all of this node's log, and every layer is somewhere else too."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        head = await database.read(log.head)
        behind = [peer.region for peer in peers if await peer.read_of_mine() != head]
        here_only = 0 if len(behind) == len(peers) else await _count_here_only(database, store, peers)
        if len(behind) < len(peers) and not here_only:
            return
        if time.monotonic() > until:
            lacking = f"{here_only} layers are only here" if here_only else f"{', '.join(behind)} lack changes"
            raise LeavingError(
                f"{lacking} after {_PATIENCE_SECONDS:.0f} seconds; wait, or say --force to leave them behind"
            )
        await asyncio.sleep(_LOOK_SECONDS)


async def _count_here_only(database: Database, store: BlobStore, peers: list[HttpPeer]) -> int:
    """Count the blobs here that no region has that should; each is asked for, since a queue may not know of all yet."""
    places = asyncio.Semaphore(_ASKED_AT_ONCE)

    async def elsewhere(digest: Digest, holders: list[HttpPeer]) -> bool:
        async with places:
            for peer in holders:
                if await peer.has(digest):
                    return True
        return False

    count = 0
    for registry in await database.read(registries.list_all):
        holders = [peer for peer in peers if registry.replica(peer.region) is not None]
        linked = await database.read(blobs.all_of, registry.name)
        mine = [digest for digest, size in linked.items() if store.size(digest) == size]
        count += (await asyncio.gather(*(elsewhere(digest, holders) for digest in mine))).count(False)
    return count
