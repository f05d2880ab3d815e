"""What is noted of weekly files as they come, and what a plot can be drawn from."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from seawall.servicetags.feed import FeedError, Shelf, read_octets
from seawall.servicetags.snapshot import SnapshotError, read_snapshot
from tests.support.weekly import weekly

if TYPE_CHECKING:
    from pathlib import Path

    from seawall.servicetags.chronicle import Point

TAG = "AzureDevOps"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "weekly")


def keep(shelf: Shelf, change: int, *prefixes: str, day: str = "", **others: tuple[str, ...]) -> None:
    tags = {TAG: prefixes, "Other": ("9.9.9.0/24",), **others} if prefixes else {"Other": ("9.9.9.0/24",), **others}
    where = f"https://mirror.example/ServiceTags_Public_{day}.json" if day else "by hand"
    shelf.keep(weekly(tags, change=change), where, "Public")


def points(shelf: Shelf, tag: str = TAG) -> list[Point]:
    return shelf.chronicle("Public").points([tag]).get(tag, [])


def told(shelf: Shelf) -> list[tuple[str, int, int, int, int]]:
    return [(one.day.isoformat(), one.change, one.v4, one.added, one.removed) for one in points(shelf)]


def test_sizes_are_noted_where_they_change(shelf: Shelf) -> None:
    keep(shelf, 1, "20.0.0.0/24", "2603::/128", day="20260301")
    keep(shelf, 2, "20.0.0.0/24", "2603::/128", day="20260308")
    keep(shelf, 3, "20.0.0.0/25", "20.0.9.0/25", "2603::/128", day="20260315")
    # Other prefixes for the same addresses are no change.
    keep(shelf, 4, "20.0.0.0/26", "20.0.0.64/26", "20.0.9.0/25", "2603::/128", day="20260322")
    keep(shelf, 5, day="20260329")
    assert told(shelf) == [
        ("2026-03-01", 1, 256, 256, 0),
        ("2026-03-15", 3, 256, 128, 128),
        ("2026-03-29", 5, 0, 0, 256),
    ]
    assert points(shelf)[0].v6 == 1
    assert points(shelf, "Nothing") == []
    newest = shelf.chronicle("Public").newest()
    assert newest is not None
    assert (newest.day, newest.change) == (date(2026, 3, 29), 5)
    assert shelf.chronicle("Public").tags() == {TAG, "Other"}
    assert shelf.chronicle("China").newest() is None


def test_a_file_without_a_day_in_its_name_is_of_today(shelf: Shelf) -> None:
    before = datetime.now(UTC).date()
    keep(shelf, 1, "20.0.0.0/24")
    keep(shelf, 2, "20.0.0.0/25", day="20269999")
    assert all(before <= one.day <= datetime.now(UTC).date() for one in points(shelf))
    assert len(points(shelf)) == 2


def test_what_is_refused_is_not_noted(shelf: Shelf) -> None:
    keep(shelf, 5, "20.0.0.0/24", day="20260301")
    with pytest.raises(FeedError):
        keep(shelf, 4, "20.0.0.0/25", day="20260308")
    with pytest.raises(SnapshotError):
        shelf.keep(b"<html>", "https://mirror.example/ServiceTags_Public_20260308.json", "Public")
    keep(shelf, 5, "20.0.0.0/24", day="20260308")
    assert len(told(shelf)) == 1


def test_lines_that_were_cut_off_cost_nothing_else(shelf: Shelf, tmp_path: Path) -> None:
    keep(shelf, 1, "20.0.0.0/24", day="20260301")
    path = tmp_path / "weekly" / "Public.history.jsonl"
    with path.open("a") as file:
        file.write('{"day":"2026-03-08","change":2,"tags":{"AzureDev')
    keep(shelf, 3, "20.0.0.0/25", day="20260315")
    assert [one.change for one in points(shelf)] == [1, 3]


def test_whoever_is_killed_before_the_file_is_kept_notes_it_once(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(shelf, 1, "20.0.0.0/24", day="20260301")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("seawall.servicetags.feed.replace_file", killed)
        with pytest.raises(KeyboardInterrupt):
            keep(shelf, 2, "20.0.0.0/25", day="20260308")
    assert shelf.load("Public").change == 1
    keep(shelf, 2, "20.0.0.0/25", day="20260308")
    assert [one.change for one in points(shelf)] == [1, 2]


def test_a_directory_from_before_there_were_notes_begins_with_what_is_there(shelf: Shelf, tmp_path: Path) -> None:
    keep(shelf, 1, "20.0.0.0/24", day="20260301")
    (tmp_path / "weekly" / "Public.history.jsonl").unlink()
    keep(shelf, 2, "20.0.0.0/24", day="20260308", New=("8.0.0.0/24",))
    assert told(shelf) == [("2026-03-08", 2, 256, 256, 0)]


def test_the_real_files_are_noted_as_they_are(shelf: Shelf, real_files: Path) -> None:
    paths = sorted(real_files.glob("Public_2025*.json"))[-6:]
    for path in paths:
        shelf.keep(read_octets(path), str(path), "Public")
    snapshots = [read_snapshot(read_octets(path), path.name) for path in paths]
    for tag in ("AzureContainerRegistry", "Storage", "AzureCloud"):
        sizes = [one.addresses(tag).v4.size for one in snapshots]
        noted = points(shelf, tag)
        assert noted[0].v4 == sizes[0]
        assert noted[-1].v4 == sizes[-1]
        total = noted[0].v4
        for one in noted[1:]:
            total += one.added - one.removed
            assert one.v4 == total
