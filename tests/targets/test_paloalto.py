"""PAN-OS: commands are read into a configuration, as the device does, and asked; URLs are matched as documented."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from ipaddress import ip_network

import pytest

from seawall.firewall.targets.contract import Wildcard
from seawall.firewall.targets.paloalto import TARGETS
from tests.targets.boxes import RULE_SETS, assert_hosts, assert_ranges, fitting, many_ranges, ports_of, refused, write

PALOALTO = TARGETS["paloalto"]
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
LONGEST = {"address": 63, "address-group": 63, "service": 63, "custom-url-category": 31, "rules": 63}
RULE_FIELDS = {"from", "to", "source", "destination", "application", "service", "action", "description", "category"}


@dataclass
class Device:
    """The candidate configuration."""

    objects: dict[str, dict[str, dict[str, list[str]]]] = field(default_factory=dict)

    def run(self, text: str) -> None:
        for line in text.splitlines():
            verb, *words = shlex.split(line)
            kind, name, rest = self.place(words)
            assert NAME.fullmatch(name), name
            assert len(name) <= LONGEST[kind], name
            if verb == "delete":
                assert not rest
                if name in self.objects.get(kind, {}):
                    assert not self.referrers(kind, name), line
                    del self.objects[kind][name]
                continue
            assert verb == "set"
            self.set(kind, name, rest)

    @staticmethod
    def place(words: list[str]) -> tuple[str, str, list[str]]:
        if words[:3] == ["rulebase", "security", "rules"]:
            return "rules", words[3], words[4:]
        if words[:2] == ["profiles", "custom-url-category"]:
            return "custom-url-category", words[2], words[3:]
        return words[0], words[1], words[2:]

    def set(self, kind: str, name: str, rest: list[str]) -> None:
        holds = self.objects.setdefault(kind, {}).setdefault(name, {})
        if kind == "service":
            assert rest[:3] == ["protocol", "tcp", "port"]
            holds["port"] = [rest[3]]
            return
        assert len(rest) % 2 == 0, rest
        for key, value in zip(rest[::2], rest[1::2], strict=True):
            if kind == "rules":
                assert key in RULE_FIELDS
            if key == "description":
                assert 0 < len(value) <= 255
            # Lists grow, all else is replaced.
            many = key in {"static", "list", "destination", "category"}
            holds[key] = [*(holds.get(key, []) if many else []), value]

    def referrers(self, kind: str, name: str) -> list[str]:
        field_of = {"address-group": "destination", "custom-url-category": "category"}.get(kind)
        rules = self.objects.get("rules", {})
        return [rule for rule, holds in rules.items() if field_of and name in holds.get(field_of, [])]

    def rules(self, port: int) -> list[dict[str, list[str]]]:
        found = []
        for holds in self.objects.get("rules", {}).values():
            (service,) = holds["service"]
            assert holds["action"] == ["allow"]
            assert holds["application"] == ["any"]
            assert holds["description"]
            if self.objects["service"][service]["port"] == [str(port)]:
                found.append(holds)
        return found

    def addresses(self, rule: dict[str, list[str]]) -> list[dict[str, list[str]]]:
        members: list[str] = []
        for one in rule["destination"]:
            if one != "any":
                members += self.objects["address-group"][one]["static"]
        return [self.objects["address"][one] for one in members]

    def passes(self, host: str, port: int) -> bool:
        """Destination and category of a rule must both match; of two entries in one field, either."""
        for rule in self.rules(port):
            by_object = rule["destination"] == ["any"] or any(one.get("fqdn") == [host] for one in self.addresses(rule))
            urls = [
                url for name in rule.get("category", []) for url in self.objects["custom-url-category"][name]["list"]
            ]
            assert urls or rule["destination"] != ["any"], "a rule for everything"
            if by_object and ("category" not in rule or any(url_matches(url, host) for url in urls)):
                return True
        return False

    def ranges(self, port: int) -> list[str]:
        return [
            prefix for rule in self.rules(port) for one in self.addresses(rule) for prefix in one.get("ip-netmask", [])
        ]


def url_matches(entry: str, host: str) -> bool:
    """Match as "URL category exceptions" says, with "Append Ending Token" off: without an end, all to the right too."""
    assert re.fullmatch(r"[a-z0-9*^.-]+/?", entry), entry
    open_end = not entry.endswith("/")
    tokens = entry.removesuffix("/").split(".")
    assert all(token in {"*", "^"} or not set(token) & {"*", "^"} for token in tokens), "a wildcard is a whole token"
    kinds = {"*": r"[^./]+(?:\.[^./]+)*", "^": r"[^./]+"}
    pattern = r"\.".join(kinds.get(token, re.escape(token)) for token in tokens)
    return re.fullmatch(pattern + (r"(?:\..*)?" if open_end else ""), host) is not None


def test_the_reader_of_urls_knows_the_trap() -> None:
    assert url_matches("azurecr.io", "azurecr.io.evil.xyz")
    assert not url_matches("azurecr.io/", "azurecr.io.evil.xyz")
    assert url_matches("*.azurecr.io/", "a.b.azurecr.io")
    assert not url_matches("*.azurecr.io/", "azurecr.io")


@pytest.mark.parametrize("name", fitting(PALOALTO, "set"))
def test_commands_let_through_what_is_meant(name: str) -> None:
    rules = RULE_SETS[name]
    device = Device()
    device.run(write(PALOALTO, "set", rules))
    if any(rule.names for rule in rules.rules):
        assert_hosts(device.passes, rules, Wildcard.LABELS)
    for port in ports_of(rules):
        assert_ranges(device.ranges(port), rules, port)


def test_commands_leave_nothing_of_earlier_ones_open() -> None:
    device = Device()
    for name in ("two-ports-by-ip", "everything-by-name", "shared-by-name", "dedicated-by-ip", "dedicated-by-ip"):
        device.run(write(PALOALTO, "set", RULE_SETS[name]))
        fresh = Device()
        fresh.run(write(PALOALTO, "set", RULE_SETS[name]))
        for kind in ("rules", "address-group", "custom-url-category"):
            assert device.objects.get(kind, {}) == fresh.objects.get(kind, {})


@pytest.mark.parametrize("name", fitting(PALOALTO, "edl-url"))
def test_url_lists_let_through_what_is_meant(name: str) -> None:
    rules = RULE_SETS[name]
    (port,) = rules.ports
    entries = write(PALOALTO, "edl-url", rules).splitlines()
    assert_hosts(lambda host, on: on == port and any(url_matches(one, host) for one in entries), rules, Wildcard.LABELS)


@pytest.mark.parametrize("name", fitting(PALOALTO, "edl-ip"))
def test_ip_lists_hold_what_is_meant(name: str) -> None:
    rules = RULE_SETS[name]
    (port,) = rules.ports
    lines = write(PALOALTO, "edl-ip", rules).splitlines()
    read = [line.partition(" ") for line in lines]
    assert all(comment for _, _, comment in read)
    assert_ranges([str(ip_network(prefix)) for prefix, _, _ in read], rules, port)


def test_what_does_not_fit_is_refused() -> None:
    refused(PALOALTO, "edl-url", RULE_SETS["dedicated-by-ip"], "edl-ip")
    refused(PALOALTO, "edl-url", RULE_SETS["revocation-by-name"], "no ports")
    refused(PALOALTO, "edl-ip", RULE_SETS["dedicated-by-name"], "--by ip")
    refused(PALOALTO, "edl-ip", RULE_SETS["two-ports-by-ip"], "no ports")
    refused(PALOALTO, "set", many_ranges(2_600), "edl-ip")
    refused(PALOALTO, "set", RULE_SETS["shared-by-tag"], "service tags")
