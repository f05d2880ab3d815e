"""Copying the blobs that are wanted: several at once, what tagged images need first, small ones before large ones."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Final

from seawall.blobs.contract import UploadBusyError
from seawall.metadata import wants
from seawall.metadata.clock import wall_milliseconds
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
_GATHER_SECONDS: Final = 0.05
"""How long what was copied may wait for more to be noted with it."""
_NOTED_AT_ONCE: Final = 50
_READ_AT_ONCE: Final = 200
_SMALL: Final = 1 << 20
_SMALL_AT_ONCE: Final = 16
"""Octets up to which a blob is small: mostly a matter of round trips, so many are copied at once."""
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
        self._next: list[Want] = []
        self._done: list[Digest] = []
        self._more = asyncio.Event()

    def wake(self) -> None:
        """Look at the queue: something may have been added."""
        self._more.set()

    async def run(self) -> None:
        """Copy until cancelled."""
        try:
            while True:
                if self._more.is_set():
                    # What was added may have to come before what was to be next.
                    self._more.clear()
                    self._next = []
                await self._start()
                await self._wait()
                await self._settle()
        finally:
            ending, self._running, self._next = self._running, {}, []
            for task in ending:
                task.cancel()
            await asyncio.gather(*ending, return_exceptions=True)

    async def drain(self) -> None:
        """Copy what is due now, and return."""
        self._next = []
        while True:
            await self._start()
            if not self._running:
                return
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            await self._settle()

    async def _start(self) -> None:
        """Begin as many copies as there is room for: a few large ones, and small ones beside them."""
        # The question whether anything is wanted at all is answered from memory while nothing was written.
        if not self._next and await self._database.cached(wants.any_left):
            busy = [*(want.digest for want in self._running.values()), *self._done]
            now = wall_milliseconds()
            self._next = await self._database.read(wants.due, now, _READ_AT_ONCE, busy)
        running = list(self._running.values())
        large = sum(want.size > _SMALL for want in running)
        small = len(running) - large
        waiting = []
        for want in self._next:
            if want.size > _SMALL and large < self._parallel:
                large += 1
            elif want.size <= _SMALL and small < _SMALL_AT_ONCE:
                small += 1
            else:
                waiting.append(want)
                continue
            self._running[asyncio.create_task(self._copy(want))] = want
        self._next = waiting

    async def _wait(self) -> None:
        looking = asyncio.create_task(self._more.wait())
        try:
            seconds = _GATHER_SECONDS if self._done else _LOOK_SECONDS
            await asyncio.wait({*self._running, looking}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            looking.cancel()

    async def _settle(self) -> None:
        """Note what was copied: many small blobs with one write. What is not noted yet is only looked at again."""
        ended = [task for task in self._running if task.done()]
        for task in ended:
            want = self._running.pop(task)
            error = task.exception()
            if error is None:
                self._done.append(want.digest)
            elif isinstance(error, CopyError | OSError | UploadBusyError):
                again = wall_milliseconds() + _pause(want.attempts)
                words = f"it cannot be kept: {error.strerror or error}" if isinstance(error, OSError) else str(error)
                await self._database.note(wants.failed, want.digest, words, again)
            else:
                raise error
        if self._done and (not ended or not self._running or len(self._done) >= _NOTED_AT_ONCE):
            done, self._done = self._done, []
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
