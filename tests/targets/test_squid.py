"""squid: parsed, and then running in a namespace, where it has to let clients through or refuse them."""

from __future__ import annotations

import re
import subprocess
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import pytest

from seawall.firewall.need import Need
from seawall.firewall.plan import plan
from seawall.firewall.rules import Rule, RuleSet, Way
from seawall.firewall.targets.contract import CannotExpressError, Wildcard, check_fit
from seawall.firewall.targets.squid import TARGETS
from tests.support.nets import Net, needs
from tests.targets.rule_sets import DEDICATED, NEEDS, by_ip, by_name, every_rule_set
from tests.targets.support_linux import LOOK_ALIKES, Listener, check, client_hello, dns_server, hosts_that_pass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = needs("squid", "dnsmasq", "nft", "openssl")
# One of each kind: starting squid takes its time.
KINDS: Final = ("dedicated", "shared", "mcr", "everything", "own-port", "private")
RULE_SETS = {f"{kind}-by-name": every_rule_set()[f"{kind}-by-name"] for kind in KINDS}
WORLD: Final = "203.0.113.10"
PROXY: Final = "127.0.0.1"
MAIN: Final = """\
pid_filename none
access_log none
cache_log stdio:/dev/null
cache deny all
cache_mem 8 MB
coredump_dir none
pinger_enable off
visible_hostname wall.test
dns_nameservers 127.0.0.1
hosts_file none
"""


def render(rules: RuleSet, target: str, form: str = "squid") -> str:
    check_fit(TARGETS[target], rules)
    return TARGETS[target].formats[form](rules)


def refused(rules: RuleSet) -> list[str]:
    """Names that must not get through; a pattern's parent does, with this product."""
    passing = hosts_that_pass(rules)
    return [name for name in LOOK_ALIKES if name not in passing]


@contextmanager
def running(folder: Path, text: str, names: list[str], ports: str = "") -> Iterator[Net]:
    """Run squid on these lines, where all names have one and the same address, which listens."""
    conf = folder / "squid.conf"
    conf.write_text(f"http_port {PROXY}:3128\n{MAIN}{ports}{text}")
    with Net() as net:
        net.owns(f"{WORLD}/32")
        parsed = net.tries("squid", "-k", "parse", "-f", str(conf))
        assert parsed.returncode == 0, parsed.stderr
        complaints = [line for line in parsed.stderr.splitlines() if re.search(r"WARNING|ERROR|FATAL|Bungled", line)]
        # The log is none of the rules' business.
        assert [line for line in complaints if "log file" not in line] == []
        dns = dns_server(folder, PROXY, dict.fromkeys(names, (WORLD,)))
        with (
            net.daemon(*dns, port=53),
            Listener(net, 443),
            Listener(net, 80),
            Listener(net, 8443),
            net.daemon("squid", "-N", "-f", str(conf), port=3128),
        ):
            yield net


def tunnel(net: Net, host: str, port: int = 443) -> bool:
    """Ask the proxy for a tunnel, and say whether what is said goes through it."""
    with net.connect(PROXY, 3128) as talk:
        talk.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        answer = talk.recv(65536)
        if answer.startswith(b"HTTP/1.1 403"):
            return False
        assert answer.startswith(b"HTTP/1.1 200"), answer
        talk.sendall(client_hello(host))
        return talk.recv(65536).endswith(WORLD.encode())


def get(net: Net, host: str, port: int = 80, *, proxy: str = PROXY, proxy_port: int = 3128) -> bool:
    at = f"http://{host}:{port}/" if proxy == PROXY else "/"
    request = f"GET {at} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    answer = net.exchange(proxy, proxy_port, request.encode())
    assert answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 403")), answer
    return answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("name", RULE_SETS)
def test_the_proxy_lets_through_what_is_in_the_rules_and_nothing_else(tmp_path: Path, name: str) -> None:
    rules = RULE_SETS[name]
    passing, outside = hosts_that_pass(rules), refused(rules)
    with running(tmp_path, render(rules, "squid"), [*passing, *outside]) as net:
        for host, port in passing.items():
            for tried in (80, 443, 8443):
                assert tunnel(net, host, tried) == (port == tried != 80), host
                assert get(net, host, tried) == (port == tried == 80), host
        for host in outside:
            assert not tunnel(net, host), host
            assert not get(net, host), host


def test_names_are_known_in_capital_letters_too(tmp_path: Path) -> None:
    with running(tmp_path, render(by_name(DEDICATED), "squid"), ["myregistry.azurecr.io"]) as net:
        assert tunnel(net, "MyRegistry.AzureCR.io")


def test_an_address_does_not_pass_for_the_name_that_reverse_dns_gives_it(tmp_path: Path) -> None:
    # The DNS server knows the name of the address, too.
    with running(tmp_path, render(by_name(DEDICATED), "squid"), ["myregistry.azurecr.io"]) as net:
        assert tunnel(net, "myregistry.azurecr.io")
        assert not tunnel(net, WORLD)


