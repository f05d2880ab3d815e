"""Rows of other regions: in whatever order they come and however often, every region ends with the same."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Boolean, LargeBinary, Table, Text, select

from seawall.metadata.own import SETTINGS_VERSION
from seawall.metadata.repositories import Repository
from seawall.metadata.schema import MANIFEST, REPLICATED, SETTING, TAG
from tests.unit.metadata.pushing import push
from tests.unit.metadata.shipping import everything, ship, sync, take, written

if TYPE_CHECKING:
    from sqlalchemy import Column, Connection

    from seawall.metadata.database import Database
    from tests.unit.metadata.shipping import Log

ORIGINS: Final = ("eastus", "northeurope", "westus")
STAMPS: Final = ("clock", "origin", "deleted", "sequence", "buried")
numbers = itertools.count()


def content(column: Column[Any], clock: int, origin: str) -> object:
    """What a region wrote at a reading of its clock: always the same, for no region draws a reading twice."""
    text = f"{column.name} of {origin} at {clock}"
    if isinstance(column.type, Boolean):
        return clock % 2 == 0
    if isinstance(column.type, BigInteger):
        return clock * 1000 + ORIGINS.index(origin)
    if isinstance(column.type, LargeBinary):
        return text.encode()
    return json.dumps(text) if isinstance(column.type, Text) else text


@st.composite
def written_rows(draw: st.DrawFn, table: Table) -> tuple[Table, dict[str, Any]]:
    clock, origin = draw(st.integers(1, 5)), draw(st.sampled_from(ORIGINS))
    *key, last = (column.name for column in table.primary_key)
    # Few things, so that regions meet.
    row: dict[str, Any] = dict.fromkeys(key, "a") | {last: draw(st.sampled_from("ab"))}
    row |= {column.name: content(column, clock, origin) for column in table.c if column.name not in {*row, *STAMPS}}
    row |= {"clock": clock, "origin": origin, "deleted": clock % 3 == 0}
    if table is MANIFEST:
        # It may have been told of an earlier delete, or not yet.
        row["buried"] = clock if row["deleted"] else draw(st.integers(0, clock - 1))
    return table, row


some_tables = st.sampled_from([REPLICATED, (MANIFEST,), *((table,) for table in REPLICATED)])
logs = some_tables.flatmap(
    lambda tables: st.lists(st.sampled_from(tables).flatmap(written_rows), min_size=1, max_size=15)
)


def named(log: Log, example: int) -> Log:
    """Give the things of an example names that no other example uses."""
    return [(table, {**row, key: f"{example}-{row[key]}"}) for table, row in log for key in [first_key(table)]]


def first_key(table: Table) -> str:
    return next(iter(table.primary_key)).name


def of_example(log: Log, example: int) -> Log:
    return [(table, row) for table, row in log if row[first_key(table)].startswith(f"{example}-")]


def expected(log: Log) -> Log:
    """The last of the rows under each key, with the last burial that any of them knew."""
    last: dict[tuple[str, ...], tuple[Table, dict[str, Any]]] = {}
    buried: dict[tuple[str, ...], int] = {}
    for table, row in log:
        key = (table.name, *(row[column.name] for column in table.primary_key))
        buried[key] = max(buried.get(key, 0), row.get("buried", 0))
        if key not in last or (row["clock"], row["origin"]) > (last[key][1]["clock"], last[key][1]["origin"]):
            last[key] = (table, row)
    return [(table, {**row, "buried": buried[key]} if table is MANIFEST else row) for key, (table, row) in last.items()]


def in_order(log: Log) -> list[str]:
    return sorted(f"{table.name} {sorted(row.items())}" for table, row in log)


@settings(max_examples=25)
@given(log=logs, data=st.data())
def test_all_regions_end_with_the_same_rows_in_whatever_order_they_come(
    regions: list[Database], log: Log, data: st.DataObject
) -> None:
    example = next(numbers)
    log = named(log, example)
    for database in regions:
        rows = data.draw(st.permutations(log)) + data.draw(st.lists(st.sampled_from(log), max_size=5))
        cut = data.draw(st.integers(0, len(rows)))
        for part in (rows[:cut], rows[cut:]):
            database.write_now(take, part)
    for database in regions:
        assert in_order(of_example(written(database), example)) == in_order(expected(log))


@settings(max_examples=25)
@given(log=logs, old=logs)
def test_an_echo_changes_nothing_and_ends(regions: list[Database], log: Log, old: Log) -> None:
    example = next(numbers)
    log = named(log, example)
    one, other = regions[:2]
    one.write_now(take, log)
    ship(one, other)
    before = other.read_now(everything)
    assert not any(ship(one, other))
    assert not any(ship(other, one))
    # So it is with rows older than those that are there.
    there = {
        (table.name, *(row[column.name] for column in table.primary_key)): row
        for table, row in of_example(before, example)
    }
    older = [
        (table, row)
        for table, row in named(old, example)
        if (last := there.get((table.name, *(row[column.name] for column in table.primary_key))))
        and (row["clock"], row["origin"]) < (last["clock"], last["origin"])
        and row.get("buried", 0) <= last.get("buried", 0)
    ]
    assert not any(other.write_now(take, older))
    # Not even the rows' places have moved, so whoever reads this region's log finds nothing new.
    assert other.read_now(everything) == before


@pytest.mark.parametrize("table", REPLICATED, ids=str)
def test_what_is_taken_stands_at_the_end_of_the_log(database: Database, table: Table) -> None:
    key = {column.name: "a" for column in table.primary_key}

    def row(clock: int, origin: str) -> dict[str, Any]:
        made = {column.name: content(column, clock, origin) for column in table.c if column.name not in {*key, *STAMPS}}
        return key | made | {"clock": clock, "origin": origin, "deleted": False, "buried": 0}

    def merge(clock: int, origin: str) -> tuple[bool, int, int, str]:
        values = {name: value for name, value in row(clock, origin).items() if name in table.c}
        with database.writing() as writer:
            taken = writer.merge(table, values)
        kept = database.read_now(lambda connection: connection.execute(select(table)).one())
        return taken, kept.sequence, kept.clock, kept.origin

    assert merge(5, "northeurope") == (True, 1, 5, "northeurope")
    assert merge(5, "northeurope") == (False, 1, 5, "northeurope")
    assert merge(4, "westus") == (False, 1, 5, "northeurope")
    assert merge(5, "eastus") == (False, 1, 5, "northeurope")
    assert merge(5, "westus") == (True, 5, 5, "westus")
    assert merge(6, "eastus") == (True, 6, 6, "eastus")


def test_a_burial_that_was_not_known_is_told_on_though_the_manifest_stays(regions: list[Database]) -> None:
    here = Repository("myregistry", "team/app")
    regions[0].write_now(push, here, b"body")
    (before,) = regions[0].read_now(lambda connection: connection.execute(select(MANIFEST)).all())
    earlier = {**before._mapping, "clock": 7, "origin": "westus", "deleted": True, "body": b"", "buried": 7}
    assert regions[0].write_now(take, [(MANIFEST, earlier)]) == [False]
    (after,) = regions[0].read_now(lambda connection: connection.execute(select(MANIFEST)).all())
    assert after.buried == 7
    assert after.sequence > before.sequence
    assert {**after._mapping, "buried": 0, "sequence": 0} == {**before._mapping, "sequence": 0}
    ship(regions[0], regions[1])
    assert written(regions[1]) == written(regions[0])


def test_what_is_written_after_taking_rows_of_the_future_wins(regions: list[Database], walls: list[int]) -> None:
    here = Repository("myregistry", "team/app")
    walls[1] += 86_400_000
    for body in (b"first", b"second"):
        regions[1].write_now(push, here, body, "latest")
    ship(regions[1], regions[0])
    digest = regions[0].write_now(push, here, b"third", "latest")
    sync(*regions)
    for database in regions:
        found = database.read_now(lambda connection: connection.execute(select(TAG)).one())
        assert (found.digest, found.origin) == (digest, "eastus")


def version(connection: Connection) -> int:
    return connection.execute(select(SETTINGS_VERSION.c.version)).scalar() or 0


@pytest.mark.parametrize("kind", ["sqlite"])
def test_settings_of_other_regions_are_seen_by_those_who_remember_answers(database: Database) -> None:
    row = {"registry": "myregistry", "name": "home", "document": '"eastus"', "origin": "westus", "deleted": False}
    before = database.read_now(version)
    database.write_now(take, [(SETTING, {**row, "clock": 5})])
    assert database.read_now(version) > before


@pytest.mark.parametrize("kind", ["sqlite"])
def test_an_echo_of_settings_does_not_spoil_what_is_remembered_of_them(database: Database) -> None:
    row = {"registry": "myregistry", "name": "home", "document": '"eastus"', "origin": "westus", "deleted": False}
    database.write_now(take, [(SETTING, {**row, "clock": 5})])
    before = database.read_now(version)
    database.write_now(take, [(SETTING, {**row, "clock": 5}), (SETTING, {**row, "clock": 4})])
    assert database.read_now(version) == before
