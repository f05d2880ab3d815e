"""A database's clock: its readings only grow, whatever the wall shows and whoever writes."""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from seawall.metadata.clock import reading_at, seconds_of, wall_milliseconds
from seawall.metadata.own import LOG
from seawall.metadata.rows import observe
from tests.unit.metadata.processes import take_readings

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from seawall.metadata.database import Database
    from seawall.metadata.rows import Writer

milliseconds = st.integers(0, 2**42)
moments = st.floats(0, 2**32, allow_nan=False)


class Wall:
    """A wall clock that shows what it is told to."""

    def __init__(self) -> None:
        self.shows = 0

    def __call__(self) -> int:
        return self.shows


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def clock(url: str, wall: Wall, open_databases: Callable[..., Database]) -> Database:
    """A database beside which the wall can be turned."""
    return open_databases(url, wall=wall)


def begin_anew(connection: Connection) -> None:
    """Forget what earlier examples of a property have read."""
    connection.execute(update(LOG).values(sequence=0, clock=0))


def reading(writer: Writer, seen: int = 0) -> int:
    """Take a reading, and see one of another region."""
    observe(writer, seen)
    return writer.clock


@settings(max_examples=20)
@given(steps=st.lists(st.tuples(milliseconds, st.integers(0, 2**58)), min_size=1, max_size=30))
def test_readings_grow_whatever_the_wall_shows(clock: Database, wall: Wall, steps: list[tuple[int, int]]) -> None:
    clock.note_now(begin_anew)
    last = 0
    for shown, seen in steps:
        wall.shows = shown
        found = clock.write_now(reading, seen)
        assert found > last
        assert seconds_of(found) * 1000 >= shown - 0.001
        last = max(found, seen)


@settings(max_examples=20)
@given(walls=st.lists(milliseconds, min_size=2, max_size=30).map(sorted))
def test_readings_follow_the_wall_where_it_goes_forward(clock: Database, wall: Wall, walls: list[int]) -> None:
    clock.note_now(begin_anew)
    for before, shown in pairwise([-1, *walls]):
        wall.shows = shown
        found = clock.write_now(reading)
        if before != shown:
            assert int(seconds_of(found) * 1000 + 0.5) == shown


@pytest.mark.parametrize("shown", [1, 1_001, 1_763_939_289_003, 1_763_939_289_999])
def test_no_millisecond_is_lost(clock: Database, wall: Wall, shown: int) -> None:
    wall.shows = shown
    assert clock.write_now(reading) == shown << 16


def test_a_wall_set_back_by_a_year_is_waited_for(clock: Database, wall: Wall) -> None:
    wall.shows = 1_700_000_000_000
    before = clock.write_now(reading)
    wall.shows -= 365 * 86_400_000
    readings = [clock.write_now(reading) for _ in range(300)]
    assert readings == list(range(before + 1, before + 301))
    assert seconds_of(readings[-1]) - seconds_of(before) < 0.01


def test_what_was_seen_of_another_region_is_earlier_than_what_is_written_then(clock: Database, wall: Wall) -> None:
    wall.shows = 1_700_000_000_000
    first = clock.write_now(reading)
    tomorrow = reading_at(1_700_086_400)
    clock.write_now(reading, tomorrow)
    assert clock.write_now(reading) > tomorrow
    # To see an earlier one again takes nothing back.
    clock.write_now(reading, first)
    clock.write_now(reading, tomorrow)
    assert clock.write_now(reading) > tomorrow


def test_what_a_failed_transaction_saw_is_not_seen(clock: Database, wall: Wall) -> None:
    wall.shows = 1_700_000_000_000

    def fail(writer: Writer) -> None:
        observe(writer, reading_at(1_800_000_000))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        clock.write_now(fail)
    assert clock.write_now(reading) == reading_at(1_700_000_000)


@pytest.mark.parametrize("set_back", [1, 86_400_000])
def test_databases_that_are_opened_one_after_another_share_the_clock(
    url: str, open_databases: Callable[..., Database], set_back: int
) -> None:
    walls = [1_700_000_000_000 - number * set_back for number in range(5)]
    readings = [open_databases(url, wall=lambda shown=shown: shown).write_now(reading) for shown in walls]
    assert all(first < second for first, second in pairwise(readings))


def test_a_clock_may_be_read_by_many_threads(url: str, open_databases: Callable[..., Database]) -> None:
    databases = [open_databases(url, wall=lambda ahead=ahead: 10**12 + ahead * 60_000) for ahead in range(2)]

    def take(number: int) -> list[tuple[int, int]]:
        return [databases[number % 2].write_now(place) for _ in range(50)]

    with ThreadPoolExecutor(4) as threads:
        places = list(threads.map(take, range(4)))
    everybodys = sorted(one for mine in places for one in mine)
    assert len({clock for _, clock in everybodys}) == 200
    assert [clock for _, clock in everybodys] == sorted(clock for _, clock in everybodys)
    assert [sequence for sequence, _ in everybodys] == list(range(1, 201))
    assert all(mine == sorted(mine) for mine in places)


def place(writer: Writer) -> tuple[int, int]:
    return writer.sequence, writer.clock


def test_a_clock_may_be_read_by_many_processes(url: str, database: Database) -> None:
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[list[tuple[int, int]]] = context.Queue()
    barrier = context.Barrier(2, timeout=60)
    # The second one's wall is a day behind.
    processes = [
        context.Process(target=take_readings, args=(url, 10**12 - number * 86_400_000, 40, barrier, results))
        for number in range(2)
    ]
    for process in processes:
        process.start()
    places = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    everybodys = sorted(one for mine in places for one in mine)
    assert [sequence for sequence, _ in everybodys] == list(range(1, 81))
    assert all(first < second for (_, first), (_, second) in pairwise(everybodys))
    sequence, clock = database.write_now(place)
    assert sequence == 81
    assert clock > everybodys[-1][1]


def test_the_wall_is_that_of_the_world(database: Database) -> None:
    assert abs(seconds_of(database.write_now(reading)) - time.time()) < 5
    assert abs(wall_milliseconds() / 1000 - time.time()) < 5


@given(moments, moments)
def test_moments_are_read_as_they_are_written(first: float, second: float) -> None:
    assert abs(seconds_of(reading_at(first)) - first) <= 0.001
    assert (reading_at(first) <= reading_at(second)) >= (first <= second)


@pytest.mark.parametrize("shown", [0, 2**42])
def test_a_reading_fits_the_column_it_is_kept_in(clock: Database, wall: Wall, shown: int) -> None:
    wall.shows = shown
    clock.write_now(reading, 2**62)
    assert 2**62 < clock.write_now(reading) < 2**63
