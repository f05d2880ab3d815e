"""Years in a moment: made-up weeks against a slow reckoning one address at a time, and the real files."""

from __future__ import annotations

import ipaddress
import json
import tarfile
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.firewall.need import Need
from seawall.firewall.replay import Record, Replay, replay
from seawall.naming import CHINA, US_GOVERNMENT, Cloud
from seawall.servicetags.upkeep import Policy
from seawall.topology import Replica
from tests.support.weekly import REAL_FILES, weekly

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

EAST: Final = Need(registry="myregistry", replicas=(Replica("eastus"),))
MONDAY: Final = date(2025, 1, 6)
WEEK: Final = timedelta(days=7)
STORAGE: Final = "20.1.0.0/26"
ROOM: Final = tuple(f"20.0.0.{number}/32" for number in range(0, 64, 2))


@dataclass(frozen=True)
class File:
    """A file: how many days after the first, and the registry's ranges; ``None`` for a download that failed."""

    after: int
    ranges: tuple[str, ...] | None
    region: bool = True


def write(folder: Path, files: Sequence[File]) -> list[Path]:
    paths = []
    for number, one in enumerate(files):
        day = MONDAY + timedelta(days=one.after)
        path = folder / f"ServiceTags_Public_{day:%Y%m%d}_{number:03}.json"
        if one.ranges is None:
            path.write_bytes(b"<html>Gateway Timeout</html>")
        else:
            name = "AzureContainerRegistry.EastUS" if one.region else "AzureContainerRegistry.WestUS"
            path.write_bytes(weekly({name: one.ranges, "Storage.EastUS": [STORAGE]}, change=number + 1))
        paths.append(path)
    return paths


def play(folder: Path, files: Sequence[File], policy: Policy = Policy()) -> Replay:  # noqa: B008 - frozen
    return replay(EAST, write(folder, files), policy)


def addresses(ranges: Sequence[str]) -> frozenset[str]:
    return frozenset(str(one) for text in ranges for one in ipaddress.ip_network(text))


def reckon(files: Sequence[File], policy: Policy) -> dict[str, Record]:
    """Work out the records with the standard library's addresses, each by itself."""
    storage = addresses([STORAGE])
    row: list[tuple[date, frozenset[str] | None]] = sorted(
        (
            (MONDAY + timedelta(days=one.after), addresses(one.ranges) | storage if one.ranges and one.region else None)
            for one in files
        ),
        key=lambda pair: pair[0],
    )
    first = next(wanted for _, wanted in row if wanted)
    kept, refused = careful(row, policy)
    records = {
        "never": judge(row, [first for _ in row]),
        "overwrite": judge(row, [wanted or frozenset() for _, wanted in row]),
        "seawall": judge(row, kept),
    }
    records["seawall"].refused = refused
    return records


def careful(row: list[tuple[date, frozenset[str] | None]], policy: Policy) -> tuple[list[frozenset[str]], int]:
    wanted: frozenset[str] = frozenset()
    since: dict[str, date] = {}
    applied, refused = [], 0
    for day, asked in row:
        if asked is None or (wanted and len(wanted - asked) > policy.most_lost * len(wanted)):
            refused += 1
        else:
            since |= dict.fromkeys(wanted - asked, day)
            since = {one: when for one, when in since.items() if one not in asked and day < when + policy.grace}
            wanted = asked
        applied.append(wanted | since.keys())
    return applied, refused


def judge(row: list[tuple[date, frozenset[str] | None]], applied: list[frozenset[str]]) -> Record:
    record = Record()
    for number, (day, _) in enumerate(row):
        until = row[number + 1][0] if number + 1 < len(row) else day + WEEK
        known = [(when, wanted) for when, wanted in row if wanted is not None and when < until]
        # In use: in the last list before, and in the last of those that were out for more than a week.
        settled = [wanted for when, wanted in known if when + WEEK < until]
        used = settled[-1] & known[-1][1] if settled else frozenset()
        missing = len(used - applied[number])
        record.weeks_missing += bool(missing)
        record.worst = max(record.worst, missing)
        record.weeks_empty += not applied[number] and any(applied[:number])
        newest = [wanted for when, wanted in row if wanted is not None and when <= day]
        if newest:
            record.stale = max(record.stale, len(applied[number] - newest[-1]))
    return record


