"""How many octets registries hold, counted no more often than is worth it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from seawall.metadata import usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from seawall.metadata.database import Database

__all__ = ["Sizes"]

_PATIENCE: Final = 100.0
"""How many times as long as counting took its outcome is told again: counting is a hundredth of the time at most."""


class Sizes:
    """A worker's memory of sizes: of a small registry it is always right, of a large one it may be seconds old."""

    def __init__(self, database: Database, now: Callable[[], float] = time.monotonic) -> None:
        """Take where what there is is written, and a clock in seconds."""
        self._database = database
        self._now = now
        self._known: dict[str, tuple[int, float]] = {}

    async def of(self, registry: str) -> int:
        """Count the octets of a registry's layers and manifests."""
        begin = self._now()
        octets, until = self._known.get(registry, (0, 0.0))
        if begin >= until:
            octets = await self._database.cached(usage.octets, registry)
            end = self._now()
            self._known[registry] = octets, end + _PATIENCE * (end - begin)
        return octets
