"""dnsmasq: running in a namespace, it answers clients and opens the wall for just the names of the rules."""

from __future__ import annotations

import re
import signal
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

import pytest

from seawall.firewall.need import Purpose
from seawall.firewall.targets.contract import CannotExpressError, check_fit
from seawall.firewall.targets.dnsmasq import TARGETS
from tests.support.nets import Net, needs, two_nets
from tests.targets.rule_sets import DEDICATED, NEEDS, by_ip, by_name, every_rule_set
from tests.targets.support_linux import LOOK_ALIKES, Listener, ask, check, dns_server, hosts_that_pass

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from seawall.firewall.rules import RuleSet

pytestmark = needs("dnsmasq", "nft", "ipset", "iptables-restore", "ip6tables-restore")
RULE_SETS = {name: rules for name, rules in every_rule_set().items() if name.endswith("by-name")}
DNS: Final = "127.0.0.1"
WORLD_DNS: Final = "10.99.0.2"
# What is below an exact name is let through with it, and it cannot be otherwise (see the target's caveats).
BELOW: Final = ("deeper.myregistry.azurecr.io", "evildata.mcr.microsoft.com")
REFUSED: Final = ("azurecr.io", *(name for name in LOOK_ALIKES if name not in BELOW))


def render(rules: RuleSet, form: str = "dnsmasq") -> str:
    check_fit(TARGETS["dnsmasq"], rules)
    return TARGETS["dnsmasq"].formats[form](rules)


def passing(rules: RuleSet) -> dict[str, int]:
    """Hosts that must get through, with the port: all but the base name, which is left out."""
    left = {rule.flow.host for rule in rules.rules if rule.flow.purpose is Purpose.APEX}
    return {host: port for host, port in hosts_that_pass(rules).items() if host not in left}


def addresses(names: list[str]) -> dict[str, tuple[str, str]]:
    return {name: (f"198.51.100.{at}", f"2001:db8::{at:x}") for at, name in enumerate(names, 1)}


