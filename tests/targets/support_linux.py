"""The little servers and clients that show what gets through the rules that a namespace enforces."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from contextlib import suppress
from ipaddress import collapse_addresses, ip_network
from typing import TYPE_CHECKING, Final, Self

from seawall.firewall.need import Purpose, flows
from seawall.firewall.plan import plan
from seawall.firewall.rules import Way
from seawall.servicetags.prefixes import AddressSet
from tests.support.nets import SECONDS
from tests.targets.rule_sets import NEEDS, snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from seawall.firewall.rules import RuleSet
    from seawall.firewall.targets.contract import Target
    from tests.support.nets import Net

LOOK_ALIKES: Final = (
    "evilazurecr.io",
    "other.azurecr.io",
    "xmyregistry.azurecr.io",
    "azurecr.io.evil.xyz",
    "myregistry.azurecr.io.evil.xyz",
    "deeper.myregistry.azurecr.io",
    "myregistry.northeurope.data.azurecr.io",
    "evilblob.core.windows.net",
    "core.windows.net",
    "a.blob.core.windows.net.evil.xyz",
    "eastus.data.mcr.microsoft.com.evil.xyz",
    "evildata.mcr.microsoft.com",
    "microsoft.com",
)
"""Names that no rule set of these tests is for, whatever wildcards mean; the deeper one is for exact names only."""


class Listener:
    """Answers whatever is said to it on a port, at every address of a namespace, with the address it was said to."""

    def __init__(self, net: Net, port: int) -> None:
        with net.inside():
            self._socket = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                talk, _ = self._socket.accept()
            except OSError:
                return
            with talk, suppress(OSError):
                talk.settimeout(SECONDS)
                if talk.recv(65536):
                    body = talk.getsockname()[0].removeprefix("::ffff:").encode()
                    # HTTP, for the proxies that want to understand it.
                    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                    talk.sendall(head.encode() + body)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(SECONDS)


def edges(rules: RuleSet, port: int, version: int) -> tuple[list[str], list[str]]:
    """First and last addresses of all ranges, and those just outside that no range has, by the standard library."""
    every = [ip_network(cidr) for rule in rules.rules if rule.flow.port == port for cidr in rule.addresses.cidrs]
    ranges = list(collapse_addresses(one for one in every if one.version == version))  # type: ignore[type-var]
    inside = [str(one[at]) for one in ranges for at in (0, -1)]
    around = [ip for one in ranges for ip in (one[0] - 1, one[-1] + 1)]
    return inside, [str(ip) for ip in around if not any(ip in one for one in ranges)]


def check(net: Net, target: Target, form: str, rules: RuleSet, folder: Path) -> None:
    """Run the check that a target declares for a format on what it writes, and on nonsense."""
    file = folder / f"checked{target.suffix[form]}"
    words = target.checks[form].replace("FILE", str(file)).split()
    file.write_text(target.formats[form](rules))
    done = net.tries(*words)
    assert done.returncode == 0, done.stderr
    file.write_text(f"{target.formats[form](rules)}nonsense {{\n")
    assert net.tries(*words).returncode != 0


def two_ports() -> RuleSet:
    """Addresses on two ports: a registry's on 443, and of the hosts that know what was revoked on 80."""
    need = NEEDS["revocation"]
    looked_up = {flow.host: AddressSet.of(["10.9.0.1"]) for flow in flows(need) if flow.purpose is Purpose.REVOCATION}
    return plan(need, Way.IP, snapshot=snapshot(), resolved=looked_up)


def hosts_that_pass(rules: RuleSet) -> dict[str, int]:
    """Hosts that must get through, with the port; two for each wildcard, of one label and of more."""
    found = {}
    for rule in rules.rules:
        for name in rule.names:
            stars = ("one", "two.labels") if name.startswith("*.") else ("",)
            found.update({name.replace("*", star): rule.flow.port for star in stars})
    return found


def client_hello(name: str | None) -> bytes:
    """What a TLS client says first, with a server name or without."""
    context = ssl.create_default_context()
    context.check_hostname = name is not None
    said = ssl.MemoryBIO()
    talk = context.wrap_bio(ssl.MemoryBIO(), said, server_hostname=name)
    with suppress(ssl.SSLWantReadError):
        talk.do_handshake()
    return said.read()


def ask(net: Net, server: str, name: str, kind: int = 1) -> list[str]:
    """Ask a DNS server for the addresses of a name: IPv4 (kind 1) or IPv6 (kind 28)."""
    labels = b"".join(bytes((len(label),)) + label.encode() for label in name.split("."))
    with net.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as talk:
        talk.settimeout(SECONDS)
        talk.sendto(struct.pack("!6H", 7, 0x100, 1, 0, 0, 0) + labels + struct.pack("!xHH", kind, 1), (server, 53))
        answer = talk.recv(4096)
    found = []
    at = 12 + len(labels) + 5
    for _ in range(struct.unpack("!H", answer[6:8])[0]):
        # Names in answers are pointers to the question, or to an earlier answer.
        assert answer[at] & 0xC0
        what, _, _, length = struct.unpack("!HHIH", answer[at + 2 : at + 12])
        if what == kind:
            family = socket.AF_INET if kind == 1 else socket.AF_INET6
            found.append(socket.inet_ntop(family, answer[at + 12 : at + 12 + length]))
        at += 12 + length
    return found


def dns_server(folder: Path, address: str, answers: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the command of a DNS server that knows these names, each exactly, and no other."""
    lines = ["no-resolv", "no-hosts", "bind-interfaces", "user=root", "local=/#/", f"listen-address={address}"]
    lines += [
        "pid-file=",
        "local-ttl=300",
        *(f"host-record={name},{','.join(found)}" for name, found in answers.items()),
    ]
    conf = folder / "world-dns.conf"
    conf.write_text("\n".join(lines) + "\n")
    return ("dnsmasq", "--keep-in-foreground", "-C", str(conf))
