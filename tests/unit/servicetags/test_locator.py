"""Finding the tags of very many addresses: the same as asking for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from seawall.servicetags.feed import read_file
from seawall.servicetags.locator import Locator
from seawall.servicetags.prefixes import V4, V6, write_address
from seawall.servicetags.snapshot import Snapshot, read_snapshot
from tests.support.weekly import weekly
from tests.unit.servicetags.addresses import Network, networks, written

if TYPE_CHECKING:
    from pathlib import Path

files = st.dictionaries(
    st.sampled_from(("Storage", "Storage.EastUS", "Sql", "AzureCloud", "Zed")),
    st.lists(networks, min_size=1, max_size=6),
    min_size=1,
)


def asked(snapshot: Snapshot, family: int, address: int) -> tuple[str, ...]:
    return tuple(sorted(tag.name for tag in snapshot.lookup(write_address(family, address))))


@given(files, networks)
def test_the_same_as_asking_for_each(tags: dict[str, list[Network]], near: Network) -> None:
    snapshot = read_snapshot(weekly({name: written(ranges) for name, ranges in tags.items()}), "some.json")
    every = [near, *(one for ranges in tags.values() for one in ranges)]
    locator = Locator(snapshot)
    only = Locator(snapshot, ["Storage"]) if "Storage" in snapshot.tags else None
    for family in (V4, V6):
        edges = {int(one[at]) for one in every if one.max_prefixlen == family for at in (0, -1)}
        edges |= {0, (1 << family) - 1}
        addresses = sorted({one + step for one in edges for step in (-1, 0, 1) if 0 <= one + step < 1 << family})
        # In any order, with repetitions.
        addresses = [*addresses[::-1], *addresses]
        expected = [asked(snapshot, family, address) for address in addresses]
        assert locator.find(family, addresses) == expected
        if only is not None:
            found = only.find(family, addresses)
            assert found == [tuple(set(names) & {"Storage"}) for names in expected]


def test_nothing_asked_nothing_found() -> None:
    assert Locator(read_snapshot(weekly(), "some.json")).find(V4, []) == []


def test_a_real_file(real_files: Path) -> None:
    snapshot = read_file(real_files / "Public_20251024_cn374.json")
    locator = Locator(snapshot)
    first = [int.from_bytes(bytes(map(int, text.split(".")))) for text in ("13.69.64.80", "20.41.69.130", "8.8.8.8")]
    # An address from every part of the space, besides those that are known.
    addresses = [*first, *range(0, 1 << 32, (1 << 32) // 50 - 1)]
    assert locator.find(V4, addresses) == [asked(snapshot, V4, address) for address in addresses]
