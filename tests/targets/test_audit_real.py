"""The audit against what the products themselves do: verdicts beside real connections in namespaces."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

import pytest

from seawall.firewall.audit.chains import Line, Move
from seawall.firewall.audit.passage import Verdict, pass_addresses, pass_name
from seawall.firewall.audit.table import READERS, guess_format
from seawall.firewall.audit.verdicts import audit_walls
from seawall.firewall.targets import ipset, nftables, squid
from seawall.servicetags.prefixes import NOTHING, AddressSet
from tests.support.nets import Net, needs
from tests.targets.rule_sets import NEEDS, by_ip, every_rule_set, snapshot
from tests.targets.support_linux import Listener, dns_server, edges
from tests.unit.firewall.audit.packets import PLACES, PORTS, chains_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from seawall.firewall.audit.contract import Wall

SEEDS: Final = range(24)
PUBLISHED: Final = ("dedicated", "shared", "shared-regions", "mcr", "everything", "revocation")
LIST_RULES: Final = ("nft", "-j", "list", "ruleset")


def read(text: str) -> tuple[Wall, ...]:
    return READERS[guess_format(text)](text)


def output(text: str) -> list[Wall]:
    return [wall for wall in read(text) if wall.path in {"output", ""}]


def judge(walls: Sequence[Wall], place: str, port: int) -> bool:
    """Say whether an address gets through; every wall here is one that leaves nothing open."""
    verdicts = {pass_addresses(wall, port, AddressSet.of([place]), NOTHING).verdict for wall in walls}
    assert verdicts <= {Verdict.ALLOWED, Verdict.BLOCKED}
    return verdicts == {Verdict.ALLOWED}


@contextmanager
def answering(*places: str) -> Iterator[Net]:
    """A namespace that has these addresses and answers on both ports of each."""
    with Net() as net, ExitStack() as stack:
        net.owns(*places)
        for port in PORTS:
            stack.enter_context(Listener(net, port))
        yield net


def in_nft(chains: Mapping[str, Sequence[Line]], *, refuse: bool) -> str:
    """Write chains as people do, in a table with a hook in front."""
    words = {Move.ACCEPT: "accept", Move.REFUSE: "reject with tcp reset", Move.RETURN: "return"}
    lines = ["table inet mine {"]
    for name, rules in reversed(list(chains.items())):
        lines.append(f"chain {name} {{")
        for line in rules:
            where = f"ip daddr {{ {', '.join(line.fit.addresses.cidrs)} }}"
            ports = [port for port in PORTS if port in line.fit.ports]
            what = f"tcp dport {ports[0]}" if len(ports) == 1 else "meta l4proto tcp"
            lines.append(f"{where} {what} {words.get(line.move) or f'{line.move} {line.target}'}")
        lines.append("}")
    lines += ["chain out {", "type filter hook output priority filter; policy accept;"]
    lines += ["ct state established,related accept", "jump first", *(["reject with tcp reset"] if refuse else []), "}"]
    return "\n".join([*lines, "}"]) + "\n"


def in_iptables(chains: Mapping[str, Sequence[Line]], *, refuse: bool) -> str:
    words = {Move.ACCEPT: "-j ACCEPT", Move.REFUSE: "-j REJECT --reject-with tcp-reset", Move.RETURN: "-j RETURN"}
    lines = ["*filter", ":OUTPUT ACCEPT [0:0]", *(f":{name} - [0:0]" for name in chains)]
    lines += ["-A OUTPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT", "-A OUTPUT -j first"]
    lines += ["-A OUTPUT -p tcp -j REJECT --reject-with tcp-reset"] if refuse else []
    for name, rules in chains.items():
        for line in rules:
            ports = [port for port in PORTS if port in line.fit.ports]
            what = f"-p tcp -m tcp --dport {ports[0]}" if len(ports) == 1 else "-p tcp"
            goes = words.get(line.move) or f"{'-g' if line.move is Move.GOTO else '-j'} {line.target}"
            lines.append(f"-A {name} -d {','.join(line.fit.addresses.cidrs)} {what} {goes}")
    return "\n".join([*lines, "COMMIT"]) + "\n"


def compare(net: Net, text: str) -> int:
    """Compare verdict and connection for every address and port, and count how many got through."""
    walls = output(text)
    passed = 0
    for place in PLACES:
        for port in PORTS:
            connected = net.connects(place, port)
            assert judge(walls, place, port) is connected, f"{place} {port}"
            passed += connected
    return passed


@needs("nft")
@pytest.mark.parametrize("seed", SEEDS)
def test_made_up_chains_of_nft_do_to_connections_what_the_audit_says(seed: int) -> None:
    with answering(*PLACES) as net:
        net.run("nft", "-f", "-", stdin=in_nft(chains_of(seed), refuse=seed % 2 == 0))
        compare(net, net.run(*LIST_RULES))


@needs("iptables-save", "iptables-restore")
@pytest.mark.parametrize("seed", SEEDS)
def test_made_up_chains_of_iptables_do_to_connections_what_the_audit_says(seed: int) -> None:
    with answering(*PLACES) as net:
        net.run("iptables-restore", stdin=in_iptables(chains_of(seed), refuse=seed % 2 == 0))
        compare(net, net.run("iptables-save"))


@needs("nft")
def test_connections_differ() -> None:
    # Chains that refuse nothing would prove nothing.
    with answering(*PLACES) as net:
        counts = []
        for seed in SEEDS[:8]:
            net.run("nft", "flush", "ruleset")
            net.run("nft", "-f", "-", stdin=in_nft(chains_of(seed), refuse=seed % 2 == 0))
            counts.append(compare(net, net.run(*LIST_RULES)))
    assert 0 < sum(counts) < len(counts) * len(PLACES) * len(PORTS)


BY_HAND: Final = """\
table inet hand {
    set good { type ipv4_addr; flags interval; elements = { 10.9.0.0/24, 10.9.8.0-10.9.8.4 } }
    set pairs { type ipv4_addr . inet_service; flags interval; elements = { 10.9.4.0/22 . 443, 10.9.200.1 . 80 } }
    map fates { type ipv4_addr : verdict; elements = { 10.9.0.77 : goto dead, 10.9.8.9 : accept } }
    chain dead { meta l4proto tcp reject with tcp reset; }
    chain web {
        ip daddr 10.9.0.2 return
        ip daddr vmap @fates
        ip daddr @good counter accept comment "the good ones"
        ip daddr . tcp dport @pairs accept
    }
    chain out {
        type filter hook output priority filter; policy drop;
        ct state vmap { established : accept, related : accept, invalid : drop }
        udp dport 53 accept
        meta nfproto ipv6 accept
        tcp flags syn tcp dport { 80, 443 } jump web
        tcp dport != 8080 log prefix "no" goto dead
    }
}
"""


@needs("nft")
def test_a_chain_by_hand_with_a_policy_of_dropping() -> None:
    with answering(*PLACES, "fd00:9::1") as net:
        net.run("nft", "-f", "-", stdin=BY_HAND)
        text = net.run(*LIST_RULES)
        assert 0 < compare(net, text) < len(PLACES) * len(PORTS)
        assert judge(output(text), "fd00:9::1/128", 443)
        assert net.connects("fd00:9::1", 443)
    # No connection is tried here: silence is what the policy answers with.
    assert not judge(output(text), "10.9.0.1", 8080)


@needs("nft")
def test_tables_of_nft_must_all_let_a_connection_through() -> None:
    two = (
        "table ip one { chain out { type filter hook output priority 0; ip daddr 10.9.0.1 tcp dport 443 accept; "
        "ct state new tcp dport 443 reject with tcp reset; }\n}\n"
        "table inet two { chain out { type filter hook output priority 10; ip daddr 10.9.0.1 tcp dport 80 "
        "reject with tcp reset; }\n}\n"
    )
    with answering(*PLACES) as net:
        net.run("nft", "-f", "-", stdin=two)
        assert compare(net, net.run(*LIST_RULES)) == 7


@needs("nft")
@pytest.mark.parametrize("name", PUBLISHED)
def test_what_nftables_was_told_is_allowed(name: str) -> None:
    rules, week = by_ip(NEEDS[name]), snapshot()
    with Net() as net:
        net.run("nft", "-f", "-", stdin=nftables.TARGETS["nftables"].formats["nft"](rules))
        text = net.run(*LIST_RULES)
        found = audit_walls(NEEDS[name], read(text), snapshot=week)
        published = {rule.flow: rule.addresses for rule in rules.rules}
        assert published
        assert {one.passage.verdict for one in found.findings if one.flow in published} == {Verdict.ALLOWED}
        assert found.passes
        assert not found.stale_ranges
        assert not any(one.wide for one in found.findings if one.flow in published)
        for port in rules.ports:
            for version in (4, 6):
                inside, outside = edges(rules, port, version)
                assert all(judge(output(text), one, port) for one in inside)
                assert not any(judge(output(text), one, port) for one in outside)
        # One range less, and the flows that need it lack it.
        gone = rules.addresses(443).v4.cover()[0]
        net.run("nft", "delete", "element", "inet", "seawall", "to_443_v4", f"{{ {gone} }}")
        found = audit_walls(NEEDS[name], read(net.run(*LIST_RULES)), snapshot=week)
    for one in found.findings:
        lost = published.get(one.flow, NOTHING) & AddressSet.of([gone])
        if one.flow in published:
            assert one.passage.missing == lost
            assert (one.passage.verdict is Verdict.ALLOWED) is (not lost)
    assert not found.passes


@needs("iptables-save", "ip6tables-save", "ipset")
@pytest.mark.parametrize("name", ["dedicated", "everything"])
def test_what_iptables_was_told_is_allowed(name: str) -> None:
    rules, week = by_ip(NEEDS[name]), snapshot()
    forms = ipset.TARGETS["ipset"].formats
    with Net() as net:
        net.run("ipset", "restore", stdin=forms["ipset"](rules))
        for command in ("iptables", "ip6tables"):
            net.run(f"{command}-restore", "--noflush", stdin=forms[command](rules))
            match = ("!", "-o", "lo", "-p", "tcp", "-m", "multiport", "--dports", "80,443")
            net.run(command, "-A", "OUTPUT", *match, "-m", "conntrack", "--ctstate", "NEW", "-j", ipset.CHAIN)
            net.run(command, "-A", "OUTPUT", *match, "-j", "REJECT", "--reject-with", "tcp-reset")
        four, six, sets = net.run("iptables-save"), net.run("ip6tables-save"), net.run("ipset", "save")
    found = audit_walls(NEEDS[name], output(four + six + sets), snapshot=week)
    published = {rule.flow for rule in rules.rules}
    assert {one.passage.verdict for one in found.findings if one.flow in published} == {Verdict.ALLOWED}
    # Without the sets nothing is proven, and without IPv6 rules nothing is known of IPv6.
    found = audit_walls(NEEDS[name], output(four + six), snapshot=week)
    assert {one.passage.verdict for one in found.findings if one.flow in published} == {Verdict.UNPROVEN}
    found = audit_walls(NEEDS[name], output(four + sets), snapshot=week)
    half = {rule.flow for rule in rules.rules if rule.addresses.v6}
    assert {one.passage.verdict for one in found.findings if one.flow in half} <= {Verdict.PARTLY}


WORLD: Final = "203.0.113.10"
PROXY: Final = "127.0.0.1"
HOSTS: Final = (
    "azurecr.io",
    "myregistry.azurecr.io",
    "xmyregistry.azurecr.io",
    "deeper.myregistry.azurecr.io",
    "evilazurecr.io",
    "azurecr.io.evil.xyz",
    "myregistry.eastus.data.azurecr.io",
    "blob.core.windows.net",
    "a.blob.core.windows.net",
    "evilblob.core.windows.net",
    "mcr.microsoft.com",
    "eastus.data.mcr.microsoft.com",
)
OWN_LINES: Final = {
    "order": "acl bad dstdomain -n deeper.myregistry.azurecr.io\nacl all_of dstdomain -n .azurecr.io\n"
    "http_access deny bad\nhttp_access allow all_of\nhttp_access deny all\n",
    "turned": "acl ours dstdomain -n .myregistry.azurecr.io azurecr.io\n"
    "http_access deny !ours\nhttp_access allow all\n",
    "star": "acl star dstdomain -n *.azurecr.io mcr.microsoft.com\nhttp_access allow star\n",
    "ports": "acl web port 443\nacl ours dstdomain -n azurecr.io\nacl theirs dstdomain -n .microsoft.com\n"
    "http_access deny CONNECT !web\nhttp_access allow ours !CONNECT\nhttp_access allow theirs CONNECT\n",
    "last-deny": "acl ours dstdomain -n .azurecr.io\nhttp_access deny ours\n",
    "nobody": "acl ours dstdomain -n .azurecr.io\nacl far src 192.0.2.0/24\n"
    "http_access deny far\nhttp_access allow ours\n",
}
RENDERED: Final = ("dedicated", "shared", "everything")


@contextmanager
def squid_with(folder: Path, text: str) -> Iterator[Net]:
    """Run squid on these lines; every host there is has one and the same address."""
    conf = folder / "squid.conf"
    conf.write_text(
        f"http_port {PROXY}:3128\npid_filename none\naccess_log none\ncache_log stdio:/dev/null\ncache deny all\n"
        f"coredump_dir none\npinger_enable off\nvisible_hostname wall.test\n"
        f"hosts_file none\ndns_nameservers {PROXY}\n{text}"
    )
    dns = dns_server(folder, PROXY, dict.fromkeys(HOSTS, (WORLD,)))
    with (
        answering(f"{WORLD}/32") as net,
        net.daemon(*dns, port=53),
        net.daemon("squid", "-N", "-f", str(conf), port=3128),
    ):
        yield net


def asked(net: Net, host: str, port: int) -> bool:
    """Ask the proxy for a host, by a tunnel or plainly, and say whether it does not refuse."""
    tunnel = f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n"
    plain = f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    with net.connect(PROXY, 3128) as talk:
        talk.sendall((tunnel if port == 443 else plain).encode())
        answer = talk.recv(65536)
    assert answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 403")), answer
    return answer.startswith(b"HTTP/1.1 200")


@needs("squid", "dnsmasq")
@pytest.mark.parametrize("name", [*OWN_LINES, *RENDERED])
def test_squid_does_to_requests_what_the_audit_says(tmp_path: Path, name: str) -> None:
    rendered = name in RENDERED
    rules = every_rule_set()[f"{name}-by-name"] if rendered else None
    text = squid.TARGETS["squid"].formats["squid"](rules) if rules else OWN_LINES[name]
    client = AddressSet.of([PROXY])
    passed = 0
    with squid_with(tmp_path, text) as net:
        (wall,) = read(text)
        for host in HOSTS:
            for port in PORTS:
                verdict = pass_name(wall, host, port, client).verdict
                assert verdict in {Verdict.ALLOWED, Verdict.BLOCKED}
                connected = asked(net, host, port)
                assert (verdict is Verdict.ALLOWED) is connected, f"{host} {port}"
                passed += connected
    assert 0 < passed < len(HOSTS) * len(PORTS)
    if rules:
        found = audit_walls(rules.need, (wall,))
        assert {one.passage.verdict for one in found.findings} == {Verdict.ALLOWED}


@needs("nft")
def test_rules_that_iptables_wrote_prove_nothing_when_nft_lists_them() -> None:
    with Net() as net:
        net.run("iptables", "-A", "OUTPUT", "-p", "tcp", "-m", "owner", "--uid-owner", "7", "-j", "ACCEPT")
        net.run("iptables", "-P", "OUTPUT", "DROP")
        walls = output(net.run(*LIST_RULES))
        assert json.loads(net.run(*LIST_RULES))["nftables"]
    passage = pass_addresses(walls[0], 443, AddressSet.of(["192.0.2.1"]), NOTHING)
    assert passage.verdict is Verdict.UNPROVEN
    assert any("iptables-save" in remark for wall in walls for remark in wall.remarks)
