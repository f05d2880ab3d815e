"""Leaving: first the others must have everything that is here, then they are told, then this region stops."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from seawall.metadata import log, regions, registries
from seawall.replication.contract import PeerError
from seawall.replication.membership import MembershipError, without
from seawall.replication.neighbourhood import Neighbourhood

if TYPE_CHECKING:
    from seawall.metadata.database import Database
    from seawall.metadata.rows import Writer
    from seawall.replication.http_peer import HttpPeer

__all__ = ["LeavingError", "leave_all"]

_PATIENCE_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.5


class LeavingError(RuntimeError):
    """A region cannot leave now. The message says why and what to do."""


async def leave_all(database: Database, *, force: bool) -> list[str]:
    """Take leave of every region that can be reached; return which were told.

    Args:
        database: This node's.
        force: Neither wait until they have everything, nor mind if nobody can be told.

    Raises:
        LeavingError: They have not, nobody can be told, or a registry is in no other region.
    """
    for registry in await database.read(registries.list_all):
        try:
            without(registry, database.region)
        except MembershipError as error:
            raise LeavingError(str(error)) from None
    neighbourhood = Neighbourhood(database)
    try:
        told = await _take_leave(database, await neighbourhood.peers(), force=force)
    finally:
        await neighbourhood.close()
    await database.write(_close_here)
    return told


def _close_here(writer: Writer) -> None:
    """Stop answering for registries that are elsewhere too: what was pushed here from now on would reach nobody."""
    regions.remove(writer, writer.origin)
    for registry in registries.list_all(writer.connection):
        if len(registry.replicas) > 1 and registry.replica(writer.origin) is not None:
            registries.put(writer, without(registry, writer.origin))


async def _take_leave(database: Database, peers: list[HttpPeer], *, force: bool) -> list[str]:
    if not peers and not force:
        raise LeavingError(f"{database.region} takes no part, or cannot go to any other region")
    told: list[str] = []
    refusals: list[str] = []
    for peer in peers:
        try:
            # One that has everything is enough: the others have it from there.
            if not force and not told:
                await _wait_for(database, peer)
            await peer.leave()
        except PeerError as error:
            refusals.append(str(error))
        else:
            told.append(peer.region)
    if not told and not force:
        raise LeavingError("; ".join(refusals))
    return told


async def _wait_for(database: Database, peer: HttpPeer) -> None:
    """Wait until a region has read all of this node's log and copied what it speaks of."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        head = await database.read(log.head)
        read = await peer.read_of_mine()
        queue = (await peer.status())["queue"]
        if (read.epoch, read.sequence) == tuple(head) and not queue["blobs"]:
            return
        if time.monotonic() > until:
            behind = head.sequence - read.sequence if read.epoch == head.epoch else head.sequence
            raise LeavingError(
                f"{peer.region} lacks {behind} changes and {queue['blobs']} layers after {_PATIENCE_SECONDS:.0f} "
                "seconds; wait, or say --force to leave them behind"
            )
        await asyncio.sleep(_LOOK_SECONDS)
