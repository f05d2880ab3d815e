"""Reading request bodies, within limits of size and patience."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect

from seawall.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.types import Scope

__all__ = ["HANG_UP", "IDLE_SECONDS", "WHOLE_SECONDS", "chunks", "discard", "has_body", "linger", "read"]

HANG_UP: Final = {"Connection": "close"}
"""For answers given while a body is on its way: what follows on the connection is the rest of it."""

WHOLE_SECONDS: Final = 60.0
"""How long a body that is read as a whole may take in all."""

_READ: Final = "seawall.body_read"
_DISCARDED: Final = 256 * 1024
_DISCARD_SECONDS: Final = 1.0
_LINGER_SECONDS: Final = 2.0
_LINGER_SIZE: Final = 256 * 1024 * 1024

IDLE_SECONDS: Final = 60.0
"""How long a client may send nothing in the middle of a body before it is hung up on."""


async def chunks(request: Request) -> AsyncIterator[bytes]:
    """Yield a request's body as it arrives.

    Raises:
        ApiError: 408, when the client goes silent.
        ClientDisconnect: The client went away.
    """
    receive = request.receive
    clock = asyncio.get_running_loop().time
    try:
        async with asyncio.timeout(IDLE_SECONDS) as patience:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                patience.reschedule(None)
                if data := message.get("body"):
                    yield data
                if not message.get("more_body", False):
                    request.scope[_READ] = True
                    return
                patience.reschedule(clock() + IDLE_SECONDS)
    except TimeoutError:
        raise ApiError(
            408, "UNSUPPORTED", f"nothing arrived for {IDLE_SECONDS:.0f} seconds; try again", headers=HANG_UP
        ) from None


async def read(request: Request, limit: int, code: str) -> bytes:
    """Read a whole body of at most ``limit`` octets.

    Raises:
        ApiError: 413 with the given code if there is more, 415 if it is compressed, 408 if it takes too long.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ApiError(415, code, "send the body as it is, without Content-Encoding")
    too_large = ApiError(413, code, f"the body must not be larger than {limit} bytes", headers=HANG_UP)
    if int(request.headers.get("content-length") or 0) > limit:
        raise too_large
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(WHOLE_SECONDS):
            async for data in chunks(request):
                size += len(data)
                if size > limit:
                    raise too_large
                parts.append(data)
    except TimeoutError:
        message = f"the body did not come within {WHOLE_SECONDS:.0f} seconds; try again"
        raise ApiError(408, code, message, headers=HANG_UP) from None
    return b"".join(parts)


async def linger(request: Request) -> None:
    """Go on reading for a moment after a refusal was sent, with the connection about to be closed.

    Closing while the client still writes would reset the connection, and the client would never read why.
    """
    size = 0
    with contextlib.suppress(TimeoutError, ApiError, ClientDisconnect):
        async with asyncio.timeout(_LINGER_SECONDS):
            async for data in chunks(request):
                size += len(data)
                if size > _LINGER_SIZE:
                    return


def has_body(scope: Scope) -> bool:
    """Say whether a request comes with a body (RFC 9112 section 6)."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


async def discard(request: Request) -> bool:
    """Read the rest of a request's body, if nobody did, so that the connection can be used again.

    Returns:
        Whether that is so; a long rest is left unread, and then the connection has to be closed.
    """
    headers = request.headers
    if request.scope.get(_READ):
        return True
    # A client that waits for "100 Continue" has not sent anything, and need not.
    if "expect" in headers or "transfer-encoding" in headers or int(headers["content-length"]) > _DISCARDED:
        return False
    with contextlib.suppress(TimeoutError, ApiError, ClientDisconnect):
        async with asyncio.timeout(_DISCARD_SECONDS):
            async for _ in chunks(request):
                pass
        return True
    return False