@pytest.mark.parametrize("target", TARGETS)
def test_a_wildcard_covers_the_parent_as_declared(tmp_path: Path, target: str) -> None:
    assert TARGETS[target].ability.wildcard is Wildcard.SUBTREE
    rules = by_name(NEEDS["shared"])
    parent = "blob.core.windows.net"
    if target == "squid":
        with running(tmp_path, render(rules, target), [parent]) as net:
            assert tunnel(net, parent)
    else:
        with in_the_way(tmp_path, rules, [parent]) as net:
            assert spliced(net, parent)


def test_the_include_leaves_the_rest_to_rules_of_ones_own(tmp_path: Path) -> None:
    rules = by_name(DEDICATED)
    own = "acl mine dstdomain other.azurecr.io\nhttp_access allow mine\nhttp_access deny all\n"
    names = ["myregistry.azurecr.io", "other.azurecr.io", "evilazurecr.io"]
    with running(tmp_path, render(rules, "squid", "include") + own, names) as net:
        assert [name for name in names if tunnel(net, name)] == names[:2]


def test_a_name_beside_its_pattern_is_left_out(tmp_path: Path) -> None:
    # squid warns of it, which `running` takes for a fault.
    rules = by_name(NEEDS["shared"])
    one = Rule(rules.rules[0].flow, names=("swone.blob.core.windows.net",))
    more = RuleSet(rules.need, rules.way, (one, *rules.rules), rules.exposure)
    with running(tmp_path, render(more, "squid"), ["swone.blob.core.windows.net"]) as net:
        assert tunnel(net, "swone.blob.core.windows.net")


@contextmanager
def in_the_way(folder: Path, rules: RuleSet, names: list[str]) -> Iterator[Net]:
    """Run squid with connections redirected to it, on the ports that the file itself tells."""
    text = render(rules, "squid-splice")
    pem = folder / "proxy.pem"
    make = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")
    subprocess.run(
        [*make, "-subj", "/CN=wall.test", "-keyout", str(pem), "-out", str(folder / "proxy.crt")],
        check=True,
        capture_output=True,
    )
    pem.write_text(pem.read_text() + (folder / "proxy.crt").read_text())
    ports = re.findall(r"^#   (https?_port .*)$", text, re.MULTILINE)
    assert len(ports) == len(rules.ports)
    lines = "".join(f"{port}\n".replace("FILE", str(pem)) for port in ports)
    with running(folder, text, names, lines) as net:
        # All but what the proxy itself sends on is led to it.
        lead = [
            f"ip daddr {WORLD} meta skuid != proxy tcp dport {tried} redirect to :{3129 if tried == 80 else 3130}"
            for tried in (80, 443, 8443)
        ]
        chain = "\n".join(["type nat hook output priority -100;", *lead])
        net.run("nft", "-f", "-", stdin=f"table ip lead {{\nchain out {{\n{chain}\n}}\n}}\n")
        yield net


def spliced(net: Net, name: str | None, port: int = 443) -> bool:
    return _passed(net, client_hello(name), port)


def _passed(net: Net, said: bytes, port: int) -> bool:
    """Say something and tell by the first answer whether it got to where it should go."""
    with net.connect(WORLD, port) as talk, suppress(ConnectionResetError):
        talk.sendall(said)
        return talk.recv(65536).endswith(WORLD.encode())
    return False


@pytest.mark.parametrize("name", RULE_SETS)
def test_the_proxy_in_the_way_goes_by_the_name_in_the_hello(tmp_path: Path, name: str) -> None:
    rules = RULE_SETS[name]
    passing, outside = hosts_that_pass(rules), refused(rules)
    with in_the_way(tmp_path, rules, [*passing, *outside]) as net:
        for host, port in passing.items():
            assert [tried for tried in (443, 8443) if spliced(net, host, tried)] == [port] * (port != 80), host
            if 80 in rules.ports:
                assert get(net, host, proxy=WORLD, proxy_port=80) == (port == 80), host
        for host in outside:
            assert not spliced(net, host), host
        assert not spliced(net, None)
        assert not _passed(net, b"SSH-2.0-OpenSSH_9.9\r\n" * 8, 443)


def test_the_proxy_in_the_way_is_no_open_proxy_besides(tmp_path: Path) -> None:
    with in_the_way(tmp_path, by_name(DEDICATED), ["myregistry.azurecr.io"]) as net:
        assert not tunnel(net, "myregistry.azurecr.io")
        assert not tunnel(net, WORLD)


def test_a_star_in_the_text_would_match_nothing_so_there_is_none() -> None:
    for need in NEEDS.values():
        for target in TARGETS:
            lines = [line for line in render(by_name(need), target).splitlines() if not line.startswith("#")]
            assert not any("*" in line for line in lines)


@pytest.mark.parametrize("name", RULE_SETS)
def test_the_checks_that_are_declared_take_the_files(tmp_path: Path, name: str) -> None:
    with Net() as net:
        for target in TARGETS.values():
            for form in target.formats:
                check(net, target, form, RULE_SETS[name], tmp_path)


def test_addresses_and_tags_are_refused_with_advice() -> None:
    with pytest.raises(CannotExpressError, match="--by name"):
        render(by_ip(DEDICATED), "squid")
    with pytest.raises(CannotExpressError, match="--by name"):
        render(plan(Need(mcr=True), Way.TAG), "squid-splice")
