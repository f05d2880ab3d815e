"""``seawall service-tags history``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.weekly import SMALL, weekly

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Run = Callable[..., Done]

TAG = "AzureContainerRegistry.EastUS"


@pytest.fixture
def weeks(tmp_path: Path) -> Path:
    """Four weeks in a directory, one of them a failed download, and something else that lies there."""
    directory = tmp_path / "weekly"
    directory.mkdir()
    (directory / "ServiceTags_Public_20250101.json").write_bytes(weekly(change=1))
    (directory / "ServiceTags_Public_20250108.json").write_bytes(b"<HTML>An error occurred</HTML>")
    more = {**SMALL, TAG: ("20.0.0.0/24", "20.0.3.0/28")}
    (directory / "ServiceTags_Public_20250115.json").write_bytes(weekly(more, change=2))
    fewer = {name: prefixes for name, prefixes in more.items() if name != TAG}
    (directory / "ServiceTags_Public_20250122.json").write_bytes(weekly(fewer, change=3))
    (directory / "notes.txt").write_text("not read")
    return directory


def test_a_tag_is_followed_through_a_directory(run: Run, weeks: Path) -> None:
    done = run("service-tags", "history", weeks, "--tag", TAG)
    rows = [line.split() for line in done.out.splitlines()[1:]]
    assert rows == [
        ["ServiceTags_Public_20250115.json", TAG, "changed", "+16", "-0"],
        ["ServiceTags_Public_20250122.json", TAG, "gone", "+0", "-272"],
    ]
    assert str(weeks / "ServiceTags_Public_20250108.json") in done.err
    assert "web page" in done.err


def test_the_same_as_json(run: Run, weeks: Path) -> None:
    bad = weeks / "ServiceTags_Public_20250108.json"
    bad.unlink()
    found = run("service-tags", "history", weeks, "--tag", TAG, "--json").json
    assert found == [
        {
            "file": str(weeks / "ServiceTags_Public_20250115.json"),
            "change": 2,
            "tag": TAG,
            "fate": "changed",
            "added": ["20.0.3.0/28"],
            "removed": ["2603:1000::/48"],
        },
        {
            "file": str(weeks / "ServiceTags_Public_20250122.json"),
            "change": 3,
            "tag": TAG,
            "fate": "gone",
            "added": [],
            "removed": ["20.0.0.0/24", "20.0.3.0/28"],
        },
    ]


def test_files_one_by_one_are_taken_in_the_order_they_are_given(run: Run, weeks: Path) -> None:
    first, last = (weeks / f"ServiceTags_Public_{day}.json" for day in ("20250101", "20250115"))
    (step,) = run("service-tags", "history", last, first, "--tag", TAG, "--json").json
    assert step["removed"] == ["20.0.3.0/28"]
    assert step["added"] == ["2603:1000::/48"]


def test_a_tag_that_never_changed_is_no_fault(run: Run, weeks: Path) -> None:
    (weeks / "ServiceTags_Public_20250108.json").unlink()
    assert run("service-tags", "history", weeks, "--tag", "AzureCloud", "--json").json == []


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_tag_in_no_file_is_not_taken_for_one_that_never_changed(run: Run, weeks: Path, more: list[str]) -> None:
    done = run("service-tags", "history", weeks, "--tag", "AzureContainerRegistry.Eastus", *more, code=1)
    assert "'AzureContainerRegistry.Eastus'" in done.err


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_where_no_file_is_sound_nothing_was_found(run: Run, tmp_path: Path, more: list[str]) -> None:
    bad = tmp_path / "bad.json"
    bad.write_bytes(b"")
    for paths in ([bad], [tmp_path / "nowhere.json"], [bad, tmp_path / "nowhere.json"]):
        done = run("service-tags", "history", *paths, "--tag", TAG, *more, code=1)
        assert all(str(path) in done.err for path in paths)


def test_a_directory_without_files_is_named(run: Run, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert str(empty) in run("service-tags", "history", empty, "--tag", TAG, code=2).err


def test_a_file_of_another_cloud_is_named(run: Run, weeks: Path) -> None:
    stray = weeks / "ServiceTags_Public_20250116.json"
    stray.write_bytes(weekly(cloud="China"))
    assert str(stray) in run("service-tags", "history", weeks, "--tag", TAG).err


def test_a_file_with_brackets_in_its_name_is_printed_as_it_is(run: Run, weeks: Path) -> None:
    odd = weeks / "ServiceTags_Public_20250123[red][bold].json"
    odd.write_bytes(weekly(change=4))
    assert odd.name in run("service-tags", "history", weeks, "--tag", TAG).out


def test_without_a_tag_there_is_nothing_to_follow(run: Run, weeks: Path) -> None:
    assert "--tag" in run("service-tags", "history", weeks, code=2).err
