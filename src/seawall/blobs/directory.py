"""Blobs in a local directory.

Layout::

    blobs/<algorithm>/<first two hex digits>/<hex>
    uploads/<hash of identifier and owner>

A blob's file is written under ``uploads``, verified, synced and only then renamed into place, and the directory is
synced after it: whatever has a blob's name has its bytes, after a power cut too. Processes share the directory; what
they must agree on is decided by the file system (rename, ``flock``), so there is no state beside the files.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
import stat
import time
from collections import OrderedDict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from seawall.blobs.contract import DigestMismatchError, UploadBusyError, UploadUnknownError
from seawall.blobs.digest import ALGORITHMS, DEFAULT_ALGORITHM, Digest, new_hash
from seawall.blobs.writer import FileWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["DirectoryBlobs"]

_READ_SIZE: Final = 1 << 20
_IDENTIFIER_BYTES: Final = 16
_KEPT_BACK: Final = 256 * 1024 * 1024
"""Octets that are left free, of a disk that is large enough; a twentieth of a small one."""
# A hash's state cannot leave its process, so it is only an optimisation: dropped, it is computed again from the file.
_RUNNING_HASHES: Final = 1024


class DirectoryBlobs:
    """The :class:`~seawall.blobs.contract.BlobStore` of one directory, safe for many processes."""

    def __init__(self, root: Path) -> None:
        self._blobs = root.absolute() / "blobs"
        self._uploads = root.absolute() / "uploads"
        self._hashes: OrderedDict[str, _RunningHash] = OrderedDict()
        for algorithm in ALGORITHMS:
            # Made and synced once and for all, so that publishing a blob has one directory to sync, not two.
            directory = self._blobs / algorithm
            if not (directory / "ff").is_dir():
                for prefix in range(256):
                    (directory / f"{prefix:02x}").mkdir(parents=True, exist_ok=True)
                for made in (directory, self._blobs, self._blobs.parent):
                    _sync_directory(made)
        self._uploads.mkdir(parents=True, exist_ok=True)

    def path(self, digest: Digest) -> Path:
        """Return where a blob's bytes are, whether or not it is here."""
        return Path(self._file(digest))

    def _file(self, digest: Digest) -> str:
        # On the way of every download, where Path would cost more than the look-up it is for.
        algorithm, _, value = digest.partition(":")
        return f"{self._blobs}/{algorithm}/{value[:2]}/{value}"

    def size(self, digest: Digest) -> int | None:
        """Return a blob's size in bytes, or ``None`` when it is not here."""
        try:
            return os.stat(self._file(digest)).st_size  # noqa: PTH116 - see _file
        except FileNotFoundError:
            return None

    def read(self, digest: Digest, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes from ``start`` up to, not including, ``stop``."""
        with self.path(digest).open("rb", buffering=0) as file:
            while start < stop and (data := os.pread(file.fileno(), min(_READ_SIZE, stop - start), start)):
                start += len(data)
                yield data

    def delete(self, digest: Digest) -> None:
        """Forget a blob; one that is not here is fine."""
        self.path(digest).unlink(missing_ok=True)

    def begin(self, owner: str, algorithm: str) -> str:
        """Begin an upload: one empty file, whose name only its owner can work out."""
        identifier = secrets.token_hex(_IDENTIFIER_BYTES)
        name = _file_name(identifier, owner)
        os.close(os.open(self._uploads / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        self._remember(name, _RunningHash(algorithm))
        return identifier

    @contextmanager
    def upload(self, identifier: str, owner: str) -> Iterator[_DirectoryUpload]:
        """Open an upload, exclusively."""
        name = _file_name(identifier, owner)
        try:
            descriptor = os.open(self._uploads / name, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            raise UploadUnknownError(identifier) from None
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UploadBusyError(identifier) from None
            # Whoever held the lock before may have finished or cancelled: then this file has lost its name.
            if not _is_file(self._uploads / name, descriptor):
                raise UploadUnknownError(identifier)
            upload = _DirectoryUpload(self, name, descriptor, self._hashes.pop(name, None))
            try:
                yield upload
            finally:
                upload.put_down()
                if upload.open and upload.hash.length == upload.offset:
                    self._remember(name, upload.hash)
        finally:
            os.close(descriptor)

    @contextmanager
    def copying(self, digest: Digest) -> Iterator[_DirectoryUpload]:
        """Open the one upload of a blob that is copied from another store."""
        # Uploads of clients always have an owner, so nobody can come upon this one.
        path = self._uploads / _file_name(digest, "")
        while True:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))
            # It may be finished by somebody else before it is opened: then there is a new one.
            with contextlib.suppress(UploadUnknownError):
                opened = self.upload(digest, "")
                upload = opened.__enter__()
                break
        with contextlib.ExitStack() as stack:
            stack.push(opened)
            yield upload

    def room(self) -> int:
        """Return how many octets may still be copied here."""
        disk = os.statvfs(self._uploads)
        kept_back = min(_KEPT_BACK, disk.f_blocks * disk.f_frsize // 20)
        return max(0, disk.f_bavail * disk.f_frsize - kept_back)

    def expire(self, idle_seconds: float) -> int:
        """Cancel uploads that received nothing for so long; return how many."""
        oldest = time.time() - idle_seconds
        return sum(self._expire_one(Path(entry.path), oldest) for entry in os.scandir(self._uploads))

    def _expire_one(self, path: Path, oldest: float) -> bool:
        try:
            if path.stat().st_mtime >= oldest:
                return False
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Looked at again under the lock: somebody may have gone on with it in between, or finished.
            if os.fstat(descriptor).st_mtime >= oldest or not _is_file(path, descriptor):
                return False
            path.unlink()
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        return True

    def upload_path(self, name: str) -> Path:
        """Return where an upload's bytes are gathered."""
        return self._uploads / name

    def _remember(self, name: str, running: _RunningHash) -> None:
        self._hashes[name] = running
        while len(self._hashes) > _RUNNING_HASHES:
            self._hashes.popitem(last=False)


class _RunningHash:
    """The hash of an upload's first ``length`` bytes."""

    def __init__(self, algorithm: str) -> None:
        self.algorithm = algorithm
        self.length = 0
        self._hash = new_hash(algorithm)

    def update(self, data: bytes) -> None:
        self._hash.update(data)
        self.length += len(data)

    def digest(self) -> str:
        return f"{self.algorithm}:{self._hash.hexdigest()}"


class _DirectoryUpload:
    """An open upload. Its length is its file's, so there is nothing to keep in step."""

    def __init__(self, store: DirectoryBlobs, name: str, descriptor: int, running: _RunningHash | None) -> None:
        self.open = True
        # Missing or out of date when another process took the bytes before: finish() then reads the file again.
        self.hash = running or _RunningHash(DEFAULT_ALGORITHM)
        self._store = store
        self._path = store.upload_path(name)
        self._descriptor = descriptor
        self._writer = FileWriter(self._path, descriptor)

    @property
    def offset(self) -> int:
        """Bytes received so far."""
        return self._writer.offset

    def append(self, chunks: Sequence[bytes]) -> None:
        """Add bytes at the end."""
        # In one piece: hashing and writing let other threads run meanwhile, and taking turns for every chunk that came
        # costs more than the copy.
        data = b"".join(chunks)
        current = self.hash.length == self.offset
        with self._distrusting_hash():
            self._writer.append(data)
        if current:
            self.hash.update(data)

    @contextmanager
    def _distrusting_hash(self) -> Iterator[None]:
        """Forget the running hash if writing fails: it has counted bytes that may not have reached the file."""
        try:
            yield
        except BaseException:
            self.hash = _RunningHash(self.hash.algorithm)
            raise

    def put_down(self) -> None:
        """Write what is left to write; the upload may be taken up again."""
        try:
            if self.open:
                with self._distrusting_hash():
                    self._writer.flush()
        finally:
            self._writer.close()

    def finish(self, digest: Digest) -> int:
        """Verify and publish the bytes under their digest."""
        with self._distrusting_hash():
            self._writer.flush()
        algorithm, _, _ = digest.partition(":")
        if self.hash.length != self.offset or self.hash.algorithm != algorithm:
            self.hash = self._hash_file(algorithm)
        actual = self.hash.digest()
        if actual != digest:
            self.cancel()
            raise DigestMismatchError(f"the {self.offset} bytes received have the digest {actual}, not {digest}")
        try:
            os.fsync(self._descriptor)
        except OSError:
            # The kernel reports a failed write once and then forgets it: these bytes can never be trusted again.
            self.cancel()
            raise
        # Over one that is there already: its bytes may have been lost or damaged, these were just verified.
        target = self._store.path(digest)
        self._path.rename(target)
        self.open = False
        # Not before it has its name: an upload that cannot be opened for writing could never be finished again.
        os.fchmod(self._descriptor, stat.S_IRUSR)
        _sync_directory(target.parent)
        return self.offset

    def cancel(self) -> None:
        """Discard the upload and its bytes."""
        self._path.unlink(missing_ok=True)
        self.open = False

    def _hash_file(self, algorithm: str) -> _RunningHash:
        running = _RunningHash(algorithm)
        while data := os.pread(self._descriptor, _READ_SIZE, running.length):
            running.update(data)
        return running


def _file_name(identifier: str, owner: str) -> str:
    # The owner is part of the name, so an upload is found by its owner alone and no path can be smuggled in.
    return hashlib.sha256(f"{identifier}\0{owner}".encode("utf-8", "surrogatepass")).hexdigest()


def _is_file(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
