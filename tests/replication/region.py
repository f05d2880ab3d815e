"""One region in this process: a real database, a real store and the real application, put together as processes do."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
from sqlalchemy import select, update

from seawall.acr.api import AcrApi
from seawall.blobs.directory import DirectoryBlobs
from seawall.dataplane.door import DataDoor
from seawall.doors import DomainDoors
from seawall.elsewhere import ElsewhereError
from seawall.identity.gate import Gate
from seawall.identity.service import TokenService
from seawall.management.api import ManagementApi
from seawall.metadata import peers
from seawall.metadata.database import Database
from seawall.metadata.own import WANT
from seawall.metadata.schema import REPLICATED
from seawall.portal.portal import Portal
from seawall.registry.api import RegistryApi
from seawall.registry.call import Services
from seawall.replication.agenda import Agenda
from seawall.replication.contract import PeerError
from seawall.replication.copier import Copier
from seawall.replication.door import ReplicationDoor
from seawall.replication.follower import follow_once
from seawall.replication.giving import give_once
from seawall.replication.http_peer import client_for
from seawall.replication.membership import Membership
from seawall.replication.neighbourhood import Neighbourhood
from seawall.replication.offering import offer_once
from seawall.replication.reading import ReadThrough
from seawall.replication.throttle import Throttle
from seawall.server.application import Application
from seawall.server.observer import Observer
from seawall.server.operations import Health
from seawall.servicetags.own_tags import Addresses
from seawall.tiers import Tiers, limits_of
from tests.replication.roads import HungUpError, send_to
from tests.support.server import CLOUD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection
    from starlette.types import ASGIApp

    from seawall.metadata.peers import Peer
    from seawall.metadata.regions import Region as RegionRow
    from seawall.replication.http_peer import HttpPeer
    from tests.replication.regions import Regions

__all__ = ["REGISTRY", "Region", "rows"]

REGISTRY: Final = "myregistry"


def rows(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """Return all that must be the same everywhere, by table."""
    return {
        table.name: [
            {name: value for name, value in row._mapping.items() if name != "sequence"}
            for row in connection.execute(select(table).order_by(*table.primary_key))
        ]
        for table in REPLICATED
    }


class Failures(Observer):
    """Keeps what went wrong in a server."""

    def __init__(self) -> None:
        super().__init__("none")
        self.seen: list[Exception] = []

    def failure(self, error: Exception, identifier: str) -> None:  # noqa: ARG002 - the observer's
        """Note it, unless it is that a client has gone, or gets half an answer because another region did."""
        if not isinstance(error, HungUpError | ElsewhereError):
            self.seen.append(error)


class Region:
    """One region; what it keeps outlasts a restart, everything else does not."""

    def __init__(self, world: Regions, name: str) -> None:
        self.name = name
        self.world = world
        self.skew = 0
        self.lazy = False
        self.failures = Failures()
        self.start()

    def start(self) -> None:
        """Put everything together as a worker and a replicator do."""
        folder = self.world.folder / self.name
        self.database = Database(f"sqlite:///{folder / 'seawall.db'}", self.name, wall=self._wall)
        self.store = DirectoryBlobs(folder)
        self.neighbourhood = Neighbourhood(self.database, self._connect, self._connect)
        elsewhere = ReadThrough(self.database, self.store, self.neighbourhood)
        doors = DomainDoors(CLOUD)
        gate = Gate(self.database)
        services = Services(self.database, self.store, doors, self.name, elsewhere)
        self.membership = Membership(self.database)
        self.application: ASGIApp = Application(
            region=self.name,
            doors=doors,
            database=self.database,
            api=RegistryApi(services, gate),
            acr=AcrApi(services, gate),
            tokens=TokenService(self.database, gate),
            data=DataDoor(self.database, self.store, elsewhere),
            replication=ReplicationDoor(self.database, self.store, self.membership),
            management=ManagementApi(CLOUD, doors, self.database, limits_of(Tiers.AZURE)),
            portal=Portal(CLOUD, doors, self.database, Addresses(self.name, (), 0), limits_of(Tiers.AZURE), Path()),
            health=Health(self.database, self.store),
            observer=self.failures,
        )
        self.agenda = Agenda(self.database, self.store, lazy=self.lazy)
        self.copier = Copier(self.database, self.store, self.neighbourhood, Throttle(None), 4)

    async def stop(self) -> None:
        """Throw everything away that is not on the disk."""
        await self.neighbourhood.close()
        self.database.close()

    async def restart(self) -> None:
        """End, and begin again with what is on the disk."""
        await self.stop()
        self.start()

    def _wall(self) -> int:
        return self.world.now() + self.skew

    def _connect(self, region: RegionRow) -> httpx.AsyncClient:
        return client_for(region, self.world.road(self.name, region.name))

    async def call(
        self, method: str, path: str, *, content: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Send a client's request to this region, signed in; a path may also be a whole address."""
        signed = {} if path.startswith("https://") else {"Authorization": self.world.authorization}
        url = path if path.startswith("https://") else f"https://{CLOUD.login(REGISTRY)}{path}"
        answer = await send_to(
            self.application, httpx.Request(method, url, headers={**signed, **(headers or {})}, content=content)
        )
        try:
            await answer.aread()
        finally:
            await answer.aclose()
        return answer

    async def blob(self, repository: str, digest: str, **headers: str) -> httpx.Response:
        """Read a blob as clients do: follow the redirect, without credentials."""
        answer = await self.call("GET", f"/v2/{repository}/blobs/{digest}")
        if answer.status_code != 307:
            return answer
        location: str = answer.headers["location"]
        # The redirect stays in the region.
        doors = CLOUD.data(REGISTRY, self.name), CLOUD.blob(f"sw{self.name}")
        assert location.startswith(tuple(f"https://{door}/" for door in doors)), location
        return await self.call("GET", location, headers=headers)

    async def peers(self) -> list[HttpPeer]:
        """Return the regions that this one can go to."""
        return await self.neighbourhood.peers()

    async def peer(self, name: str) -> HttpPeer:
        """Return another region as this one sees it."""
        return next(peer for peer in await self.peers() if peer.region == name)

    async def follow(self, name: str) -> bool:
        """Take over what a region has to tell, as the follower does; say whether that went well."""
        try:
            while await follow_once(self.database, await self.peer(name), 0.0):
                pass
        except PeerError as error:
            await self.database.note(peers.failed, name, str(error), int(time.time() * 1000))
            return False
        return True

    async def offer(self, name: str) -> bool:
        """Bring a region what is new here; say whether that went well."""
        try:
            peer = await self.peer(name)
            while await offer_once(self.database, peer):
                pass
            await give_once(self.store, peer, Throttle(None))
        except PeerError as error:
            await self.database.note(peers.failed, name, str(error), int(time.time() * 1000))
            return False
        return True

    async def copy(self, *, impatient: bool = True) -> None:
        """Copy what is wanted; also what is to be tried again later, unless patience is asked for."""
        while await self.agenda.work():
            pass
        if impatient:
            await self.database.note(lambda connection: connection.execute(update(WANT).values(due=0)))
        await self.copier.drain()

    async def wanted(self) -> Sequence[Any]:
        """List what is still to be copied."""
        return await self.database.read(lambda connection: connection.execute(select(WANT)).all())

    async def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Return all that must be the same everywhere."""
        return await self.database.read(rows)

    async def heard_of(self, name: str) -> Peer:
        """Return what is noted of another region."""
        return await self.database.read(peers.find, name)
