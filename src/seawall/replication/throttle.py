"""A limit on how many octets a second are copied, shared by all copies of a node."""

from __future__ import annotations

import asyncio
import time

__all__ = ["Throttle"]


class Throttle:
    """Lets so many octets through a second, in the order in which they are asked for."""

    def __init__(self, octets_per_second: float | None) -> None:
        """Take the limit; ``None`` for none."""
        self._rate = octets_per_second
        self._free_at = 0.0

    async def spend(self, octets: int) -> None:
        """Wait until so many more octets may have come."""
        if self._rate is None:
            return
        now = time.monotonic()
        self._free_at = max(self._free_at, now) + octets / self._rate
        await asyncio.sleep(self._free_at - now)