weeks = st.lists(
    st.builds(
        File,
        st.integers(0, 60),
        st.one_of(st.none(), st.lists(st.sampled_from(ROOM), min_size=1, unique=True).map(tuple)),
        st.sampled_from([True, True, True, False]),
    ),
    min_size=1,
    max_size=10,
    # One file a day, for the order among several is no more than their names'.
    unique_by=lambda one: one.after,
).filter(lambda files: any(one.ranges and one.region for one in files))
policies = st.builds(
    Policy, st.integers(0, 40).map(lambda days: timedelta(days=days)), st.sampled_from([0.0, 0.125, 0.25, 1.0])
)


@given(weeks, policies)
def test_any_weeks(tmp_path_factory: pytest.TempPathFactory, files: list[File], policy: Policy) -> None:
    outcome = play(tmp_path_factory.mktemp("weeks"), files, policy)
    assert outcome.records == reckon(files, policy)
    assert outcome.weeks == len(files)
    assert len(outcome.unsound) == sum(one.ranges is None or not one.region for one in files)


def regular(*ranges: tuple[str, ...] | None) -> list[File]:
    return [File(7 * number, one) for number, one in enumerate(ranges)]


def test_a_download_that_fails(tmp_path: Path) -> None:
    files = regular(ROOM, ROOM, None, ROOM)
    outcome = play(tmp_path, files)
    assert outcome.records == reckon(files, Policy())
    assert outcome.records["overwrite"].weeks_empty == 1
    assert outcome.records["overwrite"].weeks_missing == 1
    assert outcome.records["seawall"] == Record(refused=1)
    assert len(outcome.unsound) == 1
    assert "web page" in outcome.unsound[0]


def test_a_region_that_vanishes_and_comes_back(tmp_path: Path) -> None:
    files = [File(7 * number, ROOM, region=number not in {3, 4}) for number in range(8)]
    outcome = play(tmp_path, files)
    assert outcome.records == reckon(files, Policy())
    assert outcome.records["overwrite"].weeks_empty == 2
    assert outcome.records["seawall"] == Record(refused=2)
    assert "AzureContainerRegistry.EastUS" in outcome.unsound[0]


def test_an_address_that_moves(tmp_path: Path) -> None:
    before, after = ROOM[:16], (*ROOM[1:16], "20.0.0.99/32")
    files = regular(before, before, after, after, after, after, after)
    outcome = play(tmp_path, files)
    assert outcome.records == reckon(files, Policy())
    # Used from a week after it was published: in all weeks but the first of those that have it.
    assert outcome.records["never"] == Record(weeks_missing=4, worst=1, stale=1)
    assert outcome.records["overwrite"] == Record()
    assert outcome.records["seawall"] == Record(stale=1)


def test_a_loss_that_is_held_back_and_turns_out_to_be_none(tmp_path: Path) -> None:
    files = regular(ROOM, ROOM, ROOM[:4], ROOM, ROOM)
    outcome = play(tmp_path, files)
    assert outcome.records == reckon(files, Policy())
    # A quarter of all that is wanted is gone: more than a fifth, less than a half.
    assert outcome.records["seawall"] == Record(stale=28, refused=1)
    assert play(tmp_path, files, Policy(most_lost=0.5)).records["seawall"] == Record(stale=28)


def test_two_files_on_one_day_go_by_their_names(tmp_path: Path) -> None:
    second = (*ROOM, "20.0.0.99/32")
    paths = write(tmp_path, [File(0, ROOM), File(7, ROOM), File(7, second), File(14, second), File(21, second)])
    forward = replay(EAST, paths, Policy())
    assert replay(EAST, reversed(paths), Policy()) == forward
    assert forward.weeks == 5
    assert forward.records["seawall"] == Record()
    assert forward.records["never"].worst == 1


