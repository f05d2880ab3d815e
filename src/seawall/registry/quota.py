"""How much a registry may hold: what its tier gives, held against what there is before anything more comes in."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Protocol

from seawall.errors import ApiError
from seawall.metadata import usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from seawall.metadata.database import Database
    from seawall.tiers import TiersOf
    from seawall.topology import Registry

__all__ = ["Quota", "StorageQuota", "Unbounded"]

_FASTEST: Final = 4 << 30
"""Octets a second, more than any machine takes in: nobody counts again before a registry could be full at that pace."""
_LONGEST_SECONDS: Final = 60.0


class Quota(Protocol):
    """Whoever knows whether there is room."""

    async def check(self, registry: Registry) -> None:
        """Let something more in.

        Raises:
            ApiError: 403; the registry holds as much as its tier gives.
        """


class Unbounded:
    """There is always room."""

    async def check(self, registry: Registry) -> None:
        """Let it in."""


class StorageQuota:
    """The storage that tiers give. An upload that has begun is finished, so a registry may end a little above it."""

    def __init__(self, database: Database, tiers: TiersOf, now: Callable[[], float] = time.monotonic) -> None:
        """Take where what there is is written, what each tier gives, and a clock in seconds."""
        self._database = database
        self._tiers = tiers
        self._now = now
        self._room_until: dict[tuple[str, int], float] = {}

    async def check(self, registry: Registry) -> None:
        """Let something more in.

        Raises:
            ApiError: 403; the registry holds as much as its tier gives.
        """
        most = self._tiers[registry.tier].storage_octets
        if most is None or self._now() < self._room_until.get((registry.name, most), 0.0):
            return
        used = await self._database.read(usage.octets, registry.name)
        if used >= most:
            raise ApiError(
                403,
                "DENIED",
                f"the registry holds {used} octets, and its tier gives {most}; delete images that nobody needs, or "
                "choose a tier that gives more",
            )
        self._room_until[registry.name, most] = self._now() + min(_LONGEST_SECONDS, (most - used) / _FASTEST)
