"""A clock whose readings only grow."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from seawall.metadata.clock import HybridClock, reading_at, seconds_of

milliseconds = st.integers(0, 2**42)
moments = st.floats(0, 2**32, allow_nan=False)


@given(st.lists(st.tuples(milliseconds, st.integers(0, 2**58)), min_size=1, max_size=30))
def test_readings_grow_whatever_the_wall_shows(steps: list[tuple[int, int]]) -> None:
    wall = 0
    clock = HybridClock(lambda: wall)
    last = 0
    for shown, seen in steps:
        wall = shown
        reading = clock.tick(seen)
        assert reading > last
        assert reading > seen
        assert seconds_of(reading) * 1000 >= shown - 0.001
        last = reading


@given(st.lists(milliseconds, min_size=2, max_size=30).map(sorted))
def test_readings_follow_the_wall_where_it_goes_forward(walls: list[int]) -> None:
    shown = iter(walls)
    clock = HybridClock(lambda: next(shown))
    for wall, following in pairwise(walls):
        if wall != following:
            assert int(seconds_of(clock.tick()) * 1000 + 0.5) == wall
        else:
            clock.tick()


def test_a_wall_set_back_by_a_year_is_waited_for() -> None:
    wall = 1_700_000_000_000
    clock = HybridClock(lambda: wall)
    before = clock.tick()
    wall -= 365 * 86_400_000
    readings = [clock.tick() for _ in range(100_000)]
    assert readings[0] > before
    assert all(first < second for first, second in pairwise(readings))
    assert seconds_of(readings[-1]) - seconds_of(before) < 0.01


def test_a_clock_may_be_read_by_many_threads() -> None:
    clock = HybridClock()
    with ThreadPoolExecutor(4) as threads:
        readings = list(threads.map(lambda _: [clock.tick() for _ in range(2_000)], range(4)))
    assert len({reading for mine in readings for reading in mine}) == 8_000
    assert all(mine == sorted(mine) for mine in readings)


def test_the_wall_is_that_of_the_world() -> None:
    assert abs(seconds_of(HybridClock().tick()) - time.time()) < 5


@given(moments, moments)
def test_moments_are_read_as_they_are_written(first: float, second: float) -> None:
    assert abs(seconds_of(reading_at(first)) - first) <= 0.001
    assert (reading_at(first) <= reading_at(second)) >= (first <= second)


@given(milliseconds)
def test_a_reading_fits_the_column_it_is_kept_in(wall: int) -> None:
    assert HybridClock(lambda: wall).tick(2**62) < 2**63