@pytest.mark.parametrize(
    "name", ["ServiceTags_Public.json", "ServiceTags_Public_2025106.json", "1234520250106.json", "x20259999.json"]
)
def test_a_file_without_a_day_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(weekly())
    with pytest.raises(ValueError, match=name) as raised:
        replay(EAST, [path], Policy())
    assert "20251020" in str(raised.value)


def test_files_of_other_clouds_are_left_out(tmp_path: Path) -> None:
    paths = write(tmp_path, regular(ROOM, ROOM))
    other = tmp_path / "ServiceTags_China_20250113.json"
    other.write_bytes(weekly({"AzureContainerRegistry.EastUS": ["21.0.0.0/24"]}, cloud="China"))
    assert replay(EAST, [*paths, other], Policy()) == replay(EAST, paths, Policy())


def test_nothing_of_use_is_said(tmp_path: Path) -> None:
    for paths in ([], write(tmp_path, [File(0, None), File(7, ROOM, region=False)])):
        with pytest.raises(ValueError, match="none of these files"):
            replay(EAST, paths, Policy())
    with pytest.raises(ValueError, match="none of these files"):
        replay(Need(cloud=Cloud.own("registry.test"), registry="myregistry"), write(tmp_path, regular(ROOM)), Policy())


@pytest.fixture(scope="session")
def real_weeks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Path]]:
    """The real files without the tags that no registry needs, and the downloads that failed as they are."""
    if not REAL_FILES.exists():
        pytest.skip("the real weekly files are not there")
    root = tmp_path_factory.mktemp("real")
    with tarfile.open(REAL_FILES) as archive:
        archive.extractall(root, filter="data")
    for path in root.glob("*/*.json"):
        whole = json.loads(path.read_bytes())
        whole["values"] = [one for one in whole["values"] if one["name"].partition(".")[0] in SERVICES]
        path.write_text(json.dumps(whole))
    yield sorted(root.rglob("*.json"))
    for path in root.rglob("*.json"):
        path.unlink()


SERVICES: Final = frozenset(
    ("AzureContainerRegistry", "Storage", "MicrosoftContainerRegistry", "AzureFrontDoor", "AzureActiveDirectory")
)
REAL_NEEDS: Final = {
    "all-regions": Need(registry="myregistry", mcr=True, sign_in=True),
    "one-region": Need(registry="myregistry", replicas=(Replica("koreacentral"),), data_endpoints=True),
    "a-region-that-vanished": Need(registry="myregistry", replicas=(Replica("israelcentral"),)),
    "usgov": Need(cloud=US_GOVERNMENT, registry="myregistry"),
    "china": Need(cloud=CHINA, registry="myregistry"),
}


@pytest.mark.parametrize("name", REAL_NEEDS)
def test_the_real_years(real_weeks: list[Path], name: str) -> None:
    need = REAL_NEEDS[name]
    outcome = replay(need, real_weeks, Policy())
    seawall, overwrite = outcome.records["seawall"], outcome.records["overwrite"]
    assert seawall.weeks_empty == 0
    assert seawall.weeks_missing == 0
    assert seawall.worst == 0
    # Whatever is broken has no cloud, so it is broken for every one of them.
    broken = sum("failed_download" in path.name for path in real_weeks)
    assert len(outcome.unsound) >= broken > 0
    assert seawall.refused >= broken
    # Those of other clouds begin later, and so does a region that was not there at first.
    assert overwrite.weeks_empty >= (broken if name in {"all-regions", "one-region"} else 0)
    if name == "all-regions":
        assert overwrite.weeks_missing >= broken
        assert outcome.records["never"].weeks_missing > broken
    if name == "a-region-that-vanished":
        assert overwrite.weeks_empty > 0
        assert seawall.refused > broken
