"""Registries that two regions change at once: each change counts, and both together are read without fail."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.metadata import registries
from seawall.metadata.schema import SETTING
from seawall.network import EVERYBODY, Action, NetworkRules
from seawall.private_endpoint import Status, created, members
from seawall.topology import Registry, Replica, Tier, with_private_endpoint
from tests.unit.metadata.shipping import everything, ship, sync, take, written

if TYPE_CHECKING:
    from seawall.metadata.database import Database

HOME: Final = Registry("myregistry", "eastus", (Replica("eastus", "account1"),))
BOTH: Final = replace(HOME, replicas=(*HOME.replicas, Replica("westus", "account2")))
RULES: Final = NetworkRules(Action.DENY, (ip_network("192.0.2.0/24"),))


def ranges(start: int, count: int) -> NetworkRules:
    """Rules of so many ranges."""
    return NetworkRules(Action.DENY).adding(ip_network((start + number << 8, 24)) for number in range(count))


def change(database: Database, **values: Any) -> None:  # noqa: ANN401 - settings have many types
    """Change settings of the registry as it is in a region, as the commands do."""
    with database.writing() as writer:
        registries.put(writer, replace(registries.the(writer.connection, HOME.name), **values))


def together(regions: list[Database], start: Registry, *changes: dict[str, Any]) -> Registry:
    """Let regions change a registry at once; return what all of them read when they have heard of each other."""
    regions[0].write_now(registries.put, start)
    sync(*regions)
    for database, values in zip(regions, changes, strict=False):
        change(database, **values)
    sync(*regions)
    found = [database.read_now(registries.list_all) for database in regions]
    assert found[1] == found[0]
    assert found[2] == found[0]
    (registry,) = found[0]
    for database in regions:
        assert database.read_now(registries.find, HOME.name) == registry
        assert database.read_now(registries.with_account, registry.replicas[0].account) == registry
    return registry


def test_changes_of_two_settings_do_not_undo_each_other(regions: list[Database]) -> None:
    changes: list[dict[str, Any]] = [{"anonymous_pull": True}, {"deletes": False}, {"admin": False}]
    assert together(regions, BOTH, *changes) == replace(BOTH, anonymous_pull=True, deletes=False, admin=False)


def test_of_two_changes_of_one_setting_the_later_counts(regions: list[Database], walls: list[int]) -> None:
    walls[1] += 5_000
    network = NetworkRules(Action.ALLOW, RULES.ranges)
    changes: list[dict[str, Any]] = [{"network": RULES}, {"network": network}]
    assert together(regions, replace(BOTH, network=network), *changes).network == RULES


def test_replicas_added_in_two_regions_are_both_there(regions: list[Database]) -> None:
    north, south = Replica("northeurope", "account3"), Replica("southindia", "account4")
    changes: list[dict[str, Any]] = [
        {"replicas": (HOME.replicas[0], north, BOTH.replicas[1])},
        {"replicas": (HOME.replicas[0], south, BOTH.replicas[1])},
    ]
    found = together(regions, BOTH, *changes)
    assert found.replicas == (HOME.replicas[0], north, south, BOTH.replicas[1])


@pytest.mark.parametrize(
    "needing",
    [{"replicas": BOTH.replicas}, {"data_endpoints": True}, {"network": RULES}],
    ids=["replica", "data endpoints", "rules"],
)
def test_a_tier_that_was_lowered_while_another_region_used_it_takes_nothing_away(
    regions: list[Database], needing: dict[str, Any]
) -> None:
    found = together(regions, HOME, {"tier": Tier.BASIC}, needing)
    assert found == replace(HOME, tier=Tier.BASIC, **needing)


def test_a_home_that_goes_while_another_region_makes_it_home_is_another(regions: list[Database]) -> None:
    north = Replica("northeurope", "account3")
    three = replace(BOTH, replicas=(HOME.replicas[0], north, BOTH.replicas[1]))
    changes: list[dict[str, Any]] = [
        {"home": "westus", "replicas": three.replicas[1:]},
        {"replicas": three.replicas[:2]},
    ]
    found = together(regions, three, *changes)
    assert (found.home, found.replicas) == ("northeurope", (north,))


def test_a_registry_all_of_whose_replicas_go_is_none(regions: list[Database]) -> None:
    regions[0].write_now(registries.put, BOTH)
    sync(*regions)
    change(regions[0], replicas=BOTH.replicas[:1])
    change(regions[1], home="westus", replicas=BOTH.replicas[1:])
    sync(*regions)
    assert [database.read_now(registries.list_all) for database in regions] == [[], [], []]
    assert regions[0].read_now(registries.find, HOME.name) is None
    # Whoever puts it again has it again.
    regions[2].write_now(registries.put, BOTH)
    sync(*regions)
    assert [database.read_now(registries.list_all) for database in regions] == [[BOTH]] * 3


def test_ranges_added_in_two_regions_are_all_there(regions: list[Database]) -> None:
    one, other = ranges(1 << 20, 180), ranges(2 << 20, 180)
    found = together(regions, BOTH, {"network": one}, {"network": other})
    assert found.network == NetworkRules(Action.DENY, (*one.ranges, *other.ranges))


def test_a_private_endpoint_approved_in_one_region_needs_what_another_switches_off(regions: list[Database]) -> None:
    endpoint = created("pe", "10.1.0.0/27", members(["eastus", "westus"]), {})
    start = with_private_endpoint(replace(BOTH, data_endpoints=True), endpoint)
    approved = (replace(endpoint, status=Status.APPROVED),)
    found = together(regions, start, {"data_endpoints": False}, {"private_endpoints": approved})
    assert (found.data_endpoints, found.private_endpoints) == (True, approved)


changes = st.fixed_dictionaries(
    {},
    optional={
        "tier": st.sampled_from(Tier),
        "data_endpoints": st.booleans(),
        "anonymous_pull": st.booleans(),
        "network": st.sampled_from([EVERYBODY, RULES, ranges(1 << 20, 3), ranges(2 << 20, 3)]),
        "regions": st.sets(st.sampled_from(["eastus", "northeurope", "westus"]), min_size=1),
        "home": st.sampled_from(["eastus", "northeurope", "westus"]),
    },
)
steps = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0, 1, -1000, 1000]), changes), max_size=10)


def possible(before: Registry, values: dict[str, Any]) -> Registry:
    """Change a registry, as far as that is a change a command would make."""
    named = values.pop("regions", {replica.region for replica in before.replicas})
    home = values.pop("home", before.home)
    replicas = tuple(Replica(region, f"account{len(region)}") for region in sorted({*named, home}))
    return replace(before, **(values | {"replicas": replicas, "home": home}))


@settings(max_examples=12)
@given(steps=steps)
def test_whatever_regions_change_reading_never_fails_and_is_the_same(
    regions: list[Database], walls: list[int], steps: list[tuple[int, int, dict[str, Any]]]
) -> None:
    regions[0].write_now(registries.put, HOME)
    sync(*regions)
    for who, turned, values in steps:
        walls[who] += turned
        before = regions[who].read_now(registries.find, HOME.name) or HOME
        after = possible(before, dict(values))
        regions[who].write_now(registries.put, after)
        assert regions[who].read_now(registries.find, HOME.name) == after
        ship(regions[who], regions[2])
        regions[2].read_now(registries.list_all)
    sync(*regions)
    found = [database.read_now(registries.list_all) for database in regions]
    assert found[1] == found[0]
    assert found[2] == found[0]
    assert written(regions[1]) == written(regions[0])


def test_as_long_as_only_a_part_of_a_registry_is_here_it_lets_nobody_in_that_the_whole_would_not(
    regions: list[Database],
) -> None:
    strict = replace(BOTH, network=RULES, admin=False, deletes=False)
    regions[0].write_now(registries.put, strict)
    log = regions[0].read_now(everything)
    assert len(log) > 5
    for late, _ in enumerate(log):
        missing = [row for place, row in enumerate(log) if place != late]
        regions[1].write_now(take, missing)
        for found in regions[1].read_now(registries.list_all):
            told = f"without {log[late][1]['name']}"
            assert not found.network.admits("198.51.100.1"), told
            assert not found.admin, told
            assert not found.deletes, told
        with regions[1].writing() as writer:
            writer.connection.execute(SETTING.delete())
    regions[1].write_now(take, log)
    assert regions[1].read_now(registries.list_all) == [strict]


def test_what_is_so_already_is_not_written_again(regions: list[Database]) -> None:
    for _ in range(2):
        regions[0].write_now(registries.put, BOTH)
    places = {row["sequence"] for _, row in regions[0].read_now(everything)}
    assert places == {1}
    change(regions[0], deletes=False)
    moved = [row for _, row in regions[0].read_now(everything) if row["sequence"] > 2]
    assert [row["name"] for row in moved] == ["deletes"]
