"""Network security groups: an evaluator of such groups decides, and all formats must say the same."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.firewall.need import Need
from seawall.firewall.plan import plan
from seawall.firewall.rules import RuleSet, Way
from seawall.firewall.targets import azure_nsg
from seawall.firewall.targets.azure_names import rule_name
from seawall.firewall.targets.azure_template import Template, write_arm, write_bicep
from seawall.firewall.targets.contract import CannotExpressError
from seawall.firewall.targets.hcl import Block, write_blocks
from seawall.servicetags.prefixes import AddressSet
from seawall.topology import Replica
from tests.targets.cloud_judges import (
    EVERY,
    Stub,
    edges,
    fitting,
    from_bicep,
    from_hcl,
    networks,
    only,
    opened,
    refuses,
    write,
)
from tests.targets.rule_sets import DEDICATED, NEEDS, RANGES, resolved

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NSG: Final = azure_nsg.TARGETS["nsg"]
RULE_SETS: Final = {name: rules for name, rules in fitting(NSG).items() if "by-tag" in name or "by-ip" in name}
PRIVATE: Final = networks(("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8"))


def arm(rules: RuleSet) -> list[dict[str, Any]]:
    document = json.loads(write(NSG, "arm", rules))
    (resource,) = document["resources"]
    assert resource["properties"] == {"securityRules": "[concat(variables('rules'), parameters('otherRules'))]"}
    found: list[dict[str, Any]] = document["variables"]["rules"]
    return found


def decide(rules: Sequence[dict[str, Any]], address: str, port: int, protocol: str = "Tcp") -> str:
    """What a group does with an outbound packet: its rules by priority, then those that every group has."""
    ip = ip_address(address)
    private = any(ip in one for one in PRIVATE)
    for rule in sorted(rules, key=lambda one: one["properties"]["priority"]):
        its = rule["properties"]
        assert (its["direction"], its["sourceAddressPrefix"], its["sourcePortRange"]) == ("Outbound", "*", "*")
        ports = its.get("destinationPortRanges") or [its["destinationPortRange"]]
        if str(port) not in ports or its["protocol"] != protocol:
            continue
        if "destinationAddressPrefixes" in its:
            # A list with a tag, or of both families, is refused by Azure; ip_network would refuse a tag too.
            ranges = networks(its["destinationAddressPrefixes"])
            assert len({one.version for one in ranges}) == 1
            hit = any(ip in one for one in ranges)
        else:
            tag = its["destinationAddressPrefix"]
            hit = not private if tag == "Internet" else any(ip in one for one in networks(RANGES[tag]))
        if hit:
            return str(its["access"])
    return "Allow"


@pytest.mark.parametrize("name", RULE_SETS)
def test_what_is_needed_passes_and_its_neighbours_do_not(name: str) -> None:
    rules = RULE_SETS[name]
    if rules.way is Way.TAG and not rules.need.cloud.domain.endswith("azurecr.io"):
        pytest.skip("the small file has the public cloud's tags only")
    group = arm(rules)
    for port in rules.ports:
        inside, outside = edges(opened(rules, port))
        assert inside
        assert {decide(group, address, port) for address in inside} == {"Allow"}
        public = [one for one in outside if not one.startswith("10.")]
        assert {decide(group, address, port) for address in public} <= {"Deny"}
        assert decide(group, "1.1.1.1", port) == decide(group, "2606:4700::1111", port) == "Deny"
        assert decide(group, "10.3.0.4", port) == "Allow"
    assert decide(group, "1.1.1.1", 22) == "Allow"
    assert decide(group, "1.1.1.1", 443, "Udp") == "Allow"


def test_there_is_something_to_judge() -> None:
    assert {"everything-by-tag", "everything-by-ip", "revocation-looked-up-by-ip", "private-by-ip"} <= set(RULE_SETS)
    assert RULE_SETS["revocation-looked-up-by-ip"].ports == (80, 443)


@pytest.mark.parametrize("name", RULE_SETS)
def test_a_group_is_one_that_azure_takes(name: str) -> None:
    group = arm(RULE_SETS[name])
    names = [rule["name"].lower() for rule in group]
    priorities = [rule["properties"]["priority"] for rule in group]
    assert len(set(names)) == len(set(priorities)) == len(group) <= 1000
    assert priorities == sorted(priorities)
    assert all(100 <= priority <= 4096 for priority in priorities)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,78}[a-z0-9_]", one) for one in names)
    assert all(0 < len(rule["properties"]["description"]) <= 140 for rule in group)
    assert group[-1]["properties"]["access"] == "Deny"
    assert group[-1]["properties"]["destinationAddressPrefix"] == "Internet"


@pytest.mark.parametrize("name", RULE_SETS)
def test_every_format_says_the_same(name: str, tmp_path: Path) -> None:
    rules = RULE_SETS[name]
    group = arm(rules)
    bicep = from_bicep(write(NSG, "bicep", rules))
    assert bicep["variables"]["rules"]["value"] == group
    config = bicep["resources"]["group"]["config"]
    assert config["properties"]["securityRules"]["function"] == {
        "type": "concat",
        "parameters": {"arg_1": "rules", "arg_2": "otherRules"},
    }
    resource = only(from_hcl(write(NSG, "terraform", rules))["resource"], "azurerm_network_security_group", "seawall")
    assert [{camel(key): value for key, value in one.items()} for one in resource["security_rule"]] == [
        {"name": rule["name"], **rule["properties"]} for rule in group
    ]
    (more,) = (one["security_rule"] for one in resource["dynamic"])
    assert more["for_each"] == "${var.other_rules}"
    stub = Stub(tmp_path, "az", "list")
    assert stub.run(write(NSG, "az", rules), "a group", "an nsg").returncode == 0
    assert [as_rule(call) for call in stub.calls[1:]] == [flat(rule) for rule in group]


def camel(name: str) -> str:
    return re.sub("_(.)", lambda hit: hit[1].upper(), name)


def as_rule(call: list[str]) -> dict[str, list[str]]:
    """The options of ``az network nsg rule create``."""
    assert call[:4] == ["network", "nsg", "rule", "create"]
    options: dict[str, list[str]] = {}
    for word in call[4:]:
        if word.startswith("--"):
            last = options[word] = []
        else:
            last.append(word)
    assert options.pop("--resource-group") == ["a group"]
    assert options.pop("--nsg-name") == ["an nsg"]
    assert options.pop("--output") == ["none"]
    return options


def flat(rule: dict[str, Any]) -> dict[str, list[str]]:
    its = dict(rule["properties"])
    lists = {
        "--source-address-prefixes": [its.pop("sourceAddressPrefix")],
        "--source-port-ranges": [its.pop("sourcePortRange")],
        "--destination-address-prefixes": its.pop("destinationAddressPrefixes", None)
        or [its.pop("destinationAddressPrefix")],
        "--destination-port-ranges": its.pop("destinationPortRanges", None) or [its.pop("destinationPortRange")],
    }
    return {"--name": [rule["name"]], **lists, **{f"--{key}": [str(value)] for key, value in its.items()}}


def test_the_script_removes_what_an_earlier_run_left(tmp_path: Path) -> None:
    rules = EVERY["dedicated-by-tag"]
    first, second = arm(rules)[:2]
    there = f"{first['name']}\t1000\n{second['name']}\t1007\nseawall-allow-443-Gone\t1001\nseawall-deny-rest\t2000\n"
    stub = Stub(tmp_path, "az", "list", there)
    assert stub.run(write(NSG, "az", rules), "group", "nsg").returncode == 0
    deleted = [call[-1] for call in stub.calls if "delete" in call]
    assert deleted == [second["name"], "seawall-allow-443-Gone"]
    assert "starts_with(name, 'seawall-')" in " ".join(stub.calls[0])
    assert stub.calls[-1][stub.calls[-1].index("--name") + 1] == "seawall-deny-rest"


def test_the_script_stops_where_az_does(tmp_path: Path) -> None:
    script = write(NSG, "az", EVERY["mcr-by-tag"])
    for verb, more in (("list", 0), ("create", 1)):
        stub = Stub(tmp_path / verb, "az", "list")
        stub.fail_at(verb)
        assert stub.run(script, "group", "nsg").returncode == 3
        assert len(stub.calls) == 1 + more
    assert stub.run(script).returncode not in {0, 3}


def test_names_are_refused() -> None:
    assert refuses(NSG, EVERY["dedicated-by-name"])
    assert refuses(NSG, EVERY["private-by-name"])


def test_names_of_rules_stay_when_a_region_comes() -> None:
    three = Need(registry="myregistry", replicas=(*DEDICATED.replicas, Replica("koreacentral")), data_endpoints=True)
    before = {rule["name"] for rule in arm(EVERY["dedicated-by-tag"])}
    assert before < {rule["name"] for rule in arm(plan(three, Way.TAG))}


def many_ranges(count: int) -> RuleSet:
    need = NEEDS["own"]
    # Every second address, so that no two join.
    addresses = AddressSet.of(f"20.{at >> 15}.{at >> 7 & 255}.{at << 1 & 255}" for at in range(count))
    return plan(need, Way.IP, resolved=dict.fromkeys(resolved(need), addresses))


def test_long_lists_are_split_and_none_is_lost() -> None:
    group = arm(many_ranges(9000))
    lists = [rule["properties"]["destinationAddressPrefixes"] for rule in group[:-1]]
    assert [len(one) for one in lists] == [4000, 4000, 1000]
    assert len({prefix for one in lists for prefix in one}) == 9000
    assert decide(group, "20.0.0.2", 443) == "Allow"
    assert decide(group, "20.0.0.3", 443) == "Deny"


def test_more_rules_than_a_group_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(azure_nsg, "MOST_RANGES", 1)
    assert len(arm(many_ranges(999))) == 1000
    with pytest.raises(CannotExpressError, match="1,000 rules"):
        arm(many_ranges(1000))


@settings(deadline=None)
@given(st.lists(st.text(st.characters(codec="ascii", min_codepoint=32), min_size=1, max_size=120), min_size=1))
def test_names_are_valid_and_differ(texts: list[str]) -> None:
    names = {text: rule_name("allow", 443, text) for text in texts}
    assert len(set(names.values())) == len(set(texts))
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", name) for name in names.values())


# Whatever a reason says one day, it stays a text.
TRICKY: Final = st.lists(st.sampled_from((*"aZ0 .:;,'\"\\%[]()!*?&|<>#/\n", "${a}", "%{if b}"))).map("".join)


@settings(max_examples=40, deadline=None)
@given(TRICKY)
def test_texts_come_back_as_they_were(text: str) -> None:
    template = Template(parameters=(), kind="A/b", version="2024", body={"name": text}, words=(), variables={})
    (resource,) = json.loads(write_arm(template))["resources"]
    said = resource["name"]
    assert (said[1:] if said.startswith("[[") else said) == text
    assert not said.startswith("[") or said.startswith("[[")
    read = from_hcl(write_blocks((Block("thing", ("label",), {"text": text, "texts": [text, text]}),)))
    assert only(read["thing"], "label") == {"text": text, "texts": [text, text]}
    assert from_bicep(write_bicep(template, "thing"))["resources"]["thing"]["config"]["name"] == text


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
@pytest.mark.parametrize("name", ["everything-by-ip", "everything-by-tag"])
def test_terraform_would_lay_it_out_the_same(name: str) -> None:
    text = write(NSG, "terraform", EVERY[name])
    done = subprocess.run(
        ["terraform", "fmt", "-"], input=text, capture_output=True, text=True, check=False, timeout=20
    )
    assert (done.returncode, done.stdout) == (0, text)
