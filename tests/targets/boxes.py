"""What the tests of appliances share: rule sets of two ports, what must come out, and a second opinion on ranges."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import collapse_addresses, ip_address, ip_network
from typing import TYPE_CHECKING, Any, Final

import pytest
from aerleon import api
from aerleon.lib import naming

from seawall.firewall.need import Need
from seawall.firewall.plan import plan
from seawall.firewall.rules import RuleSet, Way
from seawall.firewall.targets.contract import CannotExpressError, Target, Wildcard, check_fit
from seawall.naming import Cloud
from seawall.neighbours import neighbours
from seawall.servicetags.prefixes import AddressSet
from tests.targets.rule_sets import BOTH, EAST, NEEDS, OWN, every_rule_set, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LONGEST: Final = Need(
    cloud=Cloud.own(f"{'registries-of-a-company' * 2}.{'with-a-long-name' * 3}.example"),
    registry="r" * 50,
    replicas=BOTH,
    data_endpoints=True,
)
"""Host names of 165 characters that differ in the middle only."""


def two_ports() -> RuleSet:
    """Ranges of both families on both ports."""
    need = NEEDS["everything"]
    beside = neighbours(need.cloud)
    assert beside is not None
    resolved = {
        host: AddressSet.of([f"10.8.0.{2 * at}", f"2001:db8:80::{at:x}00/120"])
        for at, host in enumerate(beside.revocation, 1)
    }
    return plan(need, Way.IP, snapshot=snapshot(), resolved=resolved)


def many_ranges(count: int) -> RuleSet:
    """So many ranges that none can be joined with another, one in ten of them a single address."""
    prefixes = [f"20.{at >> 8}.{at & 255}.0/{32 if at % 10 == 0 else 25}" for at in range(count)]
    need = Need(cloud=OWN, registry="myregistry", replicas=EAST, data_endpoints=True, dual_stack=True)
    found = {
        OWN.login("myregistry"): AddressSet.of(prefixes),
        OWN.data("myregistry", "eastus"): AddressSet.of(["2001:db8::/64", "2001:db8:1::1"]),
    }
    return plan(need, Way.IP, resolved=found)


def hostile(rules: RuleSet) -> RuleSet:
    """The same with reasons that try to leave whatever they are quoted in."""
    why = """it's "so" \\ ? $(touch pwned) `touch pwned` '; touch pwned; --> </detail> || & $x "}\'"""
    return replace(rules, rules=tuple(replace(one, flow=replace(one.flow, why=why)) for one in rules.rules))


RULE_SETS: Final = {
    **every_rule_set(),
    "two-ports-by-ip": two_ports(),
    "many-by-ip": many_ranges(1_234),
    "longest-by-name": plan(LONGEST, Way.NAME),
    "hostile-by-name": hostile(plan(NEEDS["revocation"], Way.NAME)),
    "hostile-by-ip": hostile(two_ports()),
}


def fitting(target: Target, form: str) -> list[str]:
    """Name the rule sets that a format takes; there must be some, or the tests would prove nothing."""
    found = []
    for name, rules in RULE_SETS.items():
        try:
            write(target, form, rules)
        except CannotExpressError:
            continue
        found.append(name)
    assert len(found) > 5, target.name
    return found


def write(target: Target, form: str, rules: RuleSet) -> str:
    check_fit(target, rules)
    text = target.formats[form](rules)
    assert text.endswith("\n")
    assert text == target.formats[form](rules)
    assert text.isascii()
    return text


def refused(target: Target, form: str, rules: RuleSet, because: str) -> None:
    with pytest.raises(CannotExpressError, match=because):
        write(target, form, rules)


def ports_of(rules: RuleSet) -> list[int]:
    """The ports that are opened, and those that might have been."""
    return sorted({80, 443, *rules.ports})


