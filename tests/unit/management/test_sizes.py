"""Sizes are counted anew as often as that costs little."""

from __future__ import annotations

import asyncio
from typing import Any

from seawall.management.sizes import Sizes


class Slow:
    """A database that takes its time, on a clock of its own."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.time = 1000.0
        self.octets = 0

    async def cached(self, _query: object, _registry: str) -> Any:  # noqa: ANN401 - as the database has it
        self.time += self.seconds
        return self.octets

    def sizes(self) -> Sizes:
        return Sizes(self, lambda: self.time)  # type: ignore[arg-type]


def test_what_is_counted_at_once_is_always_right() -> None:
    database = Slow(0.0)
    sizes = database.sizes()
    for octets in (0, 5, 3):
        database.octets = octets
        assert asyncio.run(sizes.of("myregistry")) == octets


def test_what_takes_long_is_told_again_for_a_hundred_times_as_long() -> None:
    database = Slow(0.3)
    sizes = database.sizes()
    asyncio.run(sizes.of("myregistry"))
    database.octets = 7
    database.time += 29.9
    assert asyncio.run(sizes.of("myregistry")) == 0
    assert asyncio.run(sizes.of("another")) == 7
    database.time += 0.2
    assert asyncio.run(sizes.of("myregistry")) == 7
