"""Sending a blob's file, whole or in part."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

__all__ = ["PartResponse", "WholeFileResponse"]

_PATHSEND: Final = "http.response.pathsend"


class WholeFileResponse(Response):
    """A file that the server sends by itself: its bytes never pass through Python (ASGI extension "Path Send")."""

    def __init__(self, path: Path, headers: Mapping[str, str]) -> None:
        """Take the file and headers, the length among them."""
        self.status_code = 200
        self.background = None
        self._path = path
        self.init_headers(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Send it."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send({"type": _PATHSEND, "path": str(self._path)})


class PartResponse(Response):
    """Some octets of a file, read in threads."""

    def __init__(self, parts: Iterator[bytes], headers: Mapping[str, str]) -> None:
        """Take the octets and headers, length and range among them."""
        self.status_code = 206
        self.background = None
        self._parts = parts
        self.init_headers(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Send them."""
        await send({"type": "http.response.start", "status": 206, "headers": self.raw_headers})
        while part := await asyncio.to_thread(next, self._parts, b""):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
