"""A hybrid logical clock: wall time where it moves forward, a counter where it does not.

A reading is one integer: milliseconds since 1970 in the upper bits, a 16-bit counter in the lower. Each database keeps
its last reading (``log.clock``), so that all processes that write to it share one clock: readings only grow, also when
a wall clock is set back, and a reading taken after seeing another region's is greater than that one.

Source: S. Kulkarni et al., "Logical Physical Clocks and Consistent Snapshots in Globally Distributed Databases" (2014).
"""

from __future__ import annotations

import time
from typing import Final

__all__ = ["reading_at", "reading_of", "seconds_of", "wall_milliseconds"]

_COUNTER_BITS: Final = 16


def wall_milliseconds() -> int:
    """Return the wall's time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def reading_of(milliseconds: int) -> int:
    """Return the least reading in a millisecond since 1970."""
    return milliseconds << _COUNTER_BITS


def seconds_of(reading: int) -> float:
    """Return the seconds since 1970 of a reading."""
    return (reading >> _COUNTER_BITS) / 1000


def reading_at(seconds: float) -> int:
    """Return the least reading at a moment given in seconds since 1970."""
    return reading_of(int(seconds * 1000))
