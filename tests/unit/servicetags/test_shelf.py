"""Keeping the last good file."""

from __future__ import annotations

import errno
import os
import re
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from seawall.naming import PUBLIC
from seawall.servicetags.feed import FeedError, Shelf, fetch, read_file
from seawall.servicetags.snapshot import SnapshotError
from tests.support.website import Reply, Website
from tests.support.weekly import SMALL, document, encoded, weekly
from tests.unit.servicetags.microsoft import BAD_DAYS, GOOD

KEPT: Final = {"Public.json", "Public.history.jsonl"}
"""Everything that may be in the directory: half a file is not."""
NEWER: Final = weekly({**SMALL, "Storage": ("20.1.0.0/17",)}, change=375)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "tags")


def test_an_empty_shelf_says_what_to_do(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(FeedError) as caught:
        shelf.load("China")
    for words in ("China", str(tmp_path / "tags"), "seawall service-tags fetch", "--service-tags"):
        assert words in str(caught.value)


def test_what_is_kept_is_loaded(shelf: Shelf) -> None:
    kept = shelf.keep(GOOD, "here", "Public")
    assert kept.news
    assert kept.path == shelf.path("Public")
    assert kept.path.read_bytes() == GOOD
    assert kept.snapshot.fingerprint == shelf.load("Public").fingerprint == read_file(kept.path).fingerprint


def test_every_cloud_has_a_place_of_its_own(shelf: Shelf) -> None:
    shelf.keep(GOOD, "here", "Public")
    shelf.keep(weekly(cloud="China"), "here", "China")
    assert shelf.load("Public").cloud == "Public"
    assert shelf.load("China").cloud == "China"
    with pytest.raises(FeedError):
        shelf.load("AzureGovernment")


def test_news_is_a_matter_of_content(shelf: Shelf) -> None:
    assert shelf.keep(GOOD, "here", "Public").news
    assert not shelf.keep(GOOD, "here", "Public").news
    assert not shelf.keep(GOOD.replace(b"\n", b"\r\n"), "here", "Public").news
    assert not shelf.keep(weekly(change=375), "here", "Public").news
    assert shelf.load("Public").change == 375
    assert shelf.keep(NEWER, "here", "Public").news
    assert shelf.keep(weekly({**SMALL, "Storage": ("20.1.0.0/18",)}, change=375), "here", "Public").news


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"<html></html>", "web page"),
        (GOOD[:-1], "cut off"),
        (weekly(cloud="China"), "the file of China, not of Public"),
        (weekly({"Storage": []}), "Storage"),
        (weekly({"Storage": ["20.0.0.1/8"]}), "20.0.0.1/8"),
    ],
)
def test_what_is_not_good_changes_nothing(shelf: Shelf, data: bytes, words: str) -> None:
    with pytest.raises(SnapshotError, match=words):
        shelf.keep(data, "here", "Public")
    assert not shelf.path("Public").exists()
    shelf.keep(GOOD, "here", "Public")
    before = shelf.path("Public").stat()
    with pytest.raises(SnapshotError, match=r"^here: "):
        shelf.keep(data, "here", "Public")
    assert shelf.path("Public").read_bytes() == GOOD
    # Not even written again.
    assert shelf.path("Public").stat().st_ino == before.st_ino


def test_a_damaged_one_is_refused_and_replaced(shelf: Shelf) -> None:
    path = shelf.keep(GOOD, "here", "Public").path
    path.write_bytes(GOOD[:-1])
    with pytest.raises(SnapshotError, match=str(path)):
        shelf.load("Public")
    assert shelf.keep(GOOD, "here", "Public").news
    assert shelf.load("Public").change == 374


def test_an_older_file_does_not_take_the_place_of_a_newer_one(shelf: Shelf) -> None:
    # Mirrors are months behind at times.
    path = shelf.keep(NEWER, "here", "Public").path
    with pytest.raises(FeedError, match=r"374.*375"):
        shelf.keep(GOOD, "mirror", "Public")
    assert path.read_bytes() == NEWER


