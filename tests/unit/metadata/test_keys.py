"""Keys: the newest signs, older ones verify until they have signed nothing that could still hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.metadata import keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from seawall.metadata.database import Database

HOUR: Final = 3600


@pytest.fixture
def add_at(url: str, open_databases: Callable[..., Database]) -> Callable[[str, float], Database]:
    """Add a key at some second since 1970, in a process of its own."""

    def add(name: str, second: float, purpose: str = keys.LINK) -> Database:
        database = open_databases(url, wall=lambda: int(second * 1000))
        database.write_now(keys.add, purpose, name, name.encode())
        return database

    return add


def names(database: Database, purpose: str = keys.LINK) -> list[str]:
    return [key.name for key in database.read_now(keys.newest_first, purpose)]


def test_a_key_is_found_as_it_was_added(add_at: Callable[[str, float], Database]) -> None:
    database = add_at("only", 1_000_000.5)
    [key] = database.read_now(keys.newest_first, keys.LINK)
    assert (key.name, key.secret) == ("only", b"only")
    assert key.created == pytest.approx(1_000_000.5, abs=0.001)


def test_the_newest_key_signs(add_at: Callable[[str, float], Database]) -> None:
    for number, name in enumerate(("first", "second", "third")):
        database = add_at(name, 1_000_000 + number)
    assert names(database) == ["third", "second", "first"]


def test_the_newest_key_signs_whatever_the_clocks_show(add_at: Callable[[str, float], Database]) -> None:
    for name, second in (("first", 1_000_000), ("second", 10), ("third", 500_000), ("fourth", 500_000)):
        database = add_at(name, second)
    assert names(database) == ["fourth", "third", "second", "first"]


def test_purposes_are_kept_apart(database: Database) -> None:
    database.write_now(keys.add, keys.LINK, "same", b"link")
    database.write_now(keys.add, keys.TOKEN, "same", b"token")
    assert [key.secret for key in database.read_now(keys.newest_first, keys.LINK)] == [b"link"]
    assert [key.secret for key in database.read_now(keys.newest_first, keys.TOKEN)] == [b"token"]
    assert database.write_now(keys.remove_superseded, keys.LINK, 2**40) == 0


def test_a_secret_is_not_shown(database: Database) -> None:
    database.write_now(keys.add, keys.LINK, "name", b"verysecret")
    [key] = database.read_now(keys.newest_first, keys.LINK)
    assert "verysecret" not in f"{key} {key!r} {[key]}"


def test_any_bytes_may_be_a_secret(database: Database) -> None:
    secret = bytes(range(256)) * 20
    database.write_now(keys.add, keys.LINK, "name", secret)
    assert database.read_now(keys.newest_first, keys.LINK)[0].secret == secret


@pytest.mark.parametrize(
    ("moment", "left"),
    [
        (0, ["third", "second", "first"]),
        (2 * HOUR, ["third", "second", "first"]),
        (2 * HOUR + 1, ["third", "second"]),
        (3 * HOUR, ["third", "second"]),
        (3 * HOUR + 1, ["third"]),
        (2**33, ["third"]),
    ],
)
def test_a_key_goes_once_the_next_one_has_signed_for_long(
    add_at: Callable[[str, float], Database], moment: float, left: list[str]
) -> None:
    for hour, name in enumerate(("first", "second", "third"), start=1):
        database = add_at(name, hour * HOUR)
    assert database.write_now(keys.remove_superseded, keys.LINK, moment) == 3 - len(left)
    assert names(database) == left
    assert database.write_now(keys.remove_superseded, keys.LINK, moment) == 0


@settings(max_examples=15)
@given(st.lists(st.integers(1, 100), min_size=1, max_size=8), st.integers(0, 120))
def test_the_key_that_signs_is_never_removed(
    sqlite_url: str, open_databases: Callable[..., Database], hours: list[int], moment: int
) -> None:
    wall = [0]
    database = open_databases(sqlite_url, wall=lambda: wall[0] * HOUR * 1000)
    for number, hour in enumerate(hours):
        wall[0] = hour
        database.write_now(keys.add, keys.LINK, f"key{number}", b"secret")
        signing = names(database)[0]
        assert signing == f"key{number}"
        database.write_now(keys.remove_superseded, keys.LINK, moment * HOUR)
        assert names(database)[0] == signing
