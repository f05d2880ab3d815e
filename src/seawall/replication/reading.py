"""Reading through: what this region lacks is fetched from one that has it while the client waits, within a bound."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, TypeVar

from seawall.blobs.contract import UploadBusyError
from seawall.elsewhere import ElsewhereError
from seawall.metadata import wants
from seawall.metadata.clock import wall_milliseconds
from seawall.metadata.wants import Want
from seawall.replication.contract import PeerError, Question
from seawall.replication.copying import tee
from seawall.replication.incoming import take_rows
from seawall.replication.pace import paced

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Collection

    from seawall.blobs.contract import BlobStore
    from seawall.blobs.digest import Digest
    from seawall.metadata.database import Database
    from seawall.metadata.repositories import Repository
    from seawall.replication.contract import Peer
    from seawall.replication.http_peer import HttpPeer
    from seawall.replication.neighbourhood import Neighbourhood

__all__ = ["PATIENCE_SECONDS", "ReadThrough"]

_T = TypeVar("_T")

PATIENCE_SECONDS: Final = 2.0
"""How long a client waits for other regions' answers, at most, before it is told that there is no such thing."""

_MOST_DISTRUSTED: Final = 1000


class ReadThrough:
    """The :class:`~seawall.elsewhere.Elsewhere` of a node with neighbours."""

    def __init__(self, database: Database, store: BlobStore, neighbourhood: Neighbourhood) -> None:
        self._database = database
        self._store = store
        self._neighbourhood = neighbourhood
        self._asked: dict[Question, asyncio.Task[bool]] = {}
        self._distrusted: dict[Digest, dict[str, float]] = {}

    async def bring(self, repository: Repository, references: Collection[str], blobs: Collection[Digest] = ()) -> bool:
        """Bring here what other regions know of manifests and linked blobs."""
        question = Question(repository, tuple(sorted(references)), tuple(sorted(blobs)))
        # Many clients that want the same new image at once are one question.
        task = self._asked.get(question)
        if task is None:
            task = self._asked[question] = asyncio.create_task(self._bring(question))
            task.add_done_callback(lambda _: self._asked.pop(question, None))
        return await asyncio.shield(task)

    async def has(self, digest: Digest, size: int) -> bool:  # noqa: ARG002 - the contract's
        """Say whether another region holds a blob's bytes."""
        peers = await self._neighbourhood.answering()
        unsure = len(peers) < await self._neighbourhood.others()
        asked = [asyncio.create_task(self._answer(peer, peer.has(digest))) for peer in peers]
        try:
            for answered in asyncio.as_completed(asked):
                answer = await answered
                if answer:
                    return True
                unsure = unsure or answer is None
        finally:
            for task in asked:
                task.cancel()
        if unsure:
            raise ElsewhereError("a region that may hold it does not answer", again=True)
        return False

    async def blob(self, digest: Digest, size: int, start: int, stop: int) -> AsyncGenerator[bytes]:
        """Read the octets of a blob; a whole blob is kept here as well."""
        peers = await self._neighbourhood.answering()
        # A region that cannot be asked just now, or comes by itself, may have it.
        why, again = "no other region that can be reached has it", len(peers) < await self._neighbourhood.others()
        for peer in self._trusted_first(peers, digest):
            begun = False
            try:
                async with aclosing(self._parts(peer, digest, size, start, stop)) as parts:
                    async with asyncio.timeout(PATIENCE_SECONDS):
                        first = await anext(parts, b"")
                    begun = True
                    yield first
                    async for part in parts:
                        yield part
            except TimeoutError:
                self._neighbourhood.silent(peer.region)
                why, again = f"{peer.region}: it does not answer", True
            except PeerError as refusal:
                if refusal.absent:
                    continue
                # It has it and does not give it well: the next client is not sent there first, and somebody else is
                # asked for all of it meanwhile.
                self._distrust(peer, digest)
                if refusal.silent:
                    self._neighbourhood.silent(peer.region)
                await self._want(digest, size)
                why, again = str(refusal), True
                if begun:
                    # Half an answer cannot be taken back; the client sees that it is cut off, and asks again.
                    break
            else:
                return
        raise ElsewhereError(why, again=again)

    async def _parts(self, peer: Peer, digest: Digest, size: int, start: int, stop: int) -> AsyncGenerator[bytes]:
        if (start, stop) == (0, size):
            try:
                async with aclosing(tee(self._store, peer, digest, size)) as kept:
                    async for part in kept:
                        yield part
            except UploadBusyError:
                pass
            else:
                return
        # Somebody else is keeping it, or only a part was asked for: then see to it that all of it is copied soon.
        await self._want(digest, size)
        async with peer.blob(digest, start, stop) as parts:
            room = stop - start
            async for part in paced(parts, peer.region):
                room -= len(part)
                if room < 0:
                    raise PeerError(peer.region, f"more came of blob {digest} than was asked for")
                yield part
        if room:
            raise PeerError(peer.region, f"{room} octets of blob {digest} did not come")

    def _trusted_first(self, peers: list[HttpPeer], digest: Digest) -> list[HttpPeer]:
        """Put those last that gave a blob badly, the latest at the very end."""
        failed = self._distrusted.get(digest, {})
        return sorted(peers, key=lambda peer: failed.get(peer.region, 0.0))

    def _distrust(self, peer: Peer, digest: Digest) -> None:
        self._distrusted.setdefault(digest, {})[peer.region] = time.monotonic()
        while len(self._distrusted) > _MOST_DISTRUSTED:
            del self._distrusted[next(iter(self._distrusted))]

    async def _want(self, digest: Digest, size: int) -> None:
        await self._database.note(wants.urge, Want(digest, size, tagged=True, since=wall_milliseconds()))

    async def _bring(self, question: Question) -> bool:
        peers = await self._neighbourhood.answering()
        asked = [asyncio.create_task(self._answer(peer, peer.lookup(question))) for peer in peers]
        try:
            for answered in asyncio.as_completed(asked):
                rows = await answered
                if rows and await take_rows(self._database, rows):
                    return True
        finally:
            for task in asked:
                task.cancel()
        return False

    async def _answer(self, peer: Peer, asked: Awaitable[_T]) -> _T | None:
        """Wait for a region's answer; one that does not come is none, and it is not asked again for a while."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await asked
        except PeerError as error:
            if error.silent:
                self._neighbourhood.silent(peer.region)
        except TimeoutError:
            self._neighbourhood.silent(peer.region)
        return None
