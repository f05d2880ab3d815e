"""Tags: listed by code point, moved, deleted, brought back."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.blobs.digest import digest_of
from seawall.metadata import manifests, tags
from seawall.metadata.repositories import Repository
from tests.unit.metadata.pushing import push
from tests.unit.strategies import words

if TYPE_CHECKING:
    from seawall.metadata.database import Database

HERE: Final = Repository("myregistry", "team/app")
FIRST, SECOND = digest_of(b"first"), digest_of(b"second")
MIXED: Final = [
    "0",
    "1",
    "10",
    "2",
    "A",
    "B",
    "Z",
    "_",
    "a",
    "a-1",
    "a.1",
    "a1",
    "a_1",
    "aA",
    "aa",
    "b",
    "v1.0",
    "v1-0",
]
numbers = itertools.count()

names = st.builds("{}{}".format, words(1, 1, "aAbBzZ019_"), st.text(st.sampled_from("aAbBzZ019_.-"), max_size=5))


def fresh() -> Repository:
    """A repository that no other example of a property uses."""
    return Repository("myregistry", f"team/app{next(numbers)}")


def test_tags_are_listed_by_code_point(database: Database) -> None:
    database.write_now(push, HERE, b"first", *reversed(MIXED))
    assert list(database.read_now(tags.page, HERE, "", 100)) == sorted(MIXED)
    assert sorted(MIXED)[:6] == ["0", "1", "10", "2", "A", "B"]


@settings(max_examples=20)
@given(written=st.sets(names, max_size=12), last=names | st.just(""), limit=st.integers(0, 15))
def test_a_page_is_what_follows(database: Database, written: set[str], last: str, limit: int) -> None:
    repository = fresh()
    database.write_now(push, repository, b"first", *written)
    expected = [name for name in sorted(written) if name > last][:limit]
    assert list(database.read_now(tags.page, repository, last, limit)) == expected


@settings(max_examples=10)
@given(written=st.sets(names, min_size=1, max_size=12), limit=st.integers(1, 5))
def test_pages_put_together_are_the_list(database: Database, written: set[str], limit: int) -> None:
    repository = fresh()
    database.write_now(push, repository, b"first", *written)
    found: list[str] = []
    while page := database.read_now(tags.page, repository, found[-1] if found else "", limit):
        assert len(page) <= limit
        found += page
    assert found == sorted(written)


def test_a_tag_stands_for_the_manifest_it_was_last_given(database: Database) -> None:
    database.write_now(push, HERE, b"first")
    database.write_now(push, HERE, b"second")
    for digest in (FIRST, SECOND, FIRST, FIRST):
        database.write_now(tags.put, HERE, "latest", digest)
        found = database.read_now(manifests.by_tag, HERE, "latest")
        assert found is not None
        assert found.digest == digest
    assert list(database.read_now(tags.page, HERE, "", 10)) == ["latest"]


def test_a_tag_is_deleted_once_and_may_come_back(database: Database) -> None:
    database.write_now(push, HERE, b"first")
    assert database.write_now(tags.delete, HERE, "latest") is False
    database.write_now(tags.put, HERE, "latest", FIRST)
    assert database.write_now(tags.delete, HERE, "latest") is True
    assert database.write_now(tags.delete, HERE, "latest") is False
    assert database.read_now(manifests.by_tag, HERE, "latest") is None
    assert list(database.read_now(tags.page, HERE, "", 10)) == []
    assert database.read_now(manifests.by_digest, HERE, FIRST) is not None
    database.write_now(tags.put, HERE, "latest", FIRST)
    assert database.read_now(manifests.by_tag, HERE, "latest") is not None


def test_all_tags_of_one_manifest_go_at_once(database: Database) -> None:
    database.write_now(push, HERE, b"first", "a", "c")
    database.write_now(push, HERE, b"second", "b")
    assert database.write_now(manifests.delete, HERE, FIRST)
    assert list(database.read_now(tags.page, HERE, "", 10)) == ["b"]
    for name in ("a", "c"):
        assert database.read_now(manifests.by_tag, HERE, name) is None
        assert database.write_now(tags.delete, HERE, name) is False
    assert database.read_now(manifests.by_digest, HERE, SECOND) is not None


def test_tags_that_are_not_shown_take_no_place_on_a_page(database: Database) -> None:
    database.write_now(push, HERE, b"first", "a", "b", "c", "d")
    database.write_now(push, HERE, b"second", "e", "f")
    database.write_now(manifests.delete, HERE, FIRST)
    assert list(database.read_now(tags.page, HERE, "", 1)) == ["e"]
    assert list(database.read_now(tags.page, HERE, "a", 2)) == ["e", "f"]


def test_a_tag_that_came_before_its_manifest_is_shown_once_that_is_here(database: Database) -> None:
    database.write_now(tags.put, HERE, "latest", FIRST)
    assert list(database.read_now(tags.page, HERE, "", 10)) == []
    database.write_now(push, HERE, b"first")
    assert list(database.read_now(tags.page, HERE, "", 10)) == ["latest"]


@pytest.mark.parametrize(
    "other",
    [Repository("another", "team/app"), Repository("myregistry", "team/app/x"), Repository("myregistry", "team/ap_")],
    ids=str,
)
def test_a_repositorys_tags_are_its_own(database: Database, other: Repository) -> None:
    database.write_now(push, HERE, b"first")
    database.write_now(push, other, b"first")
    database.write_now(tags.put, HERE, "latest", FIRST)
    assert database.read_now(manifests.by_tag, other, "latest") is None
    assert database.write_now(tags.delete, other, "latest") is False
    assert database.write_now(manifests.delete, other, FIRST)
    assert list(database.read_now(tags.page, other, "", 10)) == []
    assert list(database.read_now(tags.page, HERE, "", 10)) == ["latest"]


def test_what_is_no_tag_is_not_there(database: Database) -> None:
    database.write_now(push, HERE, b"first", "latest")
    for name in ("", "\0", "latest\0", "LATEST", " latest", "latest ", "lat%", "_atest", "\ud800", "a" * 10_000):
        assert database.read_now(manifests.by_tag, HERE, name) is None
        assert database.write_now(tags.delete, HERE, name) is False
