"""HAProxy: checked, and then running in a namespace, where it has to pass connections on or refuse them."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Final

import pytest

from seawall.firewall.targets.contract import CannotExpressError, Wildcard, check_fit
from seawall.firewall.targets.haproxy import TARGETS
from tests.support.nets import Net, needs, two_nets
from tests.targets.rule_sets import DEDICATED, NEEDS, by_ip, by_name, every_rule_set
from tests.targets.support_linux import LOOK_ALIKES, Listener, check, client_hello, dns_server, hosts_that_pass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seawall.firewall.rules import RuleSet

pytestmark = needs("haproxy", "dnsmasq")
RULE_SETS = {name: rules for name, rules in every_rule_set().items() if name.endswith("by-name")}
PROXY: Final = "127.0.0.1"
WORLD_DNS: Final = "10.99.0.2"
HOST: Final = "myregistry.azurecr.io"
# Run with another file of DNS servers, which nobody else gets to see.
WITH_DNS: Final = ("unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"')


def render(rules: RuleSet) -> str:
    check_fit(TARGETS["haproxy"], rules)
    return TARGETS["haproxy"].formats["haproxy"](rules)


@contextmanager
def running(folder: Path, rules: RuleSet, addresses: dict[str, str]) -> Iterator[Net]:
    """Run HAProxy on these rules, before a world where names have these addresses."""
    conf, servers = folder / "haproxy.cfg", folder / "resolv.conf"
    conf.write_text(render(rules))
    servers.write_text(f"nameserver {WORLD_DNS}\n")
    with ExitStack() as stack:
        client, world = stack.enter_context(two_nets(*(f"{one}/32" for one in set(addresses.values()))))
        checked = client.tries("haproxy", "-c", "-f", str(conf))
        assert checked.returncode == 0, checked.stderr
        assert "WARNING" not in checked.stderr, checked.stderr
        for port in (80, 443, 8443):
            stack.enter_context(Listener(world, port))
        dns = dns_server(folder, WORLD_DNS, {name: (address,) for name, address in addresses.items()})
        stack.enter_context(world.daemon(*dns, port=53, address=WORLD_DNS))
        command = (*WITH_DNS, str(servers), "haproxy", "-db", "-f", str(conf))
        stack.enter_context(client.daemon(*command, port=rules.ports[-1]))
        yield client


def passed(net: Net, said: bytes, port: int) -> str:
    """Say something to the proxy, and return which address answered; nothing when the proxy ends it."""
    with suppress(ConnectionResetError):
        answer = net.exchange(PROXY, port, said)
        return answer.partition(b"\r\n\r\n")[2].decode() if answer.startswith(b"HTTP/1.1 200") else ""
    return ""


def asking(host: str) -> bytes:
    return f"GET /x.crl HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()


@pytest.mark.parametrize("name", RULE_SETS)
def test_the_proxy_passes_on_what_is_in_the_rules_and_nothing_else(tmp_path: Path, name: str) -> None:
    rules = RULE_SETS[name]
    passing = hosts_that_pass(rules)
    outside = [one for one in (*LOOK_ALIKES, "blob.core.windows.net", "data.mcr.microsoft.com") if one not in passing]
    addresses = {host: f"198.51.100.{at}" for at, host in enumerate([*passing, *outside], 1)}
    with running(tmp_path, rules, addresses) as net:
        for host, address in addresses.items():
            for port in rules.ports:
                said = asking(host) if port == 80 else client_hello(host)
                assert passed(net, said, port) == (address if passing.get(host) == port else ""), (host, port)
        tls = rules.ports[-1]
        assert passed(net, client_hello(None), tls) == ""
        assert passed(net, b"SSH-2.0-OpenSSH_9.9\r\n", tls) == ""


def test_the_name_is_read_however_it_comes(tmp_path: Path) -> None:
    hello = client_hello(HOST)
    with running(tmp_path, by_name(DEDICATED), {HOST: "198.51.100.1"}) as net:
        assert passed(net, hello.replace(b"myregistry", b"MyRegistry"), 443) == "198.51.100.1"
        with net.connect(PROXY, 443) as talk:
            for part in (hello[:100], hello[100:]):
                talk.sendall(part)
                time.sleep(0.1)
            assert talk.recv(4096).endswith(b"198.51.100.1")


def test_a_port_in_the_host_does_not_count(tmp_path: Path) -> None:
    rules = by_name(NEEDS["revocation"])
    with running(tmp_path, rules, {"crl3.digicert.com": "198.51.100.1"}) as net:
        assert passed(net, asking("crl3.digicert.com:80"), 80) == "198.51.100.1"
        assert passed(net, asking("crl3.digicert.com:8443"), 80) == "198.51.100.1"
        assert passed(net, asking("crl3.digicert.com.evil.xyz:80"), 80) == ""


def test_a_name_that_nobody_knows_does_not_lead_back_to_the_proxy(tmp_path: Path) -> None:
    with running(tmp_path, by_name(NEEDS["revocation"]), {"somebody.test": "198.51.100.1"}) as net:
        assert passed(net, client_hello(HOST), 443) == ""
        answer = net.exchange(PROXY, 80, asking("crl3.digicert.com"))
        assert answer.startswith(b"HTTP/1.1 503")


def test_what_is_declared() -> None:
    assert TARGETS["haproxy"].ability.wildcard is Wildcard.LABELS


def test_the_check_that_is_declared_takes_the_file(tmp_path: Path) -> None:
    with Net() as net:
        check(net, TARGETS["haproxy"], "haproxy", by_name(NEEDS["everything"]), tmp_path)


def test_addresses_are_refused_with_advice() -> None:
    with pytest.raises(CannotExpressError, match="--by name"):
        render(by_ip(DEDICATED))
