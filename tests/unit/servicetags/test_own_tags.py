"""Our own service tags are read by the reader of Azure's, and hold what the regions told."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.servicetags.own_tags import Addresses, service_tags
from seawall.servicetags.prefixes import AddressSet
from seawall.servicetags.snapshot import SnapshotError, read_snapshot

EAST: Final = Addresses("eastus", ("192.0.2.1", "2001:db8::1"), 1000)
WEST: Final = Addresses("westus", ("192.0.2.9",), 2000)


def read(document: dict[str, Any]) -> Any:  # noqa: ANN401 - a snapshot
    return read_snapshot(json.dumps(document).encode(), "ours")


def test_there_is_a_tag_for_all_and_one_for_each_region() -> None:
    snapshot = read(service_tags("registry.example", [WEST, EAST]))
    assert (snapshot.cloud, snapshot.change) == ("registry.example", 2000)
    assert {name: (tag.region, tag.change) for name, tag in snapshot.tags.items()} == {
        "Seawall": ("", 2000),
        "Seawall.eastus": ("eastus", 1000),
        "Seawall.westus": ("westus", 2000),
    }
    assert snapshot.addresses("Seawall") == AddressSet.of([*EAST.addresses, *WEST.addresses])
    assert [tag.name for tag in snapshot.lookup("192.0.2.9")] == ["Seawall.westus", "Seawall"]


def test_a_region_that_told_nothing_has_no_tag() -> None:
    silent = Addresses("northeurope", (), 3000)
    assert set(read(service_tags("localhost", [EAST, silent])).tags) == {"Seawall", "Seawall.eastus"}
    # Nothing at all is no file, which every reader can tell from one that lets nothing through.
    with pytest.raises(SnapshotError, match="no service tags"):
        read(service_tags("registry.example", [silent]))


@given(
    st.dictionaries(
        st.sampled_from(["eastus", "westus", "northeurope"]),
        st.lists(st.ip_addresses().map(str), min_size=1, max_size=4, unique=True),
        min_size=1,
    )
)
def test_whatever_regions_tell_is_what_the_tags_hold(told: dict[str, list[str]]) -> None:
    regions = [Addresses(region, tuple(addresses), 1) for region, addresses in told.items()]
    snapshot = read(service_tags("registry.example", regions))
    for region, addresses in told.items():
        assert snapshot.addresses(f"Seawall.{region}") == AddressSet.of(addresses)
        assert snapshot.addresses(f"Seawall.{region}") <= snapshot.addresses("Seawall")
