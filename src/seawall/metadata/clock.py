"""A hybrid logical clock: wall time where it moves forward, a counter where it does not.

A reading is one integer: milliseconds since 1970 in the upper bits, a 16-bit counter in the lower. Readings of one
clock only grow, also when the wall clock is set back; a reading taken after seeing another is greater than it.

Source: S. Kulkarni et al., "Logical Physical Clocks and Consistent Snapshots in Globally Distributed Databases" (2014).
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HybridClock", "reading_at", "seconds_of"]

_COUNTER_BITS: Final = 16


def _wall_milliseconds() -> int:
    return time.time_ns() // 1_000_000


class HybridClock:
    """The clock of one process; safe for threads."""

    def __init__(self, wall: Callable[[], int] = _wall_milliseconds) -> None:
        """Take ``wall``, which tells milliseconds since 1970."""
        self._wall = wall
        self._last = 0
        self._lock = threading.Lock()

    def tick(self, seen: int = 0) -> int:
        """Take a reading, greater than every earlier one and than ``seen``."""
        with self._lock:
            self._last = max(self._wall() << _COUNTER_BITS, self._last + 1, seen + 1)
            return self._last


def seconds_of(reading: int) -> float:
    """Return the seconds since 1970 of a reading."""
    return (reading >> _COUNTER_BITS) / 1000


def reading_at(seconds: float) -> int:
    """Return the least reading at a moment given in seconds since 1970."""
    return int(seconds * 1000) << _COUNTER_BITS
