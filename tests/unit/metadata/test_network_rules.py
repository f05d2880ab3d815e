"""A registry's network rules are found as they were put."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.metadata import registries
from seawall.network import EVERYBODY, Action, NetworkRules, Range
from seawall.topology import Registry, Replica, Tier

if TYPE_CHECKING:
    from seawall.metadata.database import Database

HOME: Final = (Replica("eastus", "account1"),)

ranges = st.one_of(
    st.builds("{}/{}".format, st.ip_addresses(v=4), st.integers(0, 32)),
    st.builds("{}/{}".format, st.ip_addresses(network="2001:db8::/32"), st.integers(0, 128)),
).map(lambda written: ip_network(written, strict=False))


@settings(max_examples=15)
@given(found=st.lists(ranges, max_size=8), action=st.sampled_from(Action))
def test_rules_are_found_as_they_were_put(database: Database, found: list[Range], action: Action) -> None:
    registry = Registry("myregistry", "eastus", HOME, network=NetworkRules(action).adding(found))
    database.write_now(registries.put, registry)
    assert database.read_now(registries.find, "myregistry") == registry
    assert database.read_now(registries.with_account, "account1") == registry


@pytest.mark.parametrize("tier", Tier)
def test_a_registry_that_nobody_gave_any_answers_everybody(database: Database, tier: Tier) -> None:
    registry = Registry("myregistry", "eastus", HOME, tier=tier)
    database.write_now(registries.put, registry)
    (found,) = database.read_now(registries.list_all)
    assert found == registry
    assert found.network == EVERYBODY


def test_ranges_that_go_are_gone(database: Database) -> None:
    both = [ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")]
    full = Registry("myregistry", "eastus", HOME, network=NetworkRules(Action.DENY).adding(both))
    for network in (full.network, full.network.removing(both[:1]), EVERYBODY, full.network):
        database.write_now(registries.put, replace(full, network=network))
        found = database.read_now(registries.the, "myregistry")
        assert found.network == network
