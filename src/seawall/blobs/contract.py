"""What any store of blobs must do.

One suite (``tests/unit/blobs/test_contract.py``) holds every implementation to it.

All calls block; callers on an event loop run them in threads. A store keeps bytes only: who may read them, and through
which repository, is the metadata's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from seawall.blobs.digest import Digest

__all__ = [
    "BlobStore",
    "DigestMismatchError",
    "LocalFiles",
    "Upload",
    "UploadBusyError",
    "UploadUnknownError",
]


class UploadUnknownError(LookupError):
    """No such upload: never begun, finished, cancelled, expired, or somebody else's."""


class UploadBusyError(RuntimeError):
    """Another request is writing this upload right now."""


class DigestMismatchError(ValueError):
    """The bytes do not have the digest they were announced with; nothing was stored."""


class Upload(Protocol):
    """One upload, held exclusively while the context that opened it lasts."""

    @property
    def offset(self) -> int:
        """Bytes received so far."""

    def append(self, chunks: Sequence[bytes]) -> None:
        """Add bytes at the end. They survive the death of the process, not yet that of the machine."""

    def finish(self, digest: Digest) -> int:
        """Verify and publish the bytes under their digest; the upload is gone afterwards.

        When this returns the blob survives a power cut.

        Returns:
            The blob's size in bytes.

        Raises:
            DigestMismatchError: The bytes are other ones; they and the upload are discarded.
        """

    def cancel(self) -> None:
        """Discard the upload and its bytes."""


class BlobStore(Protocol):
    """Blobs by digest, and uploads by identifier."""

    def size(self, digest: Digest) -> int | None:
        """Return a blob's size in bytes, or ``None`` when it is not here."""

    def read(self, digest: Digest, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes from ``start`` up to, not including, ``stop``.

        Raises:
            FileNotFoundError: The blob is not here.
        """

    def delete(self, digest: Digest) -> None:
        """Forget a blob; one that is not here is fine."""

    def begin(self, owner: str, algorithm: str) -> str:
        """Begin an upload.

        Args:
            owner: Whoever may go on with it; :meth:`upload` must be given the same text.
            algorithm: The digest algorithm the client expects to finish with; only a hint.

        Returns:
            An identifier that nobody can guess.
        """

    def upload(self, identifier: str, owner: str) -> AbstractContextManager[Upload]:
        """Open an upload, exclusively.

        Raises:
            UploadUnknownError: There is none with this identifier and owner.
            UploadBusyError: Another request has it open.
        """

    def copying(self, digest: Digest) -> AbstractContextManager[Upload]:
        """Open the one upload of a blob that is copied from another store, where it was left or from the beginning.

        Raises:
            UploadBusyError: It is being copied already.
        """

    def room(self) -> int:
        """Return how many octets may still be copied here: what is free, without what pushes and the database need."""

    def expire(self, idle_seconds: float) -> int:
        """Cancel uploads that received nothing for so long; return how many."""


class LocalFiles(Protocol):
    """A capability: blobs that are plain files, which a server can send without touching their bytes."""

    def path(self, digest: Digest) -> Path:
        """Return where a blob's bytes are, whether or not it is here."""
