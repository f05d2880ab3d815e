"""Reading request bodies, within limits of size and patience."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect

from seawall.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

__all__ = ["IDLE_SECONDS", "chunks", "read"]

IDLE_SECONDS: Final = 60.0
"""How long a client may send nothing in the middle of a body before it is hung up on."""


async def chunks(request: Request) -> AsyncIterator[bytes]:
    """Yield a request's body as it arrives.

    Raises:
        ApiError: 408, when the client goes silent.
        ClientDisconnect: The client went away.
    """
    receive = request.receive
    while True:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                message = await receive()
        except TimeoutError:
            raise ApiError(
                408,
                "UNSUPPORTED",
                f"nothing arrived for {IDLE_SECONDS:.0f} seconds; try again",
                headers=_HANG_UP,
            ) from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        data = message.get("body", b"")
        if data:
            yield data
        if not message.get("more_body", False):
            return


async def read(request: Request, limit: int, code: str) -> bytes:
    """Read a whole body of at most ``limit`` octets.

    Raises:
        ApiError: 413 with the given code if there is more, 415 if it is compressed.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ApiError(415, code, "send the body as it is, without Content-Encoding")
    too_large = ApiError(413, code, f"the body must not be larger than {limit} bytes", headers=_HANG_UP)
    if int(request.headers.get("content-length") or 0) > limit:
        raise too_large
    parts: list[bytes] = []
    size = 0
    async for data in chunks(request):
        size += len(data)
        if size > limit:
            raise too_large
        parts.append(data)
    return b"".join(parts)


# What follows on this connection is the rest of a body nobody wants to read.
_HANG_UP: Final = {"Connection": "close"}
