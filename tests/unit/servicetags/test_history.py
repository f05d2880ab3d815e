"""Following tags through many files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from seawall.servicetags.history import follow
from tests.support.weekly import SMALL, weekly

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TAG = "AzureContainerRegistry.EastUS"


@pytest.fixture
def files(tmp_path: Path) -> _Files:
    return _Files(tmp_path)


class _Files:
    """Files one after another."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.paths: list[Path] = []

    def add(self, tags: Mapping[str, Sequence[str] | None], cloud: str = "Public") -> Path:
        kept = {name: prefixes for name, prefixes in {**SMALL, **tags}.items() if prefixes is not None}
        return self.put(weekly(kept, cloud=cloud, change=len(self.paths) + 1))

    def put(self, data: bytes) -> Path:
        path = self._directory / f"{len(self.paths) + 1}.json"
        path.write_bytes(data)
        self.paths.append(path)
        return path


def test_the_first_file_has_nothing_to_compare_with(files: _Files) -> None:
    files.add({})
    (step,) = follow(files.paths, {TAG})
    assert (step.path, step.change, step.changes, step.fault) == (files.paths[0], 1, (), "")


def test_no_files_are_no_history() -> None:
    assert list(follow([], {TAG})) == []


def test_a_tag_that_changes_vanishes_and_returns(files: _Files) -> None:
    files.add({TAG: ["20.0.0.0/24"]})
    files.add({TAG: ["20.0.0.0/24"], "Storage": ["20.1.0.0/17"]})
    files.add({TAG: ["20.0.0.0/24", "20.0.3.0/28"]})
    files.add({TAG: ["20.0.0.0/25", "20.0.0.128/25", "20.0.3.0/28"]})
    files.add({TAG: None})
    files.add({})
    files.add({TAG: ["20.0.0.0/25"]})
    steps = list(follow(files.paths, {TAG}))
    assert [step.change for step in steps] == [1, 2, 3, 4, 5, 6, 7]
    said = [[(one.tag, one.fate, one.added.cidrs, one.removed.cidrs) for one in step.changes] for step in steps]
    assert said == [
        [],
        [],
        [(TAG, "changed", ("20.0.3.0/28",), ())],
        [(TAG, "recut", (), ())],
        [(TAG, "gone", (), ("20.0.0.0/24", "20.0.3.0/28"))],
        [(TAG, "new", ("20.0.0.0/24", "2603:1000::/48"), ())],
        [(TAG, "changed", (), ("20.0.0.128/25", "2603:1000::/48"))],
    ]


def test_several_tags_are_followed_and_no_others(files: _Files) -> None:
    files.add({})
    files.add({TAG: ["20.0.0.0/25"], "Storage": ["20.1.0.0/17"], "StorageSyncService": ["20.2.0.0/25"]})
    _, step = follow(files.paths, ["Storage", TAG])
    assert [one.tag for one in step.changes] == [TAG, "Storage"]


@pytest.mark.parametrize("damage", [b"", b"<html>Sorry</html>", weekly()[:-9], weekly({"Storage": ["20.1.0.1/16"]})])
def test_a_file_that_is_not_sound_is_named_and_left_out(files: _Files, damage: bytes) -> None:
    files.add({})
    bad = files.put(damage)
    files.add({TAG: ["20.0.0.0/25"]})
    first, second, third = follow(files.paths, {TAG})
    assert not first.fault
    assert second.path == bad
    assert str(bad) in second.fault
    assert second.changes == ()
    # The next one is compared with the last sound one.
    assert [(one.tag, one.removed.cidrs) for one in third.changes] == [(TAG, ("20.0.0.128/25", "2603:1000::/48"))]


def test_a_bad_file_at_the_beginning(files: _Files) -> None:
    files.put(b"")
    files.add({})
    files.add({TAG: None})
    first, second, third = follow(files.paths, {TAG})
    assert first.fault
    assert second.changes == ()
    assert [one.fate for one in third.changes] == ["gone"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.json", tmp_path):
        (step,) = follow([path], {TAG})
        assert str(path) in step.fault


def test_a_file_of_another_cloud_is_named_and_left_out(files: _Files) -> None:
    files.add({})
    stray = files.add({}, cloud="China")
    files.add({TAG: None})
    _, second, third = follow(files.paths, {TAG})
    assert str(stray) in second.fault
    assert "China" in second.fault
    assert [one.fate for one in third.changes] == ["gone"]


def test_files_are_read_one_at_a_time(files: _Files) -> None:
    # Years of them would not fit, and who follows may stop.
    files.add({})
    steps = follow([*files.paths, files.paths[0] / "never read"], {TAG})
    assert next(steps).change == 1
