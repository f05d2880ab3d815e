"""Sending a blob's file, whole or in part."""

from __future__ import annotations

import asyncio
import errno
import os
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Mapping
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

__all__ = ["PartResponse", "WholeFileResponse"]

_PATHSEND: Final = "http.response.pathsend"

_AT_ONCE: Final = 128 * 1024
"""Octets up to which a file that is in memory is sent from here: a detour by the server's threads takes longer."""


class WholeFileResponse(Response):
    """A file that the server sends by itself: its bytes never pass through Python (ASGI extension "Path Send").

    Small ones that need no disk are the exception.
    """

    def __init__(self, path: Path, size: int, headers: Mapping[str, str], status: int = 200) -> None:
        """Take the file, its size in octets, headers, the length among them, and the status."""
        self.status_code = status
        self.background = None
        self.span = (0, size)
        self._path = path
        self._size = size
        self.init_headers(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Send it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if self._size <= _AT_ONCE and (data := _in_memory(self._path, self._size)) is not None:
            await send({"type": "http.response.body", "body": data})
        else:
            await send({"type": _PATHSEND, "path": str(self._path)})


class PartResponse(Response):
    """Some octets of a file, read in threads."""

    def __init__(self, parts: Iterator[bytes], headers: Mapping[str, str], span: tuple[int, int]) -> None:
        """Take the octets, headers, length and range among them, and from where to where the octets are."""
        self.status_code = 206
        self.background = None
        self.span = span
        self._parts = parts
        self.init_headers(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Send them."""
        await send({"type": "http.response.start", "status": 206, "headers": self.raw_headers})
        while part := await asyncio.to_thread(next, self._parts, b""):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class RelayResponse(Response):
    """Octets that come from elsewhere, sent on as they come; the head is that of the file that is not here."""

    def __init__(self, first: bytes, rest: AsyncGenerator[bytes], like: WholeFileResponse | PartResponse) -> None:
        """Take the octets and the answer that would have been given."""
        self.status_code = like.status_code
        self.background = None
        self.raw_headers = like.raw_headers
        self._first = first
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Send them; where they end too early, so does the connection."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        # Closed at once when the client goes away: whoever sends and keeps what comes must know where it ends.
        async with aclosing(self._rest) as rest:
            await send({"type": "http.response.body", "body": self._first, "more_body": True})
            async for part in rest:
                await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _in_memory(path: Path, size: int) -> bytes | None:
    """Read a whole file if that takes no waiting for a disk (``RWF_NOWAIT``, preadv2(2)); else ``None``."""
    data = bytearray(size)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        read = os.preadv(descriptor, [data], 0, os.RWF_NOWAIT)
    except OSError as error:
        # Not in memory, or a file system that cannot tell.
        if error.errno not in {errno.EAGAIN, errno.EOPNOTSUPP}:
            raise
        return None
    finally:
        os.close(descriptor)
    return bytes(data) if read == size else None
