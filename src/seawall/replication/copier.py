"""Copying the blobs that are wanted: several at once, what tagged images need first, small ones before large ones."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Final

from seawall.blobs.contract import UploadBusyError
from seawall.metadata import wants
from seawall.replication.contract import PeerError
from seawall.replication.copying import copy

if TYPE_CHECKING:
    from collections.abc import Callable

    from seawall.blobs.contract import BlobStore
    from seawall.blobs.digest import Digest
    from seawall.metadata.database import Database
    from seawall.metadata.wants import Want
    from seawall.replication.http_peer import HttpPeer
    from seawall.replication.neighbourhood import Neighbourhood
    from seawall.replication.throttle import Throttle

__all__ = ["Copier"]

_LOOK_SECONDS: Final = 1.0
"""How often to look for blobs whose time has come to be tried again."""
_FIRST_PAUSE_MILLISECONDS: Final = 500
_LONGEST_PAUSE_MILLISECONDS: Final = 60_000


class CopyError(Exception):
    """No region gave a blob. The message says why."""


class Copier:
    """Works on the queue of wanted blobs."""

    def __init__(
        self,
        database: Database,
        store: BlobStore,
        neighbourhood: Neighbourhood,
        throttle: Throttle,
        parallel: int,
        copied: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Take what is kept here, who may have blobs, how much may be copied at once, and whom to tell of octets."""
        self._database = database
        self._store = store
        self._neighbourhood = neighbourhood
        self._throttle = throttle
        self._parallel = parallel
        self._copied = copied
        self._running: dict[asyncio.Task[None], Want] = {}
        self._more = asyncio.Event()

    def wake(self) -> None:
        """Look at the queue: something may have been added."""
        self._more.set()

    async def run(self) -> None:
        """Copy until cancelled."""
        try:
            while True:
                self._more.clear()
                await self._start()
                await self._wait()
                await self._settle()
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def drain(self) -> None:
        """Copy what is due now, and return."""
        while True:
            await self._start()
            if not self._running:
                return
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            await self._settle()

    async def _start(self) -> None:
        room = self._parallel - len(self._running)
        # The question whether anything is wanted at all is answered from memory while nothing was written.
        if room <= 0 or not await self._database.cached(wants.any_left):
            return
        busy = [want.digest for want in self._running.values()]
        now = int(time.time() * 1000)
        for want in await self._database.read(wants.due, now, room, busy):
            self._running[asyncio.create_task(self._copy(want))] = want

    async def _wait(self) -> None:
        looking = asyncio.create_task(self._more.wait())
        # While everything is busy there is nothing to look for.
        others = [looking] if len(self._running) < self._parallel else []
        try:
            waiting = {*self._running, *others}
            await asyncio.wait(waiting, timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            looking.cancel()

    async def _settle(self) -> None:
        """Note what was copied: many small blobs with one write."""
        done: list[Digest] = []
        for task in [task for task in self._running if task.done()]:
            want = self._running.pop(task)
            error = task.exception()
            if error is None:
                done.append(want.digest)
            elif isinstance(error, CopyError | OSError | UploadBusyError):
                again = int(time.time() * 1000) + _pause(want.attempts)
                words = f"it cannot be kept: {error}" if isinstance(error, OSError) else str(error)
                await self._database.note(wants.failed, want.digest, words, again)
            else:
                raise error
        if done:
            await self._database.note(wants.done, done)

    async def _copy(self, want: Want) -> None:
        """Copy a blob from the first region that gives it."""
        if self._store.size(want.digest) == want.size:
            return
        refusals: list[PeerError] = []
        for peer in await self._in_order():
            try:
                await copy(self._store, peer, want.digest, want.size, self._throttle)
            except PeerError as refusal:
                refusals.append(refusal)
                if refusal.silent:
                    self._neighbourhood.silent(peer.region)
            else:
                self._copied(want.size)
                return
        if not refusals:
            raise CopyError("there is no region to copy from")
        # A region that has it and fails to give it is worth more words than one that has it not.
        telling = [refusal for refusal in refusals if not refusal.absent] or refusals
        raise CopyError("; ".join(map(str, telling)))

    async def _in_order(self) -> list[HttpPeer]:
        """List whom to ask: those that answer, then, if it must be, those that have just failed."""
        answering = await self._neighbourhood.answering()
        random.shuffle(answering)
        return answering or await self._neighbourhood.peers()


def _pause(attempts: int) -> int:
    longer: int = _FIRST_PAUSE_MILLISECONDS * 2 ** min(attempts, 16)
    return min(_LONGEST_PAUSE_MILLISECONDS, longer)
