"""From flows to rule sets: what is opened, counted again with the standard library."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.firewall.need import Need, NeedError, Purpose, flows
from seawall.firewall.plan import plan
from seawall.firewall.rules import RuleSet, Way
from seawall.naming import CHINA, PUBLIC
from seawall.servicetags.prefixes import AddressSet
from seawall.servicetags.regions import regions_of
from seawall.servicetags.snapshot import TagMissingError
from seawall.topology import Replica
from tests.unit.firewall.needs import MICROSOFT, OWN, needs, regions_in, shared_needs, weekly_file, weekly_files

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seawall.servicetags.snapshot import Snapshot

EAST = (Replica("eastus"),)
BOTH = (Replica("eastus"), Replica("westus"))
DEDICATED = Need(registry="myregistry", replicas=BOTH, data_endpoints=True)
SHARED = Need(registry="myregistry", replicas=EAST)
FILE = weekly_file(
    PUBLIC,
    {
        "AzureContainerRegistry": ["20.1.0.0/22", "2603:1030::/40"],
        "AzureContainerRegistry.EastUS": ["20.1.0.0/29", "2603:1030:a::/48"],
        "AzureContainerRegistry.WestUS": ["20.1.1.0/29"],
        "Storage": ["20.2.0.0/16", "2603:1040::/40"],
        "Storage.EastUS": ["20.2.0.0/20", "2603:1040:a::/48"],
        "Storage.WestUS": ["20.2.16.0/21"],
        "MicrosoftContainerRegistry": ["20.3.0.0/29", "2603:1050::/124"],
        "AzureFrontDoor.FirstParty": ["20.4.0.128/25"],
        "AzureActiveDirectory": ["20.5.0.0/18"],
    },
)

# By a private endpoint, nothing published helps.
plannable = st.sampled_from(MICROSOFT).flatmap(
    lambda cloud: needs(cloud, registry=False).map(lambda need: replace(need, private_link=False))
)


@st.composite
def with_files(draw: st.DrawFn) -> tuple[Need, Snapshot]:
    need = draw(plannable)
    return need, draw(weekly_files(need.cloud, need.regions))


def prefixes_of(snapshot: Snapshot, names: Iterable[str]) -> list[str]:
    """The ranges of tags as they are in the file."""
    return [prefix for name in names for prefix in snapshot.tags[name].prefixes]


def count(prefixes: Iterable[str], version: int) -> int:
    networks = [one for one in map(ip_network, prefixes) if one.version == version]
    four = [one for one in networks if isinstance(one, IPv4Network)]
    six = [one for one in networks if isinstance(one, IPv6Network)]
    merged: list[IPv4Network | IPv6Network] = [*collapse_addresses(four), *collapse_addresses(six)]
    return sum(one.num_addresses for one in merged)


# By name.


@given(needs(registry=False))
def test_by_name_every_flow_has_its_rule(need: Need) -> None:
    rules = plan(need, Way.NAME)
    assert tuple(rule.flow for rule in rules.rules) == flows(need)
    for rule in rules.rules:
        assert rule.names == (rule.flow.host,)
        assert not rule.tags
        assert not rule.addresses
    assert not rules.basis
    patterns = {flow.host for flow in flows(need) if flow.is_pattern}
    assert rules.exposure.patterns == len(patterns)
    assert rules.exposure.names == len({flow.host for flow in flows(need)} - patterns)
    assert (rules.exposure.v4, rules.exposure.v6) == (0, 0)
    assert len(rules.exposure.more) == len(patterns)


@given(needs(registry=False))
def test_names_are_by_port_and_each_once(need: Need) -> None:
    rules = plan(need, Way.NAME)
    assert rules.ports == tuple(sorted({flow.port for flow in flows(need)}))
    for port in rules.ports:
        names = rules.names(port)
        assert list(names) == list(dict.fromkeys(flow.host for flow in flows(need) if flow.port == port))
    assert rules.names(22) == ()


@given(shared_needs)
def test_switching_data_endpoints_on_replaces_just_the_blob_rule_by_one_a_region(need: Need) -> None:
    before = plan(need, Way.NAME).rules
    after = plan(replace(need, data_endpoints=True), Way.NAME).rules
    assert {rule.flow.purpose for rule in before if rule not in after} == {Purpose.BLOB}
    assert [rule.names for rule in after if rule not in before] == [
        (need.cloud.data(need.registry, region),) for region in need.regions
    ]
    assert all(rule in after for rule in before if rule.flow.purpose is not Purpose.BLOB)


@given(needs())
def test_whoever_still_uses_shared_storage_is_warned_of_the_change(need: Need) -> None:
    warned = any("Before switching them on" in note for note in plan(need, Way.NAME).notes)
    assert warned == (need.cloud in MICROSOFT and not need.dedicated)


# By IP.


@given(with_files())
def test_exposure_is_what_the_standard_library_counts(drawn: tuple[Need, Snapshot]) -> None:
    need, snapshot = drawn
    rules = plan(need, Way.IP, snapshot=snapshot)
    wanted4: list[str] = []
    wanted6: list[str] = []
    for flow in flows(need):
        spelled = [regions_of(need.cloud)[region] for region in flow.regions]
        names = [f"{tag}.{region}" for tag in flow.tags for region in spelled] if spelled else list(flow.tags)
        listed = prefixes_of(snapshot, names)
        wanted4 += listed
        ours = flow.purpose in {Purpose.LOGIN, Purpose.REGIONAL, Purpose.DATA, Purpose.BLOB}
        wanted6 += listed if need.dual_stack or not ours else []
    assert rules.exposure.v4 == count(wanted4, 4)
    assert rules.exposure.v6 == count(wanted6, 6)
    opened = [prefix for port in rules.ports for prefix in rules.addresses(port).cidrs]
    assert count(opened, 4) == rules.exposure.v4
    assert count(opened, 6) == rules.exposure.v6
    assert (rules.exposure.names, rules.exposure.patterns) == (0, 0)
    assert rules.basis == f"{snapshot.cloud} {snapshot.change}"


@given(st.data())
def test_another_region_takes_no_address_away(data: st.DataObject) -> None:
    cloud = data.draw(st.sampled_from(MICROSOFT))
    need = replace(data.draw(needs(cloud, placed=True)), private_link=False)
    other = data.draw(regions_in(need.cloud).filter(lambda one: one not in need.regions))
    wider = replace(need, replicas=(*need.replicas, Replica(other)))
    snapshot = data.draw(weekly_files(need.cloud, wider.regions))
    before, after = plan(need, Way.IP, snapshot=snapshot), plan(wider, Way.IP, snapshot=snapshot)
    for port in before.ports:
        outer = [ip_network(one) for one in after.addresses(port).cidrs]
        for prefix in map(ip_network, before.addresses(port).cidrs):
            # The collapsed set of both is the larger one, if the smaller adds nothing to it.
            same = [one for one in outer if one.version == prefix.version]
            assert count([str(one) for one in same], prefix.version) == count(
                [*map(str, same), str(prefix)], prefix.version
            )


@given(with_files())
def test_flows_without_published_addresses_are_named(drawn: tuple[Need, Snapshot]) -> None:
    need, snapshot = drawn
    rules = plan(need, Way.IP, snapshot=snapshot)
    kept = [rule.flow for rule in rules.rules]
    left = [flow for flow in flows(need) if flow not in kept]
    assert {flow.purpose for flow in left} <= {Purpose.APEX, Purpose.REVOCATION}
    said = [note for note in rules.notes if note.startswith("Not in these rules")]
    assert bool(said) == bool(left)
    assert all(flow.host in said[0] for flow in left)


def test_a_registry_opens_ipv6_only_when_it_answers_on_it() -> None:
    assert plan(DEDICATED, Way.IP, snapshot=FILE).exposure.v6 == 0
    assert plan(replace(DEDICATED, dual_stack=True), Way.IP, snapshot=FILE).exposure.v6 > 0


def test_regions_narrow_the_ranges() -> None:
    [login, blob] = plan(SHARED, Way.IP, snapshot=FILE).rules
    assert login.addresses == AddressSet.of(["20.1.0.0/29"])
    assert blob.addresses == AddressSet.of(["20.2.0.0/20"])
    [login, blob] = plan(Need(registry="myregistry"), Way.IP, snapshot=FILE).rules
    assert login.addresses == AddressSet.of(["20.1.0.0/22"])
    assert blob.addresses == AddressSet.of(["20.2.0.0/16"])


def test_a_region_that_vanished_from_the_file_is_no_empty_rule() -> None:
    need = Need(registry="myregistry", replicas=(Replica("eastus"), Replica("italynorth")))
    with pytest.raises(TagMissingError, match=r"(?i)italynorth"):
        plan(need, Way.IP, snapshot=FILE)
    with pytest.raises(TagMissingError):
        plan(need, Way.TAG, snapshot=FILE)


def test_the_file_of_another_cloud_is_refused() -> None:
    need = Need(cloud=CHINA, registry="myregistry")
    with pytest.raises(NeedError, match=r"Public.*China"):
        plan(need, Way.IP, snapshot=FILE)


def test_ranges_without_a_file_are_refused() -> None:
    with pytest.raises(NeedError, match="service-tags fetch"):
        plan(SHARED, Way.IP)
    with pytest.raises(NeedError, match="--resolve"):
        plan(Need(cloud=OWN, registry="myregistry"), Way.IP)
    with pytest.raises(NeedError, match=r"registry\.test"):
        plan(Need(cloud=OWN, registry="myregistry"), Way.IP, snapshot=FILE)


def looked_up(need: Need) -> dict[str, AddressSet]:
    hosts = [flow.host for flow in flows(need) if not flow.is_pattern]
    return {host: AddressSet.of([f"10.9.0.{at}", f"2001:db8::{at}"]) for at, host in enumerate(hosts, 1)}


@given(needs(OWN, known=True, placed=True))
def test_a_registry_of_one_s_own_is_opened_by_looking_it_up(need: Need) -> None:
    rules = plan(need, Way.IP, resolved=looked_up(need))
    assert [rule.flow for rule in rules.rules] == list(flows(need))
    assert rules.exposure.v4 == len(flows(need))
    assert rules.exposure.more == ()


def test_looking_hosts_up_opens_nobody_else_s_registry() -> None:
    """Single addresses are opened, so nothing may be said of all registries and all of storage."""
    rules = plan(DEDICATED, Way.IP, resolved=looked_up(DEDICATED))
    assert rules.exposure.v4 == len(flows(DEDICATED))
    assert not [more for more in rules.exposure.more if "every" in more]


# By tag.


@given(plannable)
def test_by_tag_regions_are_spelled_as_azure_spells_them(need: Need) -> None:
    rules = plan(need, Way.TAG)
    for rule in rules.rules:
        assert not rule.names
        assert not rule.addresses
        for tag in rule.tags:
            service, _, region = tag.partition(".")
            if service in {"AzureContainerRegistry", "Storage"} and region:
                assert regions_of(need.cloud)[region.lower()] == region
                assert region.lower() in need.regions
    if need.replicas:
        wanted = {f"AzureContainerRegistry.{regions_of(need.cloud)[region]}" for region in need.regions}
        assert wanted <= {tag for rule in rules.rules for tag in rule.tags}


def test_tags_of_the_article() -> None:
    assert plan(SHARED, Way.TAG).tags(443) == ("AzureContainerRegistry.EastUS", "Storage.EastUS")
    assert plan(Need(registry="myregistry"), Way.TAG).tags(443) == ("AzureContainerRegistry", "Storage")
    assert plan(Need(mcr=True), Way.TAG).tags(443) == ("MicrosoftContainerRegistry", "AzureFrontDoor.FirstParty")


def test_what_tags_open_besides_is_said() -> None:
    said = plan(replace(SHARED, mcr=True, sign_in=True), Way.TAG).exposure.more
    for words in ("every storage account in eastus", "every container registry in eastus", "Front Door", "tenant"):
        assert sum(words in one for one in said) == 1


def test_a_domain_of_one_s_own_has_no_tags() -> None:
    with pytest.raises(NeedError, match="no service tags"):
        plan(Need(cloud=OWN, registry="myregistry"), Way.TAG)


# By private link.


PRIVATE = Need(registry="myregistry", replicas=BOTH, private_link=True)


def test_private_link_is_names_or_the_addresses_they_have_now() -> None:
    rules = plan(PRIVATE, Way.PRIVATE_LINK)
    assert rules.names(443) == (
        "myregistry.azurecr.io",
        "myregistry.eastus.data.azurecr.io",
        "myregistry.westus.data.azurecr.io",
    )
    rules = plan(PRIVATE, Way.PRIVATE_LINK, resolved={"myregistry.azurecr.io": AddressSet.of(["10.1.0.4"])})
    assert [(bool(rule.names), rule.addresses.cidrs) for rule in rules.rules] == [
        (False, ("10.1.0.4/32",)),
        (True, ()),
        (True, ()),
    ]


def test_private_addresses_open_nobody_else_s_registry() -> None:
    private = {flow.host: AddressSet.of([f"10.1.0.{at}"]) for at, flow in enumerate(flows(PRIVATE), 4)}
    rules = plan(PRIVATE, Way.PRIVATE_LINK, resolved=private)
    assert rules.exposure.v4 == 3
    assert rules.exposure.more == ()


def test_rules_by_private_link_need_one() -> None:
    with pytest.raises(NeedError, match="--private-link"):
        plan(DEDICATED, Way.PRIVATE_LINK)


@pytest.mark.parametrize("way", [Way.IP, Way.TAG])
def test_a_private_endpoint_is_in_no_service_tag(way: Way) -> None:
    """Public ranges would open the wall to others and keep the pull out."""
    with pytest.raises(NeedError, match="private"):
        plan(PRIVATE, way, snapshot=FILE)


# Rule sets.


@given(with_files())
def test_addresses_are_by_port(drawn: tuple[Need, Snapshot]) -> None:
    need, snapshot = drawn
    rules = plan(need, Way.IP, snapshot=snapshot)
    assert rules.ports in {(), (443,)}
    assert not rules.addresses(80)


def test_titles_say_whose_rules_they_are() -> None:
    assert plan(DEDICATED, Way.NAME).title == "myregistry.azurecr.io, by name"
    assert plan(Need(mcr=True), Way.TAG).title == "the Microsoft Container Registry, by tag"
    both = plan(replace(PRIVATE, mcr=True), Way.PRIVATE_LINK).title
    assert both == "myregistry.azurecr.io and the Microsoft Container Registry, by private link"


@given(needs(registry=False))
def test_a_rule_set_is_the_same_each_time(need: Need) -> None:
    first, second = plan(need, Way.NAME), plan(need, Way.NAME)
    assert isinstance(first, RuleSet)
    assert first == second
