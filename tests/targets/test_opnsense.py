"""OPNsense and pfSense: aliases are imported by stand-ins that check what the products check."""

from __future__ import annotations

import json
import re
from ipaddress import ip_network
from uuid import UUID
from xml.etree import ElementTree

import pytest

from seawall.firewall.targets.contract import Target, Wildcard
from seawall.firewall.targets.opnsense import TARGETS
from tests.targets.boxes import RULE_SETS, assert_hosts, assert_ranges, fitting, ports_of, refused, write

OPNSENSE, PFSENSE = TARGETS["opnsense"], TARGETS["pfsense"]
BOTH = [(target, name) for target in (OPNSENSE, PFSENSE) for name in fitting(target, "aliases")]
# The stricter of the two: pfSense takes 31 characters, OPNsense wants no digit first.
ALIAS = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,30}")
HOST = re.compile(r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]+")


def opnsense_aliases(text: str) -> dict[str, tuple[str, list[str]]]:
    found = {}
    for key, alias in json.loads(text)["aliases"]["alias"].items():
        assert str(UUID(key)) == key
        assert alias["enabled"] == "1"
        assert re.fullmatch(r"[0-9A-Za-z .,_-]{1,255}", alias["description"])
        assert alias["name"] not in found
        found[alias["name"]] = (alias["type"], alias["content"].split("\n"))
    return found


def pfsense_aliases(text: str) -> dict[str, tuple[str, list[str]]]:
    root = ElementTree.fromstring(text)
    assert root.tag == "aliases"
    found = {}
    for alias in root:
        fields = {one.tag: one.text or "" for one in alias}
        assert set(fields) == {"name", "type", "address", "descr", "detail"}
        entries = fields["address"].split(" ")
        assert len(fields["detail"].split("||")) == len(entries)
        assert fields["name"] not in found
        found[fields["name"]] = (fields["type"], entries)
    return found


def read(target: Target, text: str) -> dict[str, tuple[str, list[str]]]:
    found = opnsense_aliases(text) if target is OPNSENSE else pfsense_aliases(text)
    for name, (kind, entries) in found.items():
        assert ALIAS.fullmatch(name)
        for entry in entries:
            match kind:
                case "host":
                    assert HOST.fullmatch(entry), entry
                case "network":
                    assert str(ip_network(entry)) == entry
                case "port":
                    assert 0 < int(entry) < 65_536
                case _:
                    pytest.fail(kind)
    return found


@pytest.mark.parametrize(("target", "name"), BOTH, ids=lambda one: getattr(one, "name", one))
def test_aliases_hold_what_is_meant(target: Target, name: str) -> None:
    rules = RULE_SETS[name]
    found = read(target, write(target, "aliases", rules))
    ports = {int(entries[0]): name.removesuffix("_port") for name, (kind, entries) in found.items() if kind == "port"}
    assert set(ports) == set(rules.ports)

    def entries_on(port: int, kind: str) -> list[str]:
        start = f"{ports[port]}_" if port in ports else "none"
        return [one for name, (of, every) in found.items() if of == kind and name.startswith(start) for one in every]

    if any(rule.names for rule in rules.rules):
        assert_hosts(lambda host, port: host in entries_on(port, "host"), rules, Wildcard.NONE)
    for port in ports_of(rules):
        assert_ranges(entries_on(port, "network"), rules, port)


@pytest.mark.parametrize("target", [OPNSENSE, PFSENSE], ids=lambda one: one.name)
def test_lists_hold_what_is_meant(target: Target) -> None:
    for name in fitting(target, "list"):
        rules = RULE_SETS[name]
        (port,) = rules.ports
        assert_ranges(write(target, "list", rules).splitlines(), rules, port)


def test_pfsense_says_why() -> None:
    text = write(PFSENSE, "aliases", RULE_SETS["own-by-name"])
    details = [one.text or "" for one in ElementTree.fromstring(text).iter("detail")]
    assert any("signing in" in detail for detail in details)
    assert "<!--\nRules for " in text


def test_the_same_alias_has_the_same_identifier_every_week() -> None:
    keys = [
        set(json.loads(write(OPNSENSE, "aliases", RULE_SETS[name]))["aliases"]["alias"])
        for name in ("dedicated-by-ip", "shared-by-ip")
    ]
    assert keys[0] == keys[1]


@pytest.mark.parametrize("target", [OPNSENSE, PFSENSE], ids=lambda one: one.name)
def test_what_does_not_fit_is_refused(target: Target) -> None:
    refused(target, "aliases", RULE_SETS["shared-by-name"], "wildcards")
    refused(target, "aliases", RULE_SETS["shared-by-tag"], "service tags")
    refused(target, "list", RULE_SETS["dedicated-by-name"], "--by ip")
    refused(target, "list", RULE_SETS["two-ports-by-ip"], "no ports")
