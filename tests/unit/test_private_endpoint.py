"""Private endpoints: every member has an address of its own in the network, and clients of it come in."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.network import Action, NetworkRules
from seawall.private_endpoint import PrivateEndpoint, PrivateEndpointError, Status, completed, created, members
from seawall.topology import (
    Registry,
    Replica,
    TopologyError,
    in_region,
    out_of_region,
    with_private_endpoint,
)

HOME: Final = Registry("myregistry", "eastus", (Replica("eastus", "sw1"),))
EAST: Final = members(["eastus"])


def endpoint(network: str = "10.1.0.0/27", **given_addresses: str) -> PrivateEndpoint:
    return created("pe", network, EAST, given_addresses)


def test_members_get_the_first_free_addresses() -> None:
    # As with Azure, the first four of a subnet are never given away.
    assert dict(endpoint().addresses) == {"registry": "10.1.0.4", "registry_data_eastus": "10.1.0.5"}
    chosen = endpoint(registry_data_eastus="10.1.0.4")
    assert dict(chosen.addresses) == {"registry": "10.1.0.5", "registry_data_eastus": "10.1.0.4"}
    assert dict(endpoint("fd00::/64").addresses)["registry"] == "fd00::4"


@pytest.mark.parametrize(
    ("network", "chosen", "why"),
    [
        ("10.1.0.0/29", {"registry": "10.2.0.9"}, "10.2.0.9 is not in 10.1.0.0/29"),
        ("10.1.0.0/29", {"registry": "fd00::1"}, "is not in"),
        ("10.1.0.0/29", {"registry": "nonsense"}, "nonsense"),
        ("10.1.0.0/29", {"registry_data_westus": "10.1.0.5"}, "no member"),
        ("10.1.0.0/30", {}, "no address is free in 10.1.0.0/30 for registry, registry_data_eastus"),
        ("10.1.0.1/24", {}, "bits behind its prefix"),
        ("nonsense", {}, "no range"),
    ],
)
def test_what_cannot_be(network: str, chosen: dict[str, str], why: str) -> None:
    with pytest.raises(PrivateEndpointError, match=why):
        created("pe", network, EAST, chosen)


@pytest.mark.parametrize("name", ["", "-a", "a b", "a/b", "a" * 81, "a\n"])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(PrivateEndpointError):
        created(name, "10.1.0.0/27", EAST, {})


@given(
    st.integers(24, 30),
    st.lists(st.sampled_from(["eastus", "westus", "northeurope", "southindia"]), unique=True),
    st.lists(st.sampled_from(["eastus", "westus", "northeurope", "southindia"]), unique=True),
)
def test_addresses_are_in_the_network_each_once_and_stay(length: int, first: list[str], then: list[str]) -> None:
    network = f"10.1.0.0/{length}"
    try:
        before = created("pe", network, members(first), {})
        after = completed(before, members(then))
    except PrivateEndpointError:
        assert 2 ** (32 - length) - 5 < 1 + max(len(first), len(then))
        return
    assert tuple(member for member, _ in after.addresses) == tuple(sorted(members(then)))
    addresses = [ip_address(address) for _, address in after.addresses]
    assert len(set(addresses)) == len(addresses)
    assert all(address in ip_network(network) for address in addresses)
    kept = dict(before.addresses)
    assert all(kept.get(member, address) == address for member, address in after.addresses)


def test_approval_turns_dedicated_data_endpoints_on_and_keeps_them_so() -> None:
    pending = with_private_endpoint(HOME, endpoint())
    assert not pending.data_endpoints
    approved = with_private_endpoint(pending, replace(endpoint(), status=Status.APPROVED))
    assert approved.data_endpoints
    with pytest.raises(TopologyError, match="pe needs dedicated data endpoints"):
        replace(approved, data_endpoints=False)
    assert with_private_endpoint(approved, replace(endpoint(), status=Status.REJECTED)).data_endpoints


def test_only_clients_of_approved_networks_come_in_privately() -> None:
    closed = replace(HOME, public_access=False, data_endpoints=True)
    for status in Status:
        registry = with_private_endpoint(closed, replace(endpoint(), status=status))
        assert registry.admits("10.1.0.20") is (status is Status.APPROVED)
        assert registry.admits("::ffff:10.1.0.20") is (status is Status.APPROVED)
        assert not registry.admits("10.1.0.32")
        assert not registry.admits("2001:db8::1")
        assert not registry.admits("unknown")


def test_rules_by_address_are_for_the_public_only() -> None:
    ruled = replace(HOME, network=NetworkRules(Action.DENY, (ip_network("192.0.2.0/24"),)))
    registry = with_private_endpoint(ruled, replace(endpoint(), status=Status.APPROVED))
    assert registry.admits("10.1.0.20")
    assert registry.admits("192.0.2.1")
    assert not registry.admits("198.51.100.1")
    assert not replace(registry, public_access=False).admits("192.0.2.1")


def test_a_replica_brings_its_address_and_takes_it_away() -> None:
    registry = with_private_endpoint(HOME, endpoint())
    both = in_region(registry, "westus")
    assert dict(both.private_endpoints[0].addresses)["registry_data_westus"] == "10.1.0.6"
    assert out_of_region(both, "westus") == registry


def test_a_replica_that_has_no_address_left_is_refused_with_the_member() -> None:
    # Eight addresses less five: login server, eastus, and one more.
    registry = with_private_endpoint(HOME, endpoint("10.1.0.0/29"))
    with pytest.raises(TopologyError, match=r"pe: no address is free in .* for registry_data_northeurope"):
        in_region(in_region(registry, "westus"), "northeurope")
