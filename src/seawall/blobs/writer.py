"""Writing an upload's file past the page cache.

A layer is written once and synced before anybody is told that it is here, so keeping its pages in memory on the way
gains nothing, and costs a copy, memory that others could use, and a burst of write-back at the end. Whole blocks
therefore go to the disk directly (``O_DIRECT``, see open(2)), from a buffer that is aligned as the kernel wants it.
What does not fill a block waits for more, and is written the ordinary way when the upload is put down or finished.
Where a file system cannot do it, or an upload was put down in the middle of a block, everything is written that way.
"""

from __future__ import annotations

import errno
import mmap
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FileWriter"]

_BLOCK: Final = 4096
_BUFFER: Final = 1 << 20
_WORTH_IT: Final = 256 * 1024
"""Octets in one call from which it is worth going past the page cache."""
_KEPT_BUFFERS: Final = 4

# Anonymous maps begin on a page. They are kept, since every new page of a new one costs a fault.
_buffers: list[mmap.mmap] = []


class FileWriter:
    """Appends to one file, held open by its upload."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._direct: int | None = None
        self._written = os.fstat(descriptor).st_size
        self._rest = b""

    @property
    def offset(self) -> int:
        """Octets taken so far."""
        return self._written + len(self._rest)

    def append(self, data: bytes) -> None:
        """Take octets; all but the last block's are in the file afterwards."""
        if len(data) >= _WORTH_IT and self._written % _BLOCK == 0 and self._open_direct():
            self._append_directly(data)
        else:
            self._write(self._descriptor, memoryview(self._rest + data))
            self._rest = b""

    def flush(self) -> None:
        """Write what waits for the rest of its block."""
        rest, self._rest = self._rest, b""
        self._write(self._descriptor, memoryview(rest))

    def close(self) -> None:
        """Let go of the file; nothing can be written from now on, since its descriptor may soon be another file's."""
        self._descriptor = -1
        if self._direct is not None:
            os.close(self._direct)
            self._direct = None

    def _open_direct(self) -> bool:
        if self._direct is None:
            try:
                self._direct = os.open(self._path, os.O_WRONLY | os.O_DIRECT | os.O_CLOEXEC)
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
                return False
        return True

    def _append_directly(self, data: bytes) -> None:
        assert self._direct is not None
        buffer = _take_buffer()
        view = memoryview(buffer)
        try:
            filled = 0
            for chunk in (self._rest, data):
                start = 0
                while start < len(chunk):
                    taken = min(len(chunk) - start, _BUFFER - filled)
                    view[filled : filled + taken] = memoryview(chunk)[start : start + taken]
                    filled, start = filled + taken, start + taken
                    if filled == _BUFFER:
                        self._rest = b""
                        self._write(self._direct, view)
                        filled = 0
            whole = filled - filled % _BLOCK
            self._rest = b""
            self._write(self._direct, view[:whole])
            self._rest = bytes(view[whole:filled])
        finally:
            if len(_buffers) < _KEPT_BUFFERS:
                _buffers.append(buffer)

    def _write(self, descriptor: int, data: memoryview) -> None:
        # A write falls short when the disk fills up; the next one then raises, and the client can resume from offset.
        while data:
            written = os.pwrite(descriptor, data, self._written)
            self._written += written
            data = data[written:]


def _take_buffer() -> mmap.mmap:
    try:
        return _buffers.pop()
    except IndexError:
        return mmap.mmap(-1, _BUFFER)
