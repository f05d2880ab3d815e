"""The audit of what is rendered for a need says "allowed"; of the same with something taken out, it does not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seawall.firewall.audit.passage import Verdict
from seawall.firewall.audit.table import READERS, guess_format
from seawall.firewall.audit.verdicts import Audit, audit_walls
from seawall.firewall.need import Need, NeedError, Purpose
from seawall.firewall.plan import plan
from seawall.firewall.rules import Way
from seawall.firewall.targets.azure_nsg import render_arm
from seawall.firewall.targets.documents import TARGETS
from seawall.firewall.targets.squid import render as render_squid
from seawall.naming import PUBLIC
from seawall.servicetags.prefixes import AddressSet
from seawall.topology import Replica
from tests.unit.firewall.needs import needs, weekly_file, weekly_files

if TYPE_CHECKING:
    from seawall.firewall.rules import RuleSet
    from seawall.servicetags.snapshot import Snapshot

calmly = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
EAST = Need(registry="myregistry", replicas=(Replica("eastus"),), data_endpoints=True)
SHARED = Need(registry="myregistry", replicas=(Replica("eastus"),))
WEEK = weekly_file(
    PUBLIC,
    {
        "AzureContainerRegistry": ["20.1.0.0/22", "2603:1030::/40"],
        "AzureContainerRegistry.EastUS": ["20.1.0.0/29", "20.1.0.64/26", "2603:1030:a::/48"],
        "Storage": ["20.2.0.0/16"],
        "Storage.EastUS": ["20.2.0.0/20"],
    },
)


def listed(rules: RuleSet) -> str:
    return TARGETS["text"].formats["text"](rules)


def audit(text: str, need: Need, snapshot: Snapshot | None = None, **more: AddressSet) -> Audit:
    return audit_walls(need, READERS[guess_format(text)](text), snapshot=snapshot, **more)  # type: ignore[arg-type]


def verdicts(found: Audit) -> list[Verdict]:
    return [one.passage.verdict for one in found.findings]


@calmly
@given(needs())
def test_a_list_of_names_allows_every_flow(need: Need) -> None:
    found = audit(listed(plan(need, Way.NAME)), need)
    assert set(verdicts(found)) == {Verdict.ALLOWED}
    assert found.passes
    assert not found.stale_names
    assert not any(one.wide for one in found.findings)


@calmly
@given(needs())
def test_squid_allows_every_flow(need: Need) -> None:
    found = audit(render_squid(plan(need, Way.NAME)), need)
    assert set(verdicts(found)) == {Verdict.ALLOWED}
    assert not found.stale_names


@calmly
@given(needs(), st.data())
def test_a_list_without_one_name_blocks_its_flow(need: Need, data: st.DataObject) -> None:
    lines = listed(plan(need, Way.NAME)).splitlines()
    gone = data.draw(st.sampled_from(lines))
    found = audit("".join(f"{line}\n" for line in [*lines, "other.example.org"] if line != gone), need)
    for one in found.findings:
        assert (one.passage.verdict is Verdict.BLOCKED) is (one.flow.host == gone)
        assert one.passage.missing_names == ((gone,) if one.flow.host == gone else ())
    assert found.passes is all(one.flow.extra for one in found.findings if one.flow.host == gone)


@st.composite
def weeks(draw: st.DrawFn) -> tuple[Need, Snapshot]:
    """A need with published addresses, and a weekly file of its cloud."""
    need = draw(needs(cloud=PUBLIC).filter(lambda need: not need.private_link))
    return need, draw(weekly_files(PUBLIC, need.regions))


@calmly
@given(weeks())
def test_ranges_and_tags_allow_every_flow_that_has_addresses(week: tuple[Need, Snapshot]) -> None:
    need, snapshot = week
    by_ip, by_tag = (plan(need, way, snapshot=snapshot) for way in (Way.IP, Way.TAG))
    addressed = {rule.flow for rule in by_ip.rules}
    for text in (listed(by_ip), listed(by_tag), render_arm(by_ip), render_arm(by_tag)):
        found = audit(text, need, snapshot)
        for one in found.findings:
            if one.flow in addressed:
                assert one.passage.verdict is Verdict.ALLOWED
            else:
                assert one.passage.verdict is not Verdict.PARTLY
        assert not found.stale_ranges


@calmly
@given(weeks(), st.data())
def test_a_list_without_one_range_lacks_it(week: tuple[Need, Snapshot], data: st.DataObject) -> None:
    need, snapshot = week
    rules = plan(need, Way.IP, snapshot=snapshot)
    lines = listed(rules).splitlines()
    gone = data.draw(st.sampled_from(lines))
    # TEST-NET is nobody's, and keeps the list from being empty.
    rest = [*(line for line in lines if line != gone), "192.0.2.0/32"]
    lost = AddressSet.of([gone]) - AddressSet.of(rest)
    found = audit("\n".join(rest), need, snapshot)
    needed = {rule.flow: rule.addresses for rule in rules.rules}
    for one in found.findings:
        if one.flow in needed:
            assert one.passage.missing == needed[one.flow] & lost
            assert (one.passage.verdict is Verdict.ALLOWED) is (not one.passage.missing)


def test_what_opens_too_much_is_marked() -> None:
    for text, wide in (
        ("*.azurecr.io\n*.data.azurecr.io\n*.eastus.data.azurecr.io\nazurecr.io\n", "every name under azurecr.io"),
        (".azurecr.io", "every name under azurecr.io"),
        ("myregistry.azurecr.io\nmyregistry.eastus.data.azurecr.io\nazurecr.io\n*.azurecr.io", "(line 4)"),
        ("0.0.0.0/0", "4,294,967,296 IPv4 addresses"),
        ("20.0.0.0/8\n20.1.0.0/22", "most by line 1: 20.0.0.0/8"),
        ("Internet", "IPv4 addresses"),
    ):
        finding = audit(text, EAST, WEEK).findings[0]
        assert finding.passage.verdict is Verdict.ALLOWED
        assert wide in finding.wide, text


def test_what_opens_just_enough_is_not_marked() -> None:
    for text in (
        "myregistry.azurecr.io\nmyregistry.eastus.data.azurecr.io\nazurecr.io",
        ".myregistry.azurecr.io",
        listed(plan(EAST, Way.IP, snapshot=WEEK)),
        "AzureContainerRegistry.EastUS\nStorage.EastUS\n203.0.113.0/30",
    ):
        assert not audit(text, EAST, WEEK).findings[0].wide, text


def test_stale_ranges_are_those_no_tag_has() -> None:
    text = f"{listed(plan(EAST, Way.IP, snapshot=WEEK))}203.0.113.0/30\n2603:1030:a::/48\n2001:db8::/64\n"
    assert audit(text, EAST, WEEK).stale_ranges == ("203.0.113.0/30", "2001:db8::/64")


def test_stale_names_are_those_that_were_needed_once() -> None:
    text = listed(plan(EAST, Way.NAME)) + "\n".join(
        (
            "*.blob.core.windows.net",
            "eusmanaged7.blob.core.windows.net",
            "myregistry.westus.data.azurecr.io",
            "*.cdn.mscr.io",
            "other.azurecr.io",
            "pypi.org",
        )
    )
    assert [name for name, _ in audit(text, EAST).stale_names] == [
        "*.blob.core.windows.net",
        "eusmanaged7.blob.core.windows.net",
        "myregistry.westus.data.azurecr.io",
        "*.cdn.mscr.io",
    ]
    assert not audit(listed(plan(SHARED, Way.NAME)), SHARED).stale_names


def test_only_ipv4_is_partly() -> None:
    dual = Need(registry="myregistry", replicas=(Replica("eastus"),), data_endpoints=True, dual_stack=True)
    found = audit(listed(plan(EAST, Way.IP, snapshot=WEEK)), dual, WEEK)
    login = found.findings[0].passage
    assert login.verdict is Verdict.PARTLY
    assert login.missing.cidrs == ("2603:1030:a::/48",)
    assert not found.passes


def test_private_endpoints_are_judged_by_what_was_looked_up() -> None:
    need = Need(registry="myregistry", replicas=(Replica("eastus"),), private_link=True)
    public = listed(plan(EAST, Way.IP, snapshot=WEEK))
    with pytest.raises(NeedError, match="--resolve"):
        audit(public, need, WEEK)
    hosts = ("myregistry.azurecr.io", "myregistry.eastus.data.azurecr.io")
    resolved = {host: AddressSet.of(["10.0.0.4"]) for host in hosts}
    assert not audit_walls(need, READERS["list"](public), snapshot=WEEK, resolved=resolved).passes
    walls = READERS["list"]("10.0.0.4/32")
    assert audit_walls(need, walls, snapshot=WEEK, resolved=resolved).passes


def test_a_flow_must_get_through_every_wall() -> None:
    open_wall, narrow = READERS["list"]("0.0.0.0/0"), READERS["list"]("20.1.0.0/29")
    found = audit_walls(EAST, (*open_wall, *narrow), snapshot=WEEK)
    login = found.findings[0]
    assert login.passage.verdict is Verdict.PARTLY
    assert login.passage.missing.cidrs == ("20.1.0.64/26",)
    assert not login.wide


def test_without_any_wall_all_is_allowed_and_too_wide() -> None:
    found = audit_walls(EAST, ())
    assert found.passes
    assert all("nothing in it filters" in one.wide for one in found.findings)


@pytest.mark.parametrize("purpose", [Purpose.SIGN_IN, Purpose.REVOCATION])
def test_optional_flows_do_not_decide(purpose: Purpose) -> None:
    need = Need(registry="myregistry", sign_in=True, revocation=True)
    text = listed(plan(Need(registry="myregistry"), Way.NAME))
    found = audit(text, need)
    assert found.passes
    assert {one.passage.verdict for one in found.findings if one.flow.purpose is purpose} == {Verdict.BLOCKED}


def test_a_tag_that_is_not_in_the_file_proves_nothing() -> None:
    group = {"securityRules": [rule("Deny", 300, "Internet"), rule("Allow", 200, "Storage.Nowhere")]}
    found = audit(json.dumps(group), EAST, WEEK)
    assert found.findings[0].passage.verdict is Verdict.UNPROVEN
    assert "Storage.Nowhere" in found.findings[0].passage.why


def rule(access: str, priority: int, to: str) -> dict[str, object]:
    return {
        "name": f"{access}-{priority}",
        "properties": {
            "access": access,
            "priority": priority,
            "direction": "Outbound",
            "protocol": "Tcp",
            "sourceAddressPrefix": "VirtualNetwork",
            "sourcePortRange": "*",
            "destinationAddressPrefix": to,
            "destinationPortRange": "443",
        },
    }
