"""What happened in real weeks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from seawall.servicetags.difference import compare
from seawall.servicetags.feed import Shelf, read_file
from seawall.servicetags.history import follow
from seawall.servicetags.snapshot import TagMissingError
from tests.unit.servicetags.real import NAMES, NEWEST

if TYPE_CHECKING:
    from pathlib import Path


def test_a_number_published_twice_with_other_content(real_files: Path) -> None:
    first, second = (read_file(real_files / f"Public_{day}_cn346.json") for day in ("20250218", "20250305"))
    assert first.change == second.change == 346
    assert first.fingerprint != second.fingerprint
    difference = compare(first, second)
    assert sum(one.fate == "new" for one in difference.changes) == 37
    assert sum(one.fate in {"changed", "recut"} for one in difference.changes) == 123


def test_a_number_that_rose_for_nothing(real_files: Path) -> None:
    first, second = (read_file(real_files / f"Public_{name}.json") for name in ("20250815_cn366", "20250820_cn367"))
    assert first.change < second.change
    assert first.fingerprint == second.fingerprint
    assert compare(first, second).changes == ()


def test_other_line_endings_are_the_same_file(real_files: Path) -> None:
    kinds = {}
    for name in ("Public_20250911_cn370", "Public_20251024_cn374"):
        data = (real_files / f"{name}.json").read_bytes()
        kinds[name] = b"\r\n" in data
    # Microsoft changed from one to the other between these two.
    assert kinds == {"Public_20250911_cn370": True, "Public_20251024_cn374": False}


def test_the_same_file_with_either_line_ending(real_files: Path, tmp_path: Path) -> None:
    path = real_files / "China_20251017_cn369.json"
    data = path.read_bytes()
    plain = data.replace(b"\r\n", b"\n")
    shelf = Shelf(tmp_path)
    assert shelf.keep(plain, "lf", "China").news
    assert not shelf.keep(plain.replace(b"\n", b"\r\n"), "crlf", "China").news


def test_ten_regions_that_vanished_in_a_week_and_came_back(real_files: Path) -> None:
    before, after = (read_file(real_files / f"Public_{name}.json") for name in ("20230125_cn238", "20230201_cn239"))
    gone = {
        one.tag
        for one in compare(before, after).changes
        if one.fate == "gone" and one.tag.startswith("AzureContainerRegistry.")
    }
    assert len(gone) == 10
    assert "AzureContainerRegistry.IsraelCentral" in gone
    for tag in gone:
        assert before.addresses(tag)
        with pytest.raises(TagMissingError):
            after.addresses(tag)
    today = read_file(real_files / f"{NEWEST['Public']}.json")
    assert today.addresses("AzureContainerRegistry.IsraelCentral")


def test_a_tags_number_rises_just_when_its_content_changes(real_files: Path) -> None:
    old, new = (read_file(real_files / f"Public_{name}.json") for name in ("20251017_cn373", "20251024_cn374"))
    changed = {one.tag for one in compare(old, new).changes}
    assert changed
    for name in old.tags.keys() & new.tags.keys():
        assert (old.tag(name).change < new.tag(name).change) is (name in changed), name
        assert old.tag(name).change <= new.tag(name).change


def test_five_years_of_a_region(real_files: Path) -> None:
    names = [name for name in NAMES if name.startswith("Public_")]
    paths = [real_files / f"{name}.json" for name in (*names[:6], *names[-4:])]
    # A failed download lay among the good ones.
    paths.insert(3, real_files / "broken" / "failed_download_20220329.json")
    steps = list(follow(paths, {"AzureContainerRegistry.KoreaCentral"}))
    assert [step.path for step in steps] == paths
    assert [bool(step.fault) for step in steps] == [path.stem.startswith("failed") for path in paths]
    first, last = read_file(paths[0]), read_file(paths[-1])
    here = first.addresses("AzureContainerRegistry.KoreaCentral")
    for step in steps:
        for one in step.changes:
            assert one.tag == "AzureContainerRegistry.KoreaCentral"
            here = (here - one.removed) | one.added
    assert here == last.addresses("AzureContainerRegistry.KoreaCentral")
