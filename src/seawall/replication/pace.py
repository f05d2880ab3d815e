"""How slowly a region may send before it is given up: one that trickles is worse than one that is silent."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from seawall.replication.contract import PeerError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["paced"]

_SLOWEST: Final = 16 * 1024
"""Octets a second, on the whole."""
_PATIENCE_SECONDS: Final = 30.0


async def paced(parts: AsyncIterator[bytes], region: str) -> AsyncIterator[bytes]:
    """Yield what a region sends; only the time that it lets one wait is counted.

    Raises:
        PeerError: It sends too slowly.
    """
    waited, received = 0.0, 0
    while True:
        asked = time.monotonic()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                part = await anext(parts)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise PeerError(region, f"nothing came for {_PATIENCE_SECONDS:.0f} seconds", silent=True) from None
        waited += time.monotonic() - asked
        received += len(part)
        if waited > _PATIENCE_SECONDS + received / _SLOWEST:
            raise PeerError(region, f"it sent {received} octets in {waited:.0f} seconds; given up")
        yield part
