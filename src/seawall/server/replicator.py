"""The process beside the workers: follows other regions' logs, copies blobs, and delivers events."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
from typing import TYPE_CHECKING, Final

import uvloop

from seawall.blobs.directory import DirectoryBlobs
from seawall.events.deliverer import Deliverer
from seawall.metadata import peers, regions, wants
from seawall.metadata.database import Database
from seawall.metadata.glance import Glance
from seawall.replication.agenda import Agenda
from seawall.replication.copier import Copier
from seawall.replication.follower import follow
from seawall.replication.giving import give
from seawall.replication.http_peer import bulk_client_for
from seawall.replication.neighbourhood import Neighbourhood
from seawall.replication.offering import offer
from seawall.replication.throttle import Throttle
from seawall.server.lag import Lag
from seawall.server.observer import Observer

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from seawall.replication.http_peer import HttpPeer
    from seawall.server.node import Node

__all__ = ["Replicator", "run_replicator"]

_ALONE_SECONDS: Final = 1.0
"""How often a region that is alone looks whether it still is."""
_MEASURE_SECONDS: Final = 2.0
_REST_SECONDS: Final = 10.0
"""How often to measure while anything is behind, and while nothing is."""

_NICE: Final = 5
"""How far copies stand back for the workers: whoever waits for an answer comes first."""
_PAUSE_SECONDS: Final = 5.0
"""How long to rest after a failure of this node's own: a full disk, a database that does not answer."""


def run_replicator(node: Node, listening: Callable[[], None]) -> None:
    """Replicate until told to stop (SIGTERM) or to make way for another (SIGUSR1), or left alone.

    Args:
        node: Whose region's content to keep in step.
        listening: Called once work has begun.
    """
    uvloop.run(_run(node, listening))


async def _run(node: Node, listening: Callable[[], None]) -> None:
    os.nice(_NICE)
    database = Database(node.database_url, node.region)
    replicator = Replicator(node, database)
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGUSR1):
        loop.add_signal_handler(number, stop.set)
    parent = multiprocessing.parent_process()
    if parent is not None:
        # A process whose supervisor was killed must not go on beside its successor.
        loop.add_reader(parent.sentinel, stop.set)
    working = asyncio.create_task(replicator.run())
    listening()
    await stop.wait()
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working
    database.close()


class Replicator:
    """What a region does to stay in step with the others."""

    def __init__(self, node: Node, database: Database) -> None:
        self._database = database
        self._store = DirectoryBlobs(node.state.root)
        self._observer = Observer(node.logged)
        self._neighbourhood = Neighbourhood(database, connect_bulk=bulk_client_for)
        self._agenda = Agenda(database, self._store, lazy=node.copying.lazy)
        self._throttle = Throttle(node.copying.octets_per_second)
        self._copier = Copier(
            database, self._store, self._neighbourhood, self._throttle, node.copying.parallel, Lag.copied
        )
        self._lag = Lag(database)
        self._glance = Glance(database)
        self._news = asyncio.Event()
        self._deliverer = Deliverer(database, node.doors)
        self._following: dict[HttpPeer, list[asyncio.Task[None]]] = {}

    async def run(self) -> None:
        """Work until cancelled."""
        others = [self._copier.run, self._measure, self._deliverer.run]
        beside = [asyncio.create_task(self._lasting(work)) for work in others]
        try:
            await self._lasting(self._look)
        finally:
            tasks = [*beside, *(task for tasks in self._following.values() for task in tasks)]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._neighbourhood.close()

    async def _look(self) -> None:
        """See who takes part, and what the log holds to be done."""
        while True:
            await self._keep_following(await self._neighbourhood.peers())
            if not await self._neighbourhood.others():
                await asyncio.sleep(_ALONE_SECONDS)
            # Also where nobody can be followed: others may come by themselves.
            elif await self._agenda.work():
                self._copier.wake()
                self._glance.news()
            else:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), self._glance.seconds)
                self._news.clear()

    async def _measure(self) -> None:
        while True:
            behind = bool(await self._neighbourhood.others()) and await self._lag.measure()
            await asyncio.sleep(_MEASURE_SECONDS if behind else _REST_SECONDS)

    async def _keep_following(self, wanted: list[HttpPeer]) -> None:
        staying = {peer.region for peer in wanted}
        for peer in [peer for peer in self._following if peer not in wanted]:
            for task in self._following.pop(peer):
                task.cancel()
            if peer.region not in staying:
                await self._database.note(peers.forget, peer.region)
        for peer in wanted:
            if peer not in self._following:
                loops = [lambda peer=peer: follow(self._database, peer, self._try_again, self._news.set)]
                mine = await self._database.cached(regions.find, self._database.region)
                if mine is not None and not mine.url:
                    loops.append(lambda peer=peer: offer(self._database, peer))
                    loops.append(lambda peer=peer: give(self._database, self._store, peer, self._throttle))
                self._following[peer] = [asyncio.create_task(self._lasting(loop)) for loop in loops]

    async def _try_again(self) -> None:
        """Copy what could not be copied: a region that has it may be back."""
        await self._database.note(wants.try_again)
        self._copier.wake()

    async def _lasting(self, work: Callable[[], Coroutine[object, object, None]]) -> None:
        """Begin again after a failure of this node's own, which is logged: it may be over by then."""
        while True:
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - whatever it is, the other regions' work goes on
                self._observer.failure(error, "replication")
                await asyncio.sleep(_PAUSE_SECONDS)
