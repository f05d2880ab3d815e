"""nftables: loaded into a namespace's kernel, asked for its elements, and made to refuse real connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from seawall.firewall.need import Need
from seawall.firewall.targets.contract import CannotExpressError, check_fit
from seawall.firewall.targets.nftables import TARGETS
from tests.support.nets import Net, link, needs, two_nets
from tests.targets.rule_sets import DEDICATED, NEEDS, by_ip, by_name, every_rule_set
from tests.targets.support_linux import Listener, edges, two_ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seawall.firewall.rules import RuleSet

pytestmark = needs("nft")
RULE_SETS = {name: rules for name, rules in every_rule_set().items() if name.endswith("by-ip")}
TABLE = ("inet", "seawall")


@pytest.fixture
def net() -> Iterator[Net]:
    with Net() as made:
        yield made


def render(rules: RuleSet, form: str = "nft") -> str:
    check_fit(TARGETS["nftables"], rules)
    return TARGETS["nftables"].formats[form](rules)


def load(net: Net, text: str) -> None:
    net.run("nft", "-c", "-f", "-", stdin=text)
    net.run("nft", "-f", "-", stdin=text)


def has(net: Net, name: str, *addresses: str) -> bool:
    return net.tries("nft", "get", "element", *TABLE, name, f"{{ {', '.join(addresses)} }}").returncode == 0


@pytest.mark.parametrize("name", RULE_SETS)
def test_sets_hold_the_ranges_and_nothing_beside_them(net: Net, name: str) -> None:
    rules = RULE_SETS[name]
    load(net, render(rules))
    asked = 0
    for port in rules.ports:
        for version in (4, 6):
            inside, outside = edges(rules, port, version)
            element_set = f"to_{port}_v{version}"
            asked += len(inside)
            assert not inside or has(net, element_set, *inside)
            assert not any(has(net, element_set, address) for address in outside)
    assert asked


def test_loading_again_replaces_everything_and_a_bad_file_nothing(net: Net) -> None:
    load(net, render(by_ip(DEDICATED)))
    first = net.run("nft", "list", "ruleset")
    load(net, render(by_ip(DEDICATED)))
    assert net.run("nft", "list", "ruleset") == first
    load(net, render(by_ip(NEEDS["mcr"])))
    assert has(net, "to_443_v4", "20.3.0.0")
    assert not has(net, "to_443_v4", "20.1.0.0")
    before = net.run("nft", "list", "ruleset")
    bad = render(by_ip(DEDICATED)).replace("20.1.0.0/29", "20.1.0.0/29, 20.1.0.0/28")
    assert net.tries("nft", "-f", "-", stdin=bad).returncode != 0
    assert net.run("nft", "list", "ruleset") == before


def test_the_wall_refuses_what_is_not_in_the_rules() -> None:
    inside = ("20.1.0.1", "20.2.16.1", "2603:1030:a::1")
    outside = ("20.1.0.8", "20.9.0.1", "2603:1031::1")
    with two_nets(*inside, *outside) as (client, world), Listener(world, 443), Listener(world, 8443):
        assert all(client.connects(address, 443) for address in (*inside, *outside))
        load(client, render(by_ip(NEEDS["everything"])))
        assert [address for address in (*inside, *outside) if client.connects(address, 443)] == list(inside)
        assert all(client.connects(address, 8443) for address in (*inside, *outside))


def test_rules_of_a_registry_on_ipv4_open_no_ipv6() -> None:
    with two_nets("20.1.0.1", "2603:1030:a::1") as (client, world), Listener(world, 443):
        load(client, render(by_ip(DEDICATED)))
        assert client.connects("20.1.0.1", 443)
        assert not client.connects("2603:1030:a::1", 443)


def test_ports_are_kept_apart() -> None:
    rules = two_ports()
    with two_nets("20.1.0.1", "10.9.0.1") as (client, world), Listener(world, 443), Listener(world, 80):
        load(client, render(rules))
        assert client.connects("20.1.0.1", 443)
        assert not client.connects("20.1.0.1", 80)
        assert client.connects("10.9.0.1", 80)
        assert not client.connects("10.9.0.1", 443)


def test_a_connection_outlives_a_change_of_rules() -> None:
    with two_nets("20.1.0.1") as (client, world), Listener(world, 443):
        load(client, render(by_ip(DEDICATED)))
        with client.connect("20.1.0.1", 443) as talk:
            load(client, render(by_ip(NEEDS["mcr"])))
            assert not client.connects("20.1.0.1", 443)
            talk.sendall(b"x")
            assert talk.recv(100)


def test_the_include_serves_a_table_of_ones_own() -> None:
    chain = "chain out { type filter hook output priority 0; policy drop; ct state established accept; "
    chain += 'oifname "lo" accept; jump seawall_allow; reject with tcp reset\n}\n'
    with two_nets("20.1.0.1", "20.9.0.1") as (client, world), Listener(world, 443):
        load(client, f"table inet mine {{\n{render(by_ip(DEDICATED), 'include')}{chain}}}\n")
        assert client.connects("20.1.0.1", 443)
        assert not client.connects("20.9.0.1", 443)


def test_what_a_router_forwards_is_walled_as_well() -> None:
    with two_nets() as (client, router), Net() as world, Listener(world, 443):
        router.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        link(router, world, 98)
        world.run("ip", "route", "add", "10.99.0.0/24", "via", "10.98.0.1")
        world.owns("20.1.0.1", "20.9.0.1")
        assert client.connects("20.9.0.1", 443)
        load(router, render(by_ip(DEDICATED)))
        assert client.connects("20.1.0.1", 443)
        assert not client.connects("20.9.0.1", 443)


def test_names_are_refused_with_advice() -> None:
    with pytest.raises(CannotExpressError, match="--by ip"):
        render(by_name(Need(mcr=True)))
