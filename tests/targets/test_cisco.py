"""Cisco: the ASA's lines are read into objects, groups and an access list; a stand-in for FMC takes requests."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest

from seawall.firewall.need import Need
from seawall.firewall.plan import plan
from seawall.firewall.rules import Way
from seawall.firewall.targets.cisco import TARGETS
from seawall.firewall.targets.contract import Wildcard
from tests.targets.boxes import RULE_SETS, assert_hosts, assert_ranges, fitting, ports_of, refused, write
from tests.targets.rule_sets import BOTH

if TYPE_CHECKING:
    from collections.abc import Iterator

ASA, FTD = TARGETS["asa"], TARGETS["ftd"]
NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
ENTRY = re.compile(r"access-list seawall extended permit tcp (any4|any6) (object|object-group) (\S+) eq (\d+)")


@dataclass
class Asa:
    """Objects, groups, and the entries of the access list."""

    objects: dict[str, tuple[str, str]] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    entries: list[tuple[str, ...]] = field(default_factory=list)

    def run(self, text: str) -> None:
        mode = name = ""
        for line in text.splitlines():
            if line.startswith("!"):
                continue
            if line.startswith("no "):
                self.remove(line.removeprefix("no "))
                continue
            if not line.startswith(" "):
                entry = ENTRY.fullmatch(line)
                if entry:
                    mode = ""
                    # Names are known before they are used.
                    assert entry[3] in (self.objects if entry[2] == "object" else self.groups)
                    self.entries.append(entry.groups())
                    continue
                words = line.split(" ")
                assert words[:2] in (["object", "network"], ["object-group", "network"]), line
                mode, name = words[0], words[2]
                assert NAME.fullmatch(name)
                continue
            words = line[1:].split(" ")
            if words[0] == "description":
                assert len(line) - len(" description ") <= 200
            elif mode == "object":
                assert name not in self.objects
                keyword, family, host = words
                assert keyword == "fqdn"
                assert family in {"v4", "v6"}
                assert re.fullmatch(r"[a-z0-9.-]{1,64}", host)
                self.objects[name] = (family, host)
            else:
                assert mode == "object-group"
                group = self.groups.setdefault(name, [])
                if words[0] == "no":
                    group.remove(prefix_of(words[2:]))
                    assert group or not self.users(name), "a group in use must not become empty"
                else:
                    assert words[0] == "network-object"
                    group.append(prefix_of(words[1:]))

    def remove(self, line: str) -> None:
        entry = ENTRY.fullmatch(line)
        if entry:
            self.entries.remove(entry.groups())
            return
        assert line.startswith("object-group network ")
        name = line.split(" ")[2]
        assert not self.users(name)
        del self.groups[name]

    def users(self, group: str) -> list[tuple[str, ...]]:
        return [entry for entry in self.entries if entry[1:3] == ("object-group", group)]

    def passes(self, family: str, host: str, port: int) -> bool:
        return any(
            any_of == f"any{family[1:]}" and kind == "object" and self.objects[name] == (family, host)
            for any_of, kind, name, on in self.entries
            if on == str(port)
        )

    def ranges(self, port: int) -> Iterator[str]:
        for any_of, kind, name, on in self.entries:
            if kind == "object-group" and on == str(port):
                for prefix in self.groups[name]:
                    assert (":" in prefix) == (any_of == "any6")
                    yield prefix


def prefix_of(words: list[str]) -> str:
    if words[0] == "host":
        return words[1]
    if len(words) == 2:
        assert words[1].startswith("255.")
        return str(ip_network("/".join(words)))
    assert ":" in words[0]
    return str(ip_network(words[0]))


@pytest.mark.parametrize("name", [one for one in fitting(ASA, "config") if one != "longest-by-name"])
def test_the_access_list_lets_through_what_is_meant(name: str) -> None:
    rules = RULE_SETS[name]
    device = Asa()
    device.run(write(ASA, "config", rules))
    assert len(device.entries) == len(set(device.entries))
    if any(rule.names for rule in rules.rules):
        assert_hosts(lambda host, port: device.passes("v4", host, port), rules, Wildcard.NONE)
        if rules.need.dual_stack:
            assert_hosts(lambda host, port: device.passes("v6", host, port), rules, Wildcard.NONE)
    for port in ports_of(rules):
        assert_ranges(device.ranges(port), rules, port)


@pytest.mark.parametrize("after", ["dedicated-by-ip", "shared-by-ip", "two-ports-by-ip", "many-by-ip"])
@pytest.mark.parametrize("before", ["dedicated-by-ip", "everything-by-ip", "two-ports-by-ip", "many-by-ip"])
def test_a_change_leads_from_one_to_the_other(before: str, after: str) -> None:
    device = Asa()
    device.run(write(ASA, "config", RULE_SETS[before]))
    change = ASA.changes["config"](RULE_SETS[before], RULE_SETS[after])
    assert bool(change) == (before != after)
    device.run(change)
    rules = RULE_SETS[after]
    for port in ports_of(rules):
        ranges = list(device.ranges(port))
        assert len(ranges) == len(set(ranges))
        assert_ranges(ranges, rules, port)


def test_a_host_on_both_ports_is_one_object() -> None:
    need = Need(registry="myregistry", replicas=BOTH, data_endpoints=True, dual_stack=True, revocation=True)
    device = Asa()
    device.run(write(ASA, "config", plan(need, Way.NAME)))
    assert {family for family, _ in device.objects.values()} == {"v4", "v6"}
    assert_hosts(lambda host, port: device.passes("v6", host, port), plan(need, Way.NAME), Wildcard.NONE)


@dataclass
class Fmc:
    """Takes requests as the management center does: names are unique, lists have their limits."""

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)

    def post(self, request: dict[str, Any]) -> None:
        assert request["method"] == "POST"
        kind = re.fullmatch(r"/object/(\w+)\?bulk=true", request["path"])
        assert kind
        assert len(json.dumps(request["body"])) < 2_000_000
        assert 0 < len(request["body"]) <= 1_000
        for one in request["body"]:
            assert (
                one["type"]
                == {
                    "fqdns": "FQDN",
                    "networkgroups": "NetworkGroup",
                    "protocolportobjects": "ProtocolPortObject",
                }[kind[1]]
            )
            assert NAME.fullmatch(one["name"])
            assert one["name"] not in self.objects
            assert 0 < len(one.get("literals", [None])) <= 100
            self.objects[one["name"]] = one

    def ranges(self, names: list[str]) -> Iterator[str]:
        for name in names:
            for literal in self.objects[name].get("literals", []):
                network = ip_network(literal["value"])
                assert literal["type"] == ("Host" if network.num_addresses == 1 else "Network")
                yield str(network)


@pytest.mark.parametrize("name", fitting(FTD, "json"))
def test_fmc_has_what_is_meant(name: str) -> None:
    rules = RULE_SETS[name]
    document = json.loads(write(FTD, "json", rules))
    center = Fmc()
    for request in document["requests"]:
        center.post(request)
    allowed = {int(center.objects[one["port"]]["port"]): one["destinations"] for one in document["allow"]}
    assert all(one["why"] for one in document["allow"])
    named = {name for names in allowed.values() for name in names}
    assert named == {name for name, one in center.objects.items() if one["type"] != "ProtocolPortObject"}
    values = {
        port: {center.objects[one].get("value") for one in destinations} for port, destinations in allowed.items()
    }
    if any(rule.names for rule in rules.rules):
        assert_hosts(lambda host, port: host in values.get(port, set()), rules, Wildcard.NONE)
        both = {one["dnsResolution"] for one in center.objects.values() if one["type"] == "FQDN"}
        assert both == {"IPV4_AND_IPV6" if rules.need.dual_stack else "IPV4_ONLY"}
    for port in ports_of(rules):
        assert_ranges(center.ranges(allowed.get(port, [])), rules, port)


def test_what_does_not_fit_is_refused() -> None:
    for target, form in ((ASA, "config"), (FTD, "json")):
        refused(target, form, RULE_SETS["shared-by-name"], "wildcards")
        refused(target, form, RULE_SETS["mcr-by-name"], "wildcards")
        refused(target, form, RULE_SETS["shared-by-tag"], "service tags")
    refused(ASA, "config", RULE_SETS["longest-by-name"], "64 characters")