@pytest.mark.parametrize("umask", [0o077, 0o022, 0o000])
def test_who_may_read_it_does_not_depend_on_the_umask(shelf: Shelf, umask: int) -> None:
    before = os.umask(umask)
    try:
        path = shelf.keep(GOOD, "here", "Public").path
    finally:
        os.umask(before)
    mode = stat.S_IMODE(path.stat().st_mode)
    # It is public, but only its owner may change what rules are made from.
    assert mode & 0o600 == 0o600
    assert mode & 0o133 == 0
    assert mode == stat.S_IMODE(shelf.keep(GOOD, "here", "Public").path.stat().st_mode)


def test_a_disk_that_is_full_leaves_the_last_good_one(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shelf.keep(GOOD, "here", "Public").path

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        shelf.keep(NEWER, "here", "Public")
    assert path.read_bytes() == GOOD
    assert {one.name for one in path.parent.iterdir()} == KEPT


def test_a_rename_that_fails_leaves_the_last_good_one(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shelf.keep(GOOD, "here", "Public").path

    def refused(self: Path, target: Path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self), None, str(target))

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(PermissionError):
        shelf.keep(NEWER, "here", "Public")
    assert path.read_bytes() == GOOD
    assert {one.name for one in path.parent.iterdir()} == KEPT


def test_many_keep_and_load_at_once_and_nobody_sees_half_a_file(shelf: Shelf) -> None:
    shelf.keep(GOOD, "here", "Public")
    # One number and two contents, as has happened; a file with a lower number would be refused.
    other = weekly({**SMALL, "Storage": ("20.1.0.0/17",)})
    wanted = {GOOD, other}
    done = threading.Event()
    seen = set()

    def load() -> None:
        while not done.is_set():
            seen.add(shelf.path("Public").read_bytes())
            shelf.load("Public")

    with ThreadPoolExecutor() as pool:
        reader = pool.submit(load)
        try:
            for one in [pool.submit(shelf.keep, data, "here", "Public") for data in (GOOD, other) * 20]:
                one.result()
        finally:
            done.set()
        reader.result()
    assert seen <= wanted
    assert shelf.path("Public").read_bytes() in wanted
    assert {path.name for path in shelf.path("Public").parent.iterdir()} == KEPT


def test_a_file_is_read_no_further_than_it_may_be_long(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        # A hole: nothing on the disk, a terabyte when read.
        file.truncate(1 << 40)
    with pytest.raises(SnapshotError, match="too many"):
        read_file(path)


def test_a_file_that_never_ends_is_read_no_further_either() -> None:
    with pytest.raises(SnapshotError, match="too many"):
        read_file(Path("/dev/zero"))


# From a server to the shelf.


@pytest.mark.parametrize("day", [*BAD_DAYS, "wrong cloud", "cut off without a word", "a web page", "empty"])
def test_whatever_goes_wrong_the_last_good_file_stays(site: Website, tmp_path: Path, day: str) -> None:
    shelf = Shelf(tmp_path)
    shelf.keep(GOOD, "the good one", "Public")
    more = {
        "wrong cloud": Reply(weekly(cloud="China")),
        "cut off without a word": Reply(GOOD[:-100]),
        "a web page": Reply(b"<HTML><HEAD>An error occurred</HEAD></HTML>"),
        "empty": Reply(b""),
    }
    site.pages["/bad"] = more[day] if day in more else BAD_DAYS[day][0]
    with pytest.raises((FeedError, SnapshotError), match=re.escape(f"{site.url}/bad")):
        shelf.keep(*fetch(PUBLIC, f"{site.url}/bad"), "Public")
    assert shelf.path("Public").read_bytes() == GOOD
    assert {path.name for path in tmp_path.iterdir()} == KEPT


def test_a_good_file_takes_the_place_of_the_last_one(site: Website, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.keep(GOOD, "the good one", "Public")
    content = document(change=375)
    content["values"][0]["properties"]["addressPrefixes"].append("20.0.4.0/24")
    site.pages["/tags.json"] = Reply(encoded(content))
    kept = shelf.keep(*fetch(PUBLIC, f"{site.url}/tags.json"), "Public")
    assert kept.news
    assert shelf.load("Public").change == 375
