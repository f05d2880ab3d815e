"""Which flows there are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from seawall.firewall.need import HTTP, HTTPS, Need, NeedError, Purpose, flows
from seawall.naming import CHINA, PUBLIC, US_GOVERNMENT, Cloud, NamingError, Role
from seawall.neighbours import neighbours
from seawall.topology import Replica, TopologyError
from tests.unit.firewall.needs import MICROSOFT, OWN, needs, regions_in, shared_needs

EAST = (Replica("eastus"),)
BOTH = (Replica("eastus"), Replica("westus"))
OF_THE_REGISTRY = {
    Purpose.LOGIN: Role.LOGIN,
    Purpose.APEX: Role.APEX,
    Purpose.REGIONAL: Role.REGIONAL,
    Purpose.DATA: Role.DATA,
    Purpose.BLOB: Role.BLOB,
}


def hosts(need: Need, *purposes: Purpose) -> list[str]:
    return [flow.host for flow in flows(need) if not purposes or flow.purpose in purposes]


@given(needs(registry=False))
def test_every_host_is_of_the_cloud_or_a_neighbour(need: Need) -> None:
    beside = neighbours(need.cloud)
    fixed = {beside.mcr, beside.mcr_data, *beside.sign_in, *beside.revocation} if beside else set()
    for flow in flows(need):
        if flow.purpose not in OF_THE_REGISTRY:
            assert flow.host in fixed
            continue
        host = need.cloud.parse(flow.host.replace("*", "anyaccount"))
        assert host.role is OF_THE_REGISTRY[flow.purpose]
        if host.registry:
            assert host.registry == need.registry
        if host.region:
            assert flow.regions == (host.region,)
        assert flow.is_pattern == (flow.host == need.cloud.blob_wildcard)


@given(needs(registry=False))
def test_every_flow_has_a_reason_a_source_and_a_host_of_its_own(need: Need) -> None:
    found = flows(need)
    assert found
    for flow in found:
        assert flow.why
        assert "\n" not in flow.why
        assert flow.source.startswith("https://")
        assert flow.port == (HTTP if flow.purpose is Purpose.REVOCATION else HTTPS)
        assert flow.extra == (flow.purpose in {Purpose.SIGN_IN, Purpose.REVOCATION})
        assert set(flow.regions) <= set(need.regions)
        assert not flow.tags or need.cloud in MICROSOFT
    assert len({(flow.host, flow.port) for flow in found}) == len(found)


@given(needs())
def test_the_login_server_comes_first(need: Need) -> None:
    assert hosts(need)[0] == need.cloud.login(need.registry)
    assert hosts(need, Purpose.LOGIN) == [need.cloud.login(need.registry)]


@given(needs())
def test_layers_come_from_one_host_a_region_or_from_shared_storage(need: Need) -> None:
    data, blob = hosts(need, Purpose.DATA), hosts(need, Purpose.BLOB)
    if need.dedicated:
        assert data == [need.cloud.data(need.registry, region) for region in sorted(need.regions)]
        assert blob == []
    else:
        assert data == []
        known = [need.cloud.blob(one.account) for one in need.replicas if one.account]
        assert sorted(blob) == sorted(known or [need.cloud.blob_wildcard])


@given(shared_needs)
def test_switching_data_endpoints_on_replaces_just_the_shared_storage(need: Need) -> None:
    before, after = flows(need), flows(replace(need, data_endpoints=True))
    gone, new = [one for one in before if one not in after], [one for one in after if one not in before]
    assert {flow.purpose for flow in gone} == {Purpose.BLOB}
    assert [flow for flow in before if flow.purpose is Purpose.BLOB] == gone
    assert [(flow.purpose, flow.regions) for flow in new] == [(Purpose.DATA, (region,)) for region in need.regions]


@given(needs(placed=True), st.data())
def test_another_region_takes_no_host_away(need: Need, data: st.DataObject) -> None:
    other = data.draw(regions_in(need.cloud))
    assume(other not in need.regions)
    account = "newaccount" if need.replicas[0].account else ""
    assume(account not in [one.account for one in need.replicas] or not account)
    wider = replace(need, replicas=(*need.replicas, Replica(other, account)))
    assert set(hosts(need)) <= set(hosts(wider))
    assert len(hosts(wider)) - len(hosts(need)) <= 2


@given(needs())
def test_pushing_needs_no_host_more(need: Need) -> None:
    pulling, pushing = replace(need, push=False), replace(need, push=True)
    assert hosts(pulling) == hosts(pushing)
    assert ["uploads" in flow.why for flow in flows(pulling)] == [False] * len(flows(pulling))
    assert any("uploads" in flow.why for flow in flows(pushing))


@given(needs())
def test_the_order_in_which_regions_were_named_changes_no_host(need: Need) -> None:
    backwards = replace(need, replicas=need.replicas[::-1])
    assert set(hosts(need)) == set(hosts(backwards))


def test_the_article_s_registry() -> None:
    need = Need(registry="myregistry", replicas=BOTH, data_endpoints=True)
    assert hosts(need) == [
        "myregistry.azurecr.io",
        "azurecr.io",
        "myregistry.eastus.data.azurecr.io",
        "myregistry.westus.data.azurecr.io",
    ]


def test_without_dedicated_endpoints_every_account_is_needed() -> None:
    for need in (Need(registry="myregistry"), Need(registry="myregistry", replicas=BOTH)):
        assert hosts(need) == ["myregistry.azurecr.io", "azurecr.io", "*.blob.core.windows.net"]


def test_private_link_brings_dedicated_endpoints_and_needs_no_apex() -> None:
    need = Need(registry="myregistry", replicas=EAST, private_link=True, regional_endpoints=True)
    assert hosts(need) == [
        "myregistry.azurecr.io",
        "myregistry.eastus.geo.azurecr.io",
        "myregistry.eastus.data.azurecr.io",
    ]


@pytest.mark.parametrize(
    ("cloud", "mcr", "sign_in"),
    [
        (PUBLIC, ["mcr.microsoft.com", "*.data.mcr.microsoft.com"], ["login.microsoftonline.com"]),
        (US_GOVERNMENT, ["mcr.microsoft.com", "*.data.mcr.microsoft.com"], ["login.microsoftonline.us"]),
        (
            CHINA,
            ["mcr.azure.cn", "*.data.mcr.azure.cn"],
            ["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
        ),
    ],
)
def test_neighbours_of_each_cloud(cloud: Cloud, mcr: list[str], sign_in: list[str]) -> None:
    need = Need(cloud=cloud, mcr=True, sign_in=True, revocation=True)
    assert hosts(need, Purpose.MCR, Purpose.MCR_DATA) == mcr
    assert hosts(need, Purpose.SIGN_IN) == sign_in
    assert {"crl3.digicert.com", "oneocsp.microsoft.com"} <= set(hosts(need, Purpose.REVOCATION))


def test_where_tags_are_said_to_be() -> None:
    by_purpose = {flow.purpose: flow for flow in flows(Need(registry="myregistry", replicas=EAST, mcr=True))}
    assert by_purpose[Purpose.LOGIN].tags == ("AzureContainerRegistry",)
    assert by_purpose[Purpose.BLOB].tags == ("Storage",)
    assert by_purpose[Purpose.BLOB].regions == ("eastus",)
    assert by_purpose[Purpose.MCR].tags == ("MicrosoftContainerRegistry", "AzureFrontDoor.FirstParty")
    assert by_purpose[Purpose.MCR].regions == ()
    [data] = [
        flow for flow in flows(Need(registry="myregistry", replicas=EAST, data_endpoints=True)) if "data" in flow.host
    ]
    assert data.tags == ("AzureContainerRegistry", "Storage")


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ({}, "say which registry"),
        ({"sign_in": True}, "say which registry"),
        ({"mcr": True, "replicas": EAST}, "say which"),
        ({"mcr": True, "data_endpoints": True}, "say which"),
        ({"registry": "myregistry", "data_endpoints": True}, "--region"),
        ({"registry": "myregistry", "private_link": True}, "--region"),
        ({"registry": "myregistry", "regional_endpoints": True}, "--region"),
        ({"registry": "myregistry", "dual_stack": True}, "--data-endpoints"),
        ({"registry": "myregistry", "replicas": EAST, "private_link": True, "dual_stack": True}, "IPv4 only"),
        ({"cloud": OWN, "registry": "myregistry", "mcr": True}, "not one of Microsoft's clouds"),
        ({"cloud": OWN, "registry": "myregistry", "sign_in": True}, "not one of Microsoft's clouds"),
        ({"cloud": OWN, "registry": "myregistry", "revocation": True}, "not one of Microsoft's clouds"),
        ({"cloud": OWN, "registry": "myregistry", "replicas": EAST, "private_link": True}, "Microsoft's clouds"),
    ],
)
def test_needs_that_cannot_be_are_refused_with_what_to_change(arguments: dict[str, object], hint: str) -> None:
    with pytest.raises(NeedError, match=hint):
        Need(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["My_Registry", "abc", "a.b", "myregistry.azurecr.io", "*", ""])
def test_names_that_no_registry_has(name: str) -> None:
    with pytest.raises((NamingError, NeedError)):
        Need(registry=name)


def test_regions_and_accounts_that_cannot_be() -> None:
    with pytest.raises(TopologyError, match="once"):
        Need(registry="myregistry", replicas=(*EAST, *EAST))
    with pytest.raises(NamingError, match="East US"):
        Need(registry="myregistry", replicas=(Replica("East US"),))
    with pytest.raises(NamingError, match="storage account"):
        Need(registry="myregistry", replicas=(Replica("eastus", "*"),))


@given(needs(placed=True))
def test_who_is_about_to_switch_needs_what_is_needed_before_and_after(need: Need) -> None:
    need = replace(need, data_endpoints=False, private_link=False, dual_stack=False)
    before, after = replace(need, switching=False), replace(need, switching=False, data_endpoints=True)
    assert set(hosts(replace(need, switching=True))) == set(hosts(before)) | set(hosts(after))


def test_a_switch_that_cannot_be() -> None:
    with pytest.raises(NeedError, match="say which: --region"):
        Need(registry="myregistry", switching=True)
    with pytest.raises(NeedError, match="said to be on"):
        Need(registry="myregistry", replicas=EAST, switching=True, data_endpoints=True)
    with pytest.raises(NeedError, match="private link has them on"):
        Need(registry="myregistry", replicas=EAST, switching=True, private_link=True)
    with pytest.raises(NeedError, match="belong to a registry"):
        Need(mcr=True, switching=True)
