"""``seawall service-tags diff``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.weekly import SMALL, weekly

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Run = Callable[..., Done]


def test_two_files_are_compared(run: Run, tags_file: Path, newer_file: Path) -> None:
    found = run("service-tags", "diff", tags_file, newer_file, "--json").json
    assert (found["old"], found["new"]) == (374, 375)
    assert found["changes"] == [
        {"tag": "AzureContainerRegistry.EastUS", "fate": "changed", "added": ["20.0.3.0/28"], "removed": []},
        {"tag": "AzureContainerRegistry.IsraelCentral", "fate": "gone", "added": [], "removed": ["20.0.2.0/24"]},
        {"tag": "AzureContainerRegistry.WestUS", "fate": "new", "added": ["20.0.3.128/28"], "removed": []},
        {"tag": "Storage", "fate": "recut", "added": [], "removed": []},
        {"tag": "StorageSyncService", "fate": "changed", "added": [], "removed": ["20.2.0.128/25"]},
    ]
    lines = run("service-tags", "diff", tags_file, newer_file).out.splitlines()
    for change in found["changes"]:
        (line,) = [one for one in lines if one.split()[0] == change["tag"]]
        assert change["fate"] in line
        assert all(f"+{prefix}" in line for prefix in change["added"])
        assert all(f"-{prefix}" in line for prefix in change["removed"])


def test_nothing_is_cut_off_where_no_terminal_is(run: Run, tmp_path: Path, tags_file: Path) -> None:
    name = "AzureContainerRegistry.AVeryLongRegionThatNobodyHasEverHeardOf"
    path = tmp_path / "long.json"
    prefixes = ["2603:1030:1111:2222:3333:4444:5555:6666/128", "2603:1030:1111:2222:3333:4444:5555:9999/128"]
    path.write_bytes(weekly({**SMALL, name: prefixes}))
    (line,) = [one for one in run("service-tags", "diff", tags_file, path).out.splitlines() if name in one]
    for prefix in prefixes:
        assert f"+{prefix}" in line


def test_a_tag_is_compared_with_its_regions_and_no_others(run: Run, tags_file: Path, newer_file: Path) -> None:
    def tags(*names: str) -> list[str]:
        options = [part for name in names for part in ("--tag", name)]
        found = run("service-tags", "diff", tags_file, newer_file, *options, "--json").json
        return [one["tag"] for one in found["changes"]]

    # Storage is the beginning of StorageSyncService, and not the same.
    assert tags("Storage") == ["Storage"]
    assert tags("AzureContainerRegistry.EastUS") == ["AzureContainerRegistry.EastUS"]
    assert len(tags("AzureContainerRegistry")) == 3
    assert len(tags("AzureContainerRegistry", "Storage")) == 4
    # One that is gone, or new, is known by the other file.
    assert tags("AzureContainerRegistry.IsraelCentral") == ["AzureContainerRegistry.IsraelCentral"]
    assert tags("AzureCloud") == []


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_tag_in_neither_file_is_not_taken_for_unchanged(
    run: Run, tags_file: Path, newer_file: Path, more: list[str]
) -> None:
    done = run("service-tags", "diff", tags_file, newer_file, "--tag", "AzureContainerRegistri", *more, code=1)
    assert "'AzureContainerRegistri'" in done.err
    assert not done.out


def test_a_file_is_the_same_as_itself(run: Run, tags_file: Path) -> None:
    assert run("service-tags", "diff", tags_file, tags_file, "--json").json["changes"] == []


def test_files_that_cannot_be_compared_are_named(run: Run, tags_file: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_bytes(b"")
    for path in (bad, tmp_path / "nowhere.json", tmp_path):
        for pair in ((tags_file, path), (path, tags_file)):
            assert str(path) in run("service-tags", "diff", *pair, code=2).err
    bad.write_bytes(weekly(cloud="China"))
    assert "Public and China" in run("service-tags", "diff", tags_file, bad, code=2).err
