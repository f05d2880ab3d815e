"""The other regions' nodes, as far as this node can go to them; kept in step with the regions that take part."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple

from seawall.metadata import peers, regions
from seawall.metadata.clock import wall_milliseconds
from seawall.metadata.regions import Region
from seawall.replication.credentials import make_token
from seawall.replication.http_peer import HttpPeer, client_for

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from sqlalchemy import Connection

    from seawall.metadata.database import Database
    from seawall.metadata.peers import Peer

__all__ = ["Neighbourhood"]

_SILENT_SECONDS: Final = 5.0
"""How long a region that failed is not asked while somebody waits; twice as long each time it fails again."""
_LONGEST_SILENCE: Final = 40.0


class _Silence(NamedTuple):
    """Since when a region has been silent and until when it is left alone (milliseconds since 1970)."""

    since: float
    until: float
    seconds: float


def _all(connection: Connection) -> tuple[Peer, ...]:
    return tuple(peers.list_all(connection))


class Neighbourhood:
    """Makes and keeps a :class:`HttpPeer` for each other region that has a URL."""

    def __init__(
        self,
        database: Database,
        connect: Callable[[Region], httpx.AsyncClient] = client_for,
        connect_bulk: Callable[[Region], httpx.AsyncClient] | None = None,
    ) -> None:
        """Take this node's database, how to connect to a region, and how for blobs if that is another way."""
        self._database = database
        self._connect = connect
        self._connect_bulk = connect_bulk
        self._peers: dict[Region, HttpPeer] = {}
        self._silent: dict[str, _Silence] = {}
        self._lock = asyncio.Lock()

    async def peers(self) -> list[HttpPeer]:
        """Return the regions this node can go to; none while it takes no part itself."""
        known = await self._database.cached(regions.list_all)
        if not known and not self._peers:
            return []
        mine = self._database.region
        taking_part = any(region.name == mine for region in known)
        wanted = [
            # What else is known of a region is no reason to hang up.
            Region(region.name, region.url, region.key, region.authority)
            for region in known
            if taking_part and region.name != mine and region.url
        ]
        if wanted != list(self._peers):
            async with self._lock:
                await self._keep(wanted)
        return list(self._peers.values())

    async def others(self) -> int:
        """Count the other regions that take part, also those that come by themselves."""
        known = {region.name for region in await self._database.cached(regions.list_all)}
        return len(known) - 1 if self._database.region in known else 0

    async def answering(self) -> list[HttpPeer]:
        """Return those of them that have not just failed to answer: a client that waits must not wait for the dead."""
        found = await self.peers()
        if not self._silent:
            return found
        # Who follows its log may have heard from it since.
        heard = {known.region: known.heard for known in await self._database.cached(_all)}
        for region, silence in list(self._silent.items()):
            if heard.get(region, 0) > silence.since:
                del self._silent[region]
        now = wall_milliseconds()
        return [peer for peer in found if peer.region not in self._silent or self._silent[peer.region].until <= now]

    def silent(self, region: str) -> None:
        """Note that a region failed to answer."""
        before = self._silent.get(region)
        now = wall_milliseconds()
        if before is not None and before.until > now:
            return
        seconds = min(_LONGEST_SILENCE, before.seconds * 2) if before is not None else _SILENT_SECONDS
        self._silent[region] = _Silence(now, now + seconds * 1000, seconds)

    async def close(self) -> None:
        """Hang up everywhere."""
        await self._keep([])

    async def _keep(self, wanted: list[Region]) -> None:
        secret = await self._database.read(regions.node_key, self._database.region) if wanted else None
        kept: dict[Region, HttpPeer] = {}
        for region in wanted:
            known = self._peers.pop(region, None)
            if known is None and secret is not None:
                token = make_token(secret, self._database.region, region.name)
                bulk = self._connect_bulk(region) if self._connect_bulk is not None else None
                known = HttpPeer(region.name, self._connect(region), token, bulk)
            if known is not None:
                kept[region] = known
        gone, self._peers = self._peers, kept
        for peer in gone.values():
            await peer.close()
