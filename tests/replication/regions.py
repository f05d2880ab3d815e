"""Regions in one process: real databases, stores and applications, and roads between them that a test governs."""

from __future__ import annotations

import asyncio
import base64
import shutil
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from seawall.identity.keyring import ensure_keys
from seawall.management.creation import blank, create
from seawall.metadata import log, registries
from seawall.metadata.database import Database
from seawall.replication.membership import introduce
from seawall.topology import Registry, Replica
from tests.replication.region import REGISTRY, Region
from tests.replication.roads import Road
from tests.support.server import CLOUD

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from types import TracebackType

__all__ = ["EAST", "NAMES", "NORTH", "REGISTRY", "WEST", "Region", "Regions", "Template"]

EAST: Final = "eastus"
NORTH: Final = "northeurope"
WEST: Final = "westus"
NAMES: Final = (EAST, NORTH, WEST)
_T = TypeVar("_T")

_ROUNDS: Final = 12
_LOOKS_A_TICK: Final = 20
_MEMORY: Final = Path("/dev/shm")


class Template:
    """Databases of regions that know each other and have one registry: made once, copied for each test."""

    def __init__(self, folder: Path, migrated: Path, *, edge: str = "") -> None:
        """Make it.

        Args:
            folder: Where to.
            migrated: A migrated SQLite database.
            edge: A region that nobody can reach.
        """
        self.folder = folder
        self.edge = edge
        with ExitStack() as stack:
            found: dict[Database, str] = {}
            for name in NAMES:
                database = Database(f"sqlite:///{shutil.copy(migrated, folder / f'{name}.db')}", name)
                stack.callback(database.close)
                found[database] = "" if name == edge else f"https://{CLOUD.node(name)}"
            first = next(iter(found))
            replicas = tuple(Replica(name, f"sw{name}") for name in NAMES)
            with first.writing() as writer:
                ensure_keys(writer)
                _, self.password = create(writer, blank(REGISTRY, EAST))
                registries.put(writer, Registry(REGISTRY, EAST, replicas, data_endpoints=True))
            introduce(found, "")
        # What they have in common is told once here, not in each test.
        with Regions(self) as world:
            world.run(world.rest())
            world.close(folder)


class Regions:
    """Some regions, and the roads between them."""

    def __init__(self, template: Template) -> None:
        shared = _MEMORY if _MEMORY.is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix="regions-", dir=shared))
        self.edge = template.edge
        self.authorization = "Basic " + base64.b64encode(f"{REGISTRY}:{template.password}".encode()).decode()
        self._runner = asyncio.Runner()
        self._began = time.time_ns() // 1_000_000
        self._ticks = 0
        self._roads: dict[tuple[str, str], Road] = {}
        for name in NAMES:
            (self.folder / name).mkdir()
            shutil.copy(template.folder / f"{name}.db", self.folder / name / "seawall.db")
        self.regions = {name: Region(self, name) for name in NAMES}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __getitem__(self, name: str) -> Region:
        return self.regions[name]

    def close(self, keep: Path | None = None) -> None:
        """End everything, and leave nothing behind.

        Args:
            keep: Where to put the databases, if they are still needed.
        """
        if not self.folder.exists():
            return
        for region in self.regions.values():
            self.run(region.stop())
            if keep is not None:
                shutil.copy(self.folder / region.name / "seawall.db", keep / f"{region.name}.db")
        self._runner.close()
        shutil.rmtree(self.folder)

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run something to its end."""
        return self._runner.run(work)

    def now(self) -> int:
        """Tell milliseconds since 1970 by a clock that moves so slowly that two regions may write at one moment."""
        self._ticks += 1
        return self._began + self._ticks // _LOOKS_A_TICK

    def road(self, start: str, end: str) -> Road:
        """Return the road by which one region asks another."""
        if (start, end) not in self._roads:
            self._roads[start, end] = Road(lambda: self.regions[end].application)
        return self._roads[start, end]

    def heal(self) -> None:
        """Mend all roads, and let everybody forget who did not answer."""
        for road in self._roads.values():
            road.heal()
        for region in self.regions.values():
            region.neighbourhood._silent.clear()

    async def heads(self) -> list[log.Head]:
        """Tell where the logs end."""
        return [await region.database.read(log.head) for region in self.regions.values()]

    async def exchange(self) -> None:
        """Let everybody tell everybody, and copy, once."""
        for region in self.regions.values():
            for peer in await region.peers():
                assert await region.follow(peer.region), (await region.heard_of(peer.region)).error
                if region.name == self.edge:
                    assert await region.offer(peer.region), (await region.heard_of(peer.region)).error
            await region.copy()

    async def rest(self) -> None:
        """Let everything come to rest; that must happen, and soon."""
        for _ in range(_ROUNDS):
            before = await self.heads(), [await region.rows() for region in self.regions.values()]
            await self.exchange()
            wanted = [await region.wanted() for region in self.regions.values()]
            after = await self.heads(), [await region.rows() for region in self.regions.values()]
            if after == before and not any(wanted):
                return
        raise AssertionError(f"nothing comes to rest; still wanted: {wanted}")
