"""Which tags hold an address or a range."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.servicetags.prefixes import PrefixError
from seawall.servicetags.snapshot import Snapshot, read_snapshot
from tests.support.weekly import weekly
from tests.unit.servicetags.addresses import Network, networks


@pytest.fixture(scope="module")
def small() -> Snapshot:
    return read_snapshot(weekly(), "small.json")


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (
            "20.0.0.1",
            ["AzureContainerRegistry.EastUS", "AzureCloud.eastus", "AzureContainerRegistry", "AzureCloud"],
        ),
        ("20.0.0.0/24", ["AzureContainerRegistry.EastUS", "AzureCloud.eastus", "AzureContainerRegistry", "AzureCloud"]),
        # Larger than any region.
        ("20.0.0.0/23", ["AzureContainerRegistry", "AzureCloud"]),
        # In no region, as some of the real ones are.
        ("20.0.3.255", ["AzureContainerRegistry", "AzureCloud"]),
        ("20.0.4.0", ["AzureCloud"]),
        # Two prefixes side by side hold a range that neither holds alone.
        ("20.1.0.0/17", ["AzureCloud.eastus", "Storage", "AzureCloud"]),
        # AzureCloud is not everything.
        ("21.0.0.1", ["AzureFrontDoor.FirstParty"]),
        ("2620:1ec:32::ff", ["AzureFrontDoor.FirstParty"]),
        ("22.0.0.1", ["AzureActiveDirectory.ServiceEndpoint", "AzureActiveDirectory"]),
        ("19.255.255.255", []),
        ("0.0.0.0/0", []),
        ("::/0", []),
        # Whoever writes IPv4 as IPv6 asks about IPv6.
        ("::ffff:20.0.0.1", []),
    ],
)
def test_looking_up_an_address(small: Snapshot, asked: str, names: list[str]) -> None:
    assert [tag.name for tag in small.lookup(asked)] == names


@pytest.mark.parametrize("asked", ["", "20.0.0", "20.0.0.1/24", "mcr.microsoft.com", "AzureContainerRegistry"])
def test_looking_up_what_is_no_address(small: Snapshot, asked: str) -> None:
    with pytest.raises(PrefixError):
        small.lookup(asked)


@given(st.lists(st.lists(networks, min_size=1, max_size=5), min_size=1, max_size=5), networks)
def test_a_range_is_in_the_tags_that_hold_all_of_it(lists: list[list[Network]], asked: Network) -> None:
    snapshot = read_snapshot(
        weekly({f"Tag{number}": list(map(str, one)) for number, one in enumerate(lists)}), "some.json"
    )

    def holds(ranges: list[Network]) -> bool:
        same = [one for one in ranges if one.version == asked.version]
        joined = ipaddress.collapse_addresses(same)  # type: ignore[type-var]
        return any(asked.subnet_of(one) for one in joined)  # type: ignore[arg-type]

    expected = {f"Tag{number}" for number, one in enumerate(lists) if holds(one)}
    assert {tag.name for tag in snapshot.lookup(str(asked))} == expected