@contextmanager
def running(folder: Path, client: Net, world: Net, text: str, names: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run dnsmasq on these lines, and the world's DNS server behind it."""
    (folder / "rules.conf").write_text(text)
    conf = folder / "dnsmasq.conf"
    lines = ["no-resolv", "no-hosts", "pid-file=", "user=nobody", "bind-interfaces", f"listen-address={DNS}"]
    conf.write_text("\n".join([*lines, f"server={WORLD_DNS}", f"conf-file={folder / 'rules.conf'}"]) + "\n")
    assert "OK" in client.tries("dnsmasq", "--test", "-C", str(conf)).stderr
    with ExitStack() as stack:
        server = dns_server(folder, WORLD_DNS, dict(addresses(names)))
        stack.enter_context(world.daemon(*server, port=53, address=WORLD_DNS))
        yield stack.enter_context(client.daemon("dnsmasq", "--keep-in-foreground", "-C", str(conf), port=53))


def load(net: Net, rules: RuleSet, form: str) -> None:
    if form == "dnsmasq":
        net.run("nft", "-f", "-", stdin=render(rules, "nft"))
        return
    net.run("ipset", "restore", stdin=render(rules, "sets"))
    for command in ("iptables", "ip6tables"):
        text = render(rules, command)
        net.run(f"{command}-restore", "--noflush", stdin=text)
        for line in text.splitlines():
            if line.startswith(f"#   {command} "):
                net.run(*line.removeprefix("#").split())


@pytest.mark.parametrize("form", ["dnsmasq", "ipset"])
@pytest.mark.parametrize("name", RULE_SETS)
def test_the_wall_opens_for_the_names_that_were_asked_for_and_no_other(tmp_path: Path, name: str, form: str) -> None:
    rules = RULE_SETS[name]
    hosts = passing(rules)
    # Other clouds' own base names are below none of these.
    refused = [one for one in REFUSED if one not in hosts]
    found = addresses([*hosts, *refused])
    every = [f"{one}/{32 if '.' in one else 128}" for both in found.values() for one in both]
    with ExitStack() as stack:
        client, world = stack.enter_context(two_nets(*every))
        for port in (80, 443, 8443):
            stack.enter_context(Listener(world, port))
        load(client, rules, form)
        stack.enter_context(running(tmp_path, client, world, render(rules, form), [*hosts, *refused]))
        for host, both in found.items():
            port = hosts.get(host, rules.ports[-1])
            assert not any(client.connects(one, port) for one in both), f"{host} is open before anybody asked"
            assert [*ask(client, DNS, host), *ask(client, DNS, host, 28)] == list(both)
            assert all(client.connects(one, port) == (host in hosts) for one in both), host
        if 80 in rules.ports:
            # What is open on one port is not on the other.
            assert not any(client.connects(both[0], 523 - hosts[host]) for host, both in found.items() if host in hosts)


def test_what_is_below_an_exact_name_goes_with_it_as_the_caveats_say(tmp_path: Path) -> None:
    rules = by_name(DEDICATED)
    with two_nets("198.51.100.1") as (client, world), Listener(world, 443):
        load(client, rules, "dnsmasq")
        with running(tmp_path, client, world, render(rules), [BELOW[0]]):
            ask(client, DNS, BELOW[0])
            assert client.connects("198.51.100.1", 443)
    assert any("below" in caveat for caveat in TARGETS["dnsmasq"].ability.caveats)


def test_an_address_in_use_is_not_forgotten() -> None:
    rules = by_name(DEDICATED)
    with two_nets("198.51.100.1") as (client, world), Listener(world, 443):
        text = render(rules, "nft")
        assert "timeout 3600s" in text
        client.run("nft", "-f", "-", stdin=text.replace("timeout 3600s", "timeout 700ms"))
        client.run("nft", "add", "element", "inet", "seawall", "to_443_v4", "{ 198.51.100.1 }")
        for _ in range(8):
            time.sleep(0.2)
            assert client.connects("198.51.100.1", 443)
        time.sleep(1)
        assert not client.connects("198.51.100.1", 443)


def test_loading_the_table_again_makes_the_wall_forget(tmp_path: Path) -> None:
    rules = by_name(DEDICATED)
    host = "myregistry.azurecr.io"
    with two_nets("198.51.100.1") as (client, world), Listener(world, 443):
        load(client, rules, "dnsmasq")
        with running(tmp_path, client, world, render(rules), [host]) as dnsmasq:
            ask(client, DNS, host)
            assert client.connects("198.51.100.1", 443)
            load(client, rules, "dnsmasq")
            # An answer from the cache opens nothing; that is why the file says to empty it.
            ask(client, DNS, host)
            assert not client.connects("198.51.100.1", 443)
            dnsmasq.send_signal(signal.SIGHUP)
            deadline = time.monotonic() + 2
            while not client.connects("198.51.100.1", 443):
                assert time.monotonic() < deadline
                ask(client, DNS, host)


def test_an_answer_starts_the_time_of_ipset_again() -> None:
    # dnsmasq adds as this does: what is there already is no error.
    with Net() as net:
        net.run("ipset", "restore", stdin=render(by_name(DEDICATED), "sets"))
        net.run("ipset", "add", "seawall_dns_443_v4", "198.51.100.1", "timeout", "100")
        net.run("ipset", "add", "seawall_dns_443_v4", "198.51.100.1", "-exist")
        assert re.search(r"198.51.100.1 timeout (3600|3599)", net.run("ipset", "list", "seawall_dns_443_v4"))


def test_the_sets_of_ipset_keep_what_was_learnt_when_made_again() -> None:
    with Net() as net:
        text = render(by_name(NEEDS["everything"]), "sets")
        net.run("ipset", "restore", stdin=text)
        net.run("ipset", "add", "seawall_dns_443_v4", "198.51.100.1")
        net.run("ipset", "restore", stdin=text)
        assert "198.51.100.1" in net.run("ipset", "list", "seawall_dns_443_v4")


@pytest.mark.parametrize("name", RULE_SETS)
def test_every_name_is_there_or_said_to_be_left_out(name: str) -> None:
    rules = RULE_SETS[name]
    text = render(rules)
    lines = text.splitlines()
    for rule in rules.rules:
        domain = rule.flow.host.removeprefix("*.")
        if rule.flow.purpose is Purpose.APEX:
            assert any(line.startswith("# Left out:") and domain in line for line in lines)
        else:
            assert sum(line.startswith(f"nftset=/{domain}/") for line in lines) == 1


def test_the_checks_that_are_declared_take_the_files(tmp_path: Path) -> None:
    rules = by_name(NEEDS["everything"])
    with Net() as net:
        load(net, rules, "ipset")
        for form in TARGETS["dnsmasq"].checks:
            check(net, TARGETS["dnsmasq"], form, rules, tmp_path)


def test_addresses_are_refused_with_advice() -> None:
    with pytest.raises(CannotExpressError, match="--by name"):
        render(by_ip(DEDICATED))