def assert_ranges(read: Iterable[str], rules: RuleSet, port: int) -> None:
    """What was read is the plan's, address by address, by the reckoning of the standard library and of Aerleon."""
    got, wanted = list(read), rules.addresses(port).cidrs
    for version in (4, 6):
        assert _space(got, version) == _space(wanted, version)
    inside, outside = edges(rules, port)
    if got:
        assert aerleon_lets_through(got, port, inside[:6] + outside[:6]) == inside[:6]


def _space(prefixes: Iterable[str], version: int) -> list[Any]:
    networks: list[Any] = [ip_network(prefix) for prefix in prefixes]
    return list(collapse_addresses([one for one in networks if one.version == version]))


def edges(rules: RuleSet, port: int) -> tuple[list[str], list[str]]:
    """Addresses just inside and just outside of what is opened on a port."""
    networks = [ip_network(prefix) for prefix in rules.addresses(port).cidrs]
    some = networks[:: max(1, len(networks) // 40)]
    inside = [str(one) for network in some for one in (network[0], network[-1])]
    beside = [one for network in some for one in (network[0] - 1, network[-1] + 1)]
    return list(dict.fromkeys(inside)), [str(one) for one in beside if not _held(str(one), networks)]


def _held(address: str, networks: Iterable[Any]) -> bool:
    found = ip_address(address)
    return any(found in network for network in networks if network.version == found.version)


def aerleon_lets_through(prefixes: Iterable[str], port: int, addresses: Iterable[str]) -> list[str]:
    """Ask Aerleon's packet checker which addresses a list lets through."""
    definitions = naming.Naming()
    values = [{"address": str(ip_network(one))} for one in prefixes]
    services = {"WEB": [{"protocol": "tcp", "port": str(port)}]}
    definitions.ParseDefinitionsObject({"networks": {"READ": {"values": values}}, "services": services}, "")
    term = {
        "name": "read",
        "destination-address": "READ",
        "destination-port": "WEB",
        "protocol": "tcp",
        "action": "accept",
    }
    policy: Any = {"filename": "read", "filters": [{"header": {"targets": {"cisco": "x mixed"}}, "terms": [term]}]}
    return [
        one
        for one in addresses
        if api.AclCheck(policy, definitions, dst=one, dport=str(port), proto="tcp", sport="any")
    ]


def assert_hosts(passes: Callable[[str, int], bool], rules: RuleSet, wildcard: Wildcard) -> None:
    """Every host comes through that must, on its port, and nobody who looks like one."""
    seen = {True: 0, False: 0}
    for port in ports_of(rules):
        for host in candidates(rules):
            meant = _meant(host, rules.names(port), wildcard)
            assert passes(host, port) is meant, (host, port)
            seen[meant] += 1
    assert seen[False] > seen[True] > 0


def _meant(host: str, names: Iterable[str], wildcard: Wildcard) -> bool:
    for name in names:
        if not name.startswith("*."):
            if host == name:
                return True
            continue
        below, dot, parent = host.partition(".")
        while dot:
            if below and parent == name[2:] and (wildcard is not Wildcard.LABEL or "." not in below):
                return True
            more, dot, parent = parent.partition(".")
            below = f"{below}.{more}"
    return False


def candidates(rules: RuleSet) -> list[str]:
    """Hosts that must pass, and others made from them."""
    found = ["azurecr.io", "evilazurecr.io", "azurecr.io.evil.xyz", "example.com", "com", "io"]
    for rule in rules.rules:
        for name in rule.names:
            bare = name.removeprefix("*.")
            found += [bare, f"one.{bare}", f"one.two.{bare}", f"evil{bare}", f"x.evil{bare}", f"evil-{bare}"]
            found += [f"{bare}.evil.xyz", f"one.{bare}.evil.xyz", bare.partition(".")[2], f"x{bare[1:]}", f"{bare}x"]
            found += [bare.replace(".", "x", 1), f"other.{bare.partition('.')[2]}"]
    return list(dict.fromkeys(filter(None, found)))
