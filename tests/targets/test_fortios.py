"""FortiOS: commands are read into tables, as the device does, and the policies asked."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest

from seawall.firewall.targets.contract import Wildcard
from seawall.firewall.targets.fortios import TARGETS
from tests.targets.boxes import RULE_SETS, assert_hosts, assert_ranges, fitting, ports_of, refused, write

if TYPE_CHECKING:
    from collections.abc import Iterator

FORTIOS = TARGETS["fortios"]
NAME = re.compile(r"[A-Za-z0-9_.-]{1,79}")
Entry = dict[str, list[str]]


@dataclass
class Device:
    """Tables by their path, entries by name."""

    tables: dict[str, dict[str, Entry]] = field(default_factory=dict)

    def run(self, text: str) -> None:
        table: dict[str, Entry] | None = None
        entry: Entry | None = None
        for line in text.splitlines():
            if line.startswith("#"):
                continue
            verb, *words = shlex.split(line)
            match verb:
                case "config":
                    assert table is None
                    table = self.tables.setdefault(" ".join(words), {})
                case "edit":
                    assert table is not None
                    assert entry is None
                    assert NAME.fullmatch(words[0])
                    entry = table.setdefault(words[0], {})
                case "set":
                    assert entry is not None
                    assert all(len(word) <= 255 for word in words)
                    entry[words[0]] = words[1:]
                case "unset":
                    assert entry is not None
                    entry.pop(words[0], None)
                case "delete":
                    assert table is not None
                    assert entry is None
                    table.pop(words[0], None)
                case "next":
                    entry = None
                case "end":
                    assert entry is None
                    table = None
                case _:
                    pytest.fail(line)
        assert table is None

    def members(self, suffix: str, names: list[str]) -> Iterator[Entry]:
        for name in names:
            group = self.tables.get(f"firewall addrgrp{suffix}", {}).get(name)
            if group is None:
                yield self.tables[f"firewall address{suffix}"][name]
            else:
                assert len(group["member"]) <= 250
                yield from self.members(suffix, group["member"])

    def destinations(self, port: int, suffix: str) -> Iterator[Entry]:
        for policy in self.tables["firewall policy"].values():
            (service,) = policy["service"]
            if self.tables["firewall service custom"][service]["tcp-portrange"] != [str(port)]:
                continue
            assert policy["action"] == ["accept"]
            assert policy["schedule"] == ["always"]
            assert policy["comments"]
            if f"dstaddr{suffix}" in policy:
                assert policy[f"srcaddr{suffix}"] == ["all"]
                yield from self.members(suffix, policy[f"dstaddr{suffix}"])

    def passes(self, suffix: str, host: str, port: int) -> bool:
        """A wildcard FQDN learns the addresses of every name under it that DNS answers for."""
        for one in self.destinations(port, suffix):
            if one.get("type") == ["fqdn"]:
                (fqdn,) = one["fqdn"]
                pattern = re.escape(fqdn).replace(r"\*", r"[^.]+(?:\.[^.]+)*")
                if re.fullmatch(pattern, host):
                    return True
        return False

    def ranges(self, port: int) -> list[str]:
        v4 = [one["subnet"][0] for one in self.destinations(port, "") if one.get("type") == ["ipmask"]]
        return v4 + [one["ip6"][0] for one in self.destinations(port, "6") if "ip6" in one]


@pytest.mark.parametrize("name", fitting(FORTIOS, "config"))
def test_policies_let_through_what_is_meant(name: str) -> None:
    rules = RULE_SETS[name]
    device = Device()
    device.run(write(FORTIOS, "config", rules))
    if any(rule.names for rule in rules.rules):
        assert_hosts(lambda host, port: device.passes("", host, port), rules, Wildcard.LABELS)
        if rules.need.dual_stack:
            assert_hosts(lambda host, port: device.passes("6", host, port), rules, Wildcard.LABELS)
    for port in ports_of(rules):
        assert_ranges(device.ranges(port), rules, port)


def test_reading_again_leaves_nothing_of_earlier_ones_open() -> None:
    device = Device()
    for name in ("two-ports-by-ip", "everything-by-name", "shared-by-name", "many-by-ip", "dedicated-by-ip"):
        device.run(write(FORTIOS, "config", RULE_SETS[name]))
        fresh = Device()
        fresh.run(write(FORTIOS, "config", RULE_SETS[name]))
        assert device.tables["firewall policy"] == fresh.tables["firewall policy"]
        for port in (80, 443):
            for suffix in ("", "6"):
                assert list(device.destinations(port, suffix)) == list(fresh.destinations(port, suffix))


@pytest.mark.parametrize("name", fitting(FORTIOS, "feed"))
def test_feeds_hold_what_is_meant(name: str) -> None:
    rules = RULE_SETS[name]
    (port,) = rules.ports
    lines = write(FORTIOS, "feed", rules).splitlines()
    assert_ranges([str(ip_network(line)) for line in lines], rules, port)


def test_what_does_not_fit_is_refused() -> None:
    refused(FORTIOS, "feed", RULE_SETS["dedicated-by-name"], "--by ip")
    refused(FORTIOS, "feed", RULE_SETS["two-ports-by-ip"], "no ports")
    refused(FORTIOS, "config", RULE_SETS["shared-by-tag"], "service tags")
