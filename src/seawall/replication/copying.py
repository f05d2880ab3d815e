"""Copying one blob from another region: resumed where it broke off, verified before anybody may see it."""

from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING, Final

from seawall.blobs.contract import DigestMismatchError, UploadBusyError
from seawall.replication.contract import PeerError
from seawall.replication.pace import paced

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from typing import Self

    from seawall.blobs.contract import BlobStore, Upload
    from seawall.blobs.digest import Digest
    from seawall.replication.contract import Peer
    from seawall.replication.throttle import Throttle

__all__ = ["copy", "keep", "tee"]

_BATCH: Final = 2 << 20
"""Octets gathered before a thread is asked to write and hash them."""


async def copy(store: BlobStore, peer: Peer, digest: Digest, size: int, throttle: Throttle) -> None:
    """Copy a blob into a store.

    Raises:
        PeerError: The region does not give it, or gives something else; what may be good of it is kept.
        UploadBusyError: It is being copied already.
    """
    if await _copy(store, peer, digest, size, throttle):
        return
    # What was there before may have been another region's fault: this one is asked for all of it before it is blamed.
    if not await _copy(store, peer, digest, size, throttle):
        raise PeerError(peer.region, f"it sent other bytes for blob {digest}")


async def keep(store: BlobStore, parts: AsyncIterator[bytes], region: str, digest: Digest, size: int) -> None:
    """Keep a blob that a region sends from its first octet on.

    Raises:
        PeerError: It sends something else.
        UploadBusyError: It is being copied already.
    """
    with store.copying(digest) as begun:
        if begun.offset:
            begun.cancel()
    with store.copying(digest) as upload:
        async with _Keeping(upload, region, digest, size) as keeping:
            async for part in paced(parts, region):
                await keeping.take(part)
        await _finish(upload, region, digest)


async def tee(store: BlobStore, peer: Peer, digest: Digest, size: int) -> AsyncGenerator[bytes]:
    """Yield a blob's octets as they come, and keep it.

    Whoever reads gets them before they are verified, as from any registry: its clients hold them against the digest.

    Raises:
        PeerError: The region does not give it, or gives something else.
        UploadBusyError: It is being copied already, or was begun; or there is no room to keep it.
    """
    with store.copying(digest) as upload:
        if upload.offset or size > store.room():
            raise UploadBusyError(digest)
        if size:
            async with peer.blob(digest, 0, size) as parts, _Keeping(upload, peer.region, digest, size) as keeping:
                async for part in paced(parts, peer.region):
                    await keeping.take(part)
                    yield part
        await _finish(upload, peer.region, digest)


async def _copy(store: BlobStore, peer: Peer, digest: Digest, size: int, throttle: Throttle) -> bool:
    """Copy, going on where it was left; ``False`` if that turned out to be no beginning of this blob."""
    with store.copying(digest) as upload:
        resumed = upload.offset > 0
        if upload.offset > size:
            upload.cancel()
            return False
        missing, room = size - upload.offset, store.room()
        if missing > room:
            # A disk that a copy has filled takes no push either, and cannot even note why.
            upload.cancel()
            raise OSError(errno.ENOSPC, f"{missing} octets are to come, and there is room for {room}")
        if upload.offset < size:
            async with (
                peer.blob(digest, upload.offset, size) as parts,
                _Keeping(upload, peer.region, digest, size) as keeping,
            ):
                async for part in paced(parts, peer.region):
                    await throttle.spend(len(part))
                    await keeping.take(part)
        try:
            await _finish(upload, peer.region, digest)
        except PeerError:
            if not resumed:
                raise
            return False
    return True


class _Keeping:
    """Appends what a region sends, and no more than the blob has; while a thread writes, the next part is received."""

    def __init__(self, upload: Upload, region: str, digest: Digest, size: int) -> None:
        self._upload = upload
        self._region = region
        self._what = f"blob {digest}"
        self._room = size - upload.offset
        self._batch: list[bytes] = []
        self._gathered = 0
        self._writing: asyncio.Future[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def take(self, part: bytes) -> None:
        self._room -= len(part)
        if self._room < 0:
            raise PeerError(self._region, f"more came of {self._what} than it has")
        self._batch.append(part)
        self._gathered += len(part)
        if self._gathered >= _BATCH:
            await self._written()
            batch, self._batch, self._gathered = self._batch, [], 0
            self._writing = asyncio.ensure_future(asyncio.to_thread(self._upload.append, batch))

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        # Also what came before a failure is kept, and is not asked for twice.
        try:
            await _in_any_case(asyncio.ensure_future(self._flush()))
        except OSError:
            # Most likely the disk is full: give back what it took.
            await asyncio.to_thread(self._upload.cancel)
            raise
        if self._room < 0:
            # What comes from somebody who does not know where to end is worth nothing.
            await asyncio.to_thread(self._upload.cancel)
        if kind is None and self._room:
            raise PeerError(self._region, f"{self._room} octets of {self._what} did not come")

    async def _flush(self) -> None:
        await self._written()
        await asyncio.to_thread(self._upload.append, self._batch)

    async def _written(self) -> None:
        if self._writing is not None:
            writing, self._writing = self._writing, None
            await _in_any_case(writing)


async def _in_any_case(work: asyncio.Future[None]) -> None:
    """Wait until something is done, also when cancelled: afterwards the file is no longer this upload's."""
    cancelled = False
    while not work.done():
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError
    work.result()


async def _finish(upload: Upload, region: str, digest: Digest) -> None:
    try:
        await asyncio.to_thread(upload.finish, digest)
    except DigestMismatchError as error:
        raise PeerError(region, f"it sent other bytes for blob {digest}: {error}") from None
