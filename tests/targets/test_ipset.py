"""iptables with ipset: restored into a namespace's kernel, asked for members, and made to refuse real connections."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from seawall.firewall.targets.contract import CannotExpressError, check_fit
from seawall.firewall.targets.ipset import TARGETS
from tests.support.nets import Net, needs, two_nets
from tests.targets.rule_sets import DEDICATED, NEEDS, by_ip, by_name, every_rule_set
from tests.targets.support_linux import Listener, check, edges, two_ports

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seawall.firewall.rules import RuleSet

pytestmark = needs("ipset", "iptables-restore", "ip6tables-restore")
RULE_SETS = {name: rules for name, rules in every_rule_set().items() if name.endswith("by-ip")}
CHAINS = (("iptables", 4), ("ip6tables", 6))


@pytest.fixture
def net() -> Iterator[Net]:
    with Net() as made:
        yield made


def render(rules: RuleSet, form: str) -> str:
    check_fit(TARGETS["ipset"], rules)
    return TARGETS["ipset"].formats[form](rules)


def load(net: Net, rules: RuleSet) -> None:
    net.run("ipset", "restore", stdin=render(rules, "ipset"))
    for command, _ in CHAINS:
        text = render(rules, command)
        net.run(f"{command}-restore", "--noflush", "--test", stdin=text)
        net.run(f"{command}-restore", "--noflush", stdin=text)


def jump(net: Net, rules: RuleSet) -> None:
    """Make it a wall, with the commands that the file itself tells."""
    for command, _ in CHAINS:
        told = re.findall(rf"^#   ({command} .*)$", render(rules, command), re.MULTILINE)
        assert len(told) == 2
        for line in told:
            net.run(*line.split())


def has(net: Net, name: str, address: str) -> bool:
    return net.tries("ipset", "test", name, address).returncode == 0


def state(net: Net) -> tuple[str, str]:
    """All sets, but for the random number each has, and all rules."""
    return re.sub(r" initval \w+", "", net.run("ipset", "save", "-sorted")), net.run("iptables", "-S")


@pytest.mark.parametrize("name", RULE_SETS)
def test_sets_hold_the_ranges_and_nothing_beside_them(net: Net, name: str) -> None:
    rules = RULE_SETS[name]
    load(net, rules)
    asked = 0
    for port in rules.ports:
        for version in (4, 6):
            inside, outside = edges(rules, port, version)
            asked += len(inside)
            assert all(has(net, f"seawall_{port}_v{version}", address) for address in inside)
            assert not any(has(net, f"seawall_{port}_v{version}", address) for address in outside)
    assert asked


def test_restoring_again_replaces_everything_and_a_bad_file_nothing(net: Net) -> None:
    load(net, by_ip(DEDICATED))
    first = state(net)
    load(net, by_ip(DEDICATED))
    assert state(net) == first
    load(net, by_ip(NEEDS["mcr"]))
    assert has(net, "seawall_443_v4", "20.3.0.0")
    assert not has(net, "seawall_443_v4", "20.1.0.0")
    bad = render(by_ip(DEDICATED), "ipset").replace("20.1.0.0/29", "20.1.0.0/33")
    assert net.tries("ipset", "restore", stdin=bad).returncode != 0
    assert has(net, "seawall_443_v4", "20.3.0.0")
    assert not has(net, "seawall_443_v4", "20.1.0.64")


@pytest.mark.parametrize(
    ("before", "after"), [("dedicated", "everything"), ("everything", "dedicated"), ("mcr", "shared")]
)
def test_a_change_leads_to_the_same_sets(net: Net, before: str, after: str) -> None:
    old, new = by_ip(NEEDS[before]), by_ip(NEEDS[after])
    change = TARGETS["ipset"].changes["ipset"](old, new)
    load(net, old)
    # Twice, as a run that was cut off is run again.
    for _ in range(2):
        net.run("ipset", "restore", stdin=change)
    with Net() as other:
        load(other, new)
        assert state(net)[0] == state(other)[0]


def test_what_an_interrupted_run_left_is_not_taken_over(net: Net) -> None:
    text = render(by_ip(DEDICATED), "ipset")
    assert "\nswap " in text
    net.run("ipset", "restore", stdin=text.partition("\nswap ")[0] + "\n")
    net.run("ipset", "add", "seawall_443_v4_new", "198.51.100.0/24")
    load(net, by_ip(DEDICATED))
    assert has(net, "seawall_443_v4", "20.1.0.0")
    assert not has(net, "seawall_443_v4", "198.51.100.1")
    assert "_new" not in net.run("ipset", "list", "-n")


def test_the_chain_needs_its_sets(net: Net) -> None:
    assert net.tries("iptables-restore", "--noflush", "--test", stdin=render(by_ip(DEDICATED), "iptables")).returncode


def test_other_rules_stay_and_the_chain_is_not_doubled(net: Net) -> None:
    net.run("iptables", "-A", "INPUT", "-p", "tcp", "--dport", "22", "-j", "ACCEPT")
    load(net, by_ip(DEDICATED))
    net.run("iptables", "-A", "OUTPUT", "-j", "SEAWALL")
    load(net, by_ip(NEEDS["everything"]))
    assert net.run("iptables", "-S").splitlines() == [
        "-P INPUT ACCEPT",
        "-P FORWARD ACCEPT",
        "-P OUTPUT ACCEPT",
        "-N SEAWALL",
        "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT",
        "-A OUTPUT -j SEAWALL",
        "-A SEAWALL -p tcp -m tcp --dport 443 -m set --match-set seawall_443_v4 dst -j ACCEPT",
        "-A SEAWALL -j RETURN",
    ]


def test_the_chain_lets_through_and_what_follows_refuses() -> None:
    inside = ("20.1.0.1", "20.2.16.1", "2603:1030:a::1")
    outside = ("20.1.0.8", "20.9.0.1", "2603:1031::1")
    rules = by_ip(NEEDS["everything"])
    with two_nets(*inside, *outside) as (client, world), Listener(world, 443), Listener(world, 8443):
        load(client, rules)
        assert all(client.connects(address, 443) for address in (*inside, *outside))
        jump(client, rules)
        assert [address for address in (*inside, *outside) if client.connects(address, 443)] == list(inside)
        assert all(client.connects(address, 8443) for address in (*inside, *outside))
        # New ranges are in force at once, the jump stays.
        load(client, by_ip(NEEDS["mcr"]))
        assert not any(client.connects(address, 443) for address in inside)


def test_ports_are_kept_apart() -> None:
    with two_nets("20.1.0.1", "10.9.0.1") as (client, world), Listener(world, 443), Listener(world, 80):
        load(client, two_ports())
        jump(client, two_ports())
        assert client.connects("20.1.0.1", 443)
        assert not client.connects("20.1.0.1", 80)
        assert client.connects("10.9.0.1", 80)
        assert not client.connects("10.9.0.1", 443)


def test_the_checks_that_are_declared_take_the_files(net: Net, tmp_path: Path) -> None:
    rules = by_ip(NEEDS["everything"])
    load(net, rules)
    for form in TARGETS["ipset"].checks:
        check(net, TARGETS["ipset"], form, rules, tmp_path)


def test_names_are_refused_with_advice() -> None:
    with pytest.raises(CannotExpressError, match="--by ip"):
        render(by_name(DEDICATED), "ipset")
