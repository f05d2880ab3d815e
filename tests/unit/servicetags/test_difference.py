"""What changed between two files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.servicetags.difference import compare
from seawall.servicetags.prefixes import NOTHING, AddressSet
from seawall.servicetags.snapshot import Snapshot, read_snapshot
from tests.support.weekly import SMALL, weekly
from tests.unit.servicetags.addresses import Network, collapsed, ip_set, networks, of_ip_set, read, written

names = st.sampled_from(("Storage", "StorageSyncService", "Storage.EastUS", "Sql", "AzureCloud"))
files = st.dictionaries(names, st.lists(networks, min_size=1, max_size=6), min_size=1)

Tags = dict[str, list[Network]]


def snapshot(tags: Tags, change: int = 1) -> Snapshot:
    return read_snapshot(weekly({name: written(ranges) for name, ranges in tags.items()}, change=change), "some.json")


def small(change: int = 1, cloud: str = "Public", **tags: tuple[str, ...] | None) -> Snapshot:
    """The small file with some tags changed, or left out."""
    every = {**SMALL, **{name.replace("_", "."): prefixes for name, prefixes in tags.items()}}
    return read_snapshot(
        weekly({name: prefixes for name, prefixes in every.items() if prefixes}, change=change, cloud=cloud), "some"
    )


@given(files, files)
def test_the_old_file_and_the_difference_make_the_new_one(before: Tags, after: Tags) -> None:
    old, new = snapshot(before), snapshot(after, 2)
    difference = compare(old, new)
    assert (difference.old, difference.new) == (1, 2)
    sets = {name: old.addresses(name) for name in old.tags}
    for change in difference.changes:
        had = sets.pop(change.tag, NOTHING)
        # It says nothing but what it must: what was added was not there, what was removed was.
        assert not had & change.added
        assert change.removed <= had
        assert (change.fate == "new") is (change.tag not in before)
        assert (change.fate == "gone") is (change.tag not in after)
        assert (change.fate == "recut") is (
            change.tag in before and change.tag in after and not change.added and not change.removed
        )
        if change.fate != "gone":
            sets[change.tag] = (had - change.removed) | change.added
    assert sets == {name: new.addresses(name) for name in new.tags}


@given(files, files)
def test_netaddr_finds_the_same(before: Tags, after: Tags) -> None:
    found = {one.tag: one for one in compare(snapshot(before), snapshot(after)).changes}
    assert list(found) == sorted(found)
    for name in before.keys() | after.keys():
        had, has = ip_set(before.get(name, [])), ip_set(after.get(name, []))
        if name in found:
            assert read(found[name].added.cidrs) == of_ip_set(has - had)
            assert read(found[name].removed.cidrs) == of_ip_set(had - has)
        else:
            assert had == has


@given(files, files)
def test_the_other_way_round_is_the_opposite(before: Tags, after: Tags) -> None:
    opposite = {"new": "gone", "gone": "new"}
    there = compare(snapshot(before), snapshot(after))
    back = compare(snapshot(after), snapshot(before))
    assert [(one.tag, one.added, one.removed, one.fate) for one in there.changes] == [
        (one.tag, one.removed, one.added, opposite.get(one.fate, one.fate)) for one in back.changes
    ]
    assert (there.added, there.removed) == (back.removed, back.added)


@given(files)
def test_a_file_differs_in_nothing_from_itself(tags: Tags) -> None:
    difference = compare(snapshot(tags), snapshot(tags, 2))
    assert difference.changes == ()
    assert (difference.added, difference.removed) == (NOTHING, NOTHING)


@given(files)
def test_a_file_with_the_same_fingerprint_differs_in_nothing(tags: Tags) -> None:
    shuffled = {name: list(reversed(ranges)) for name, ranges in reversed(tags.items())}
    old, new = snapshot(tags), snapshot(shuffled)
    assert old.fingerprint == new.fingerprint
    assert compare(old, new).changes == ()


def test_a_tag_that_vanished_takes_its_addresses_along() -> None:
    difference = compare(small(), small(2, AzureContainerRegistry_IsraelCentral=None))
    (change,) = difference.changes
    assert (change.tag, change.fate) == ("AzureContainerRegistry.IsraelCentral", "gone")
    assert change.removed == difference.removed == AddressSet.of(["20.0.2.0/24"])
    assert not change.added


def test_a_tag_that_is_new_brings_its_addresses() -> None:
    (change,) = compare(small(), small(2, AzureContainerRegistry_WestUS=("20.0.3.0/24", "2603:1000:3::/48"))).changes
    assert (change.tag, change.fate) == ("AzureContainerRegistry.WestUS", "new")
    assert change.added.cidrs == ("20.0.3.0/24", "2603:1000:3::/48")


def test_the_same_addresses_cut_up_otherwise_are_no_news() -> None:
    halves = ("20.1.0.0/17", "20.1.128.0/17")
    difference = compare(small(), small(2, Storage=halves))
    (change,) = difference.changes
    assert (change.tag, change.fate) == ("Storage", "recut")
    assert not change.added
    assert not change.removed
    assert (difference.added, difference.removed) == (NOTHING, NOTHING)


def test_what_moves_from_one_tag_to_another_is_said_of_both() -> None:
    difference = compare(small(), small(2, Storage=("20.1.0.0/17",), StorageSyncService=("20.1.128.0/17",)))
    found = {one.tag: (one.added.cidrs, one.removed.cidrs) for one in difference.changes}
    assert found == {
        "Storage": ((), ("20.1.128.0/17",)),
        "StorageSyncService": (("20.1.128.0/17",), ("20.2.0.0/24",)),
    }


def test_files_of_two_clouds_are_not_compared() -> None:
    with pytest.raises(ValueError, match="Public and China"):
        compare(small(), small(2, cloud="China"))


def test_the_number_alone_is_no_change() -> None:
    assert compare(small(346), small(347)).changes == ()
    assert compare(small(346), small(346, Storage=("20.1.0.0/17",))).changes


def test_the_judge_can_say_no() -> None:
    one, other = (ip_set(read([text])) for text in ("20.0.0.0/24", "20.0.1.0/24"))
    assert one != other
    assert of_ip_set(one | other) == collapsed(read(["20.0.0.0/23"]))
