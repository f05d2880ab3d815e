"""HAProxy: a proxy that reads the name in a TLS hello and passes the connection on as it is. Pure.

It looks the name up itself and connects there. So a client that says an allowed name while it means another address
gets to the allowed host. What was meant for plain HTTP goes by the request's ``Host``.

Source: the configuration manual, "req.ssl_sni", "do-resolve", "tcp-request content".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.firewall.need import HTTP
from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import Ability, Target, Wildcard
from seawall.firewall.targets.names import reasons_by_name
from seawall.firewall.targets.words import comment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seawall.firewall.rules import RuleSet

__all__ = ["TARGETS"]

_RESOLVERS: Final = """\
resolvers seawall
\tparse-resolv-conf
\taccepted_payload_size 8192
"""
_HOST: Final = "req.hdr(host),field(1,:)"


def render(rules: RuleSet) -> str:
    """Write a frontend and a backend for each port."""
    sections = [_RESOLVERS]
    for port in rules.ports:
        lines = _http(rules, port) if port == HTTP else _tls(rules, port)
        sections.append("\n".join(lines) + "\n")
    return comment(rules) + "\n".join(sections)


def _tls(rules: RuleSet, port: int) -> Iterator[str]:
    hello = "{ req.ssl_hello_type 1 }"
    yield from _frontend(port, "tcp")
    yield "\ttcp-request inspect-delay 5s"
    yield from _names(rules, port, "req.ssl_sni")
    yield f"\ttcp-request content reject if {hello} !names"
    yield f"\ttcp-request content do-resolve(txn.to,seawall,ipv4) req.ssl_sni if {hello}"
    # Without an address of its own the connection would go to where it came in: here.
    yield f"\ttcp-request content reject if {hello} !{{ var(txn.to) -m found }}"
    yield f"\ttcp-request content set-dst var(txn.to) if {hello}"
    yield f"\ttcp-request content accept if {hello}"
    yield "\ttcp-request content reject"
    yield from _backend(port, "tcp")


def _http(rules: RuleSet, port: int) -> Iterator[str]:
    yield from _frontend(port, "http")
    yield "\ttimeout http-request 5s"
    yield from _names(rules, port, _HOST)
    yield "\thttp-request deny deny_status 403 unless names"
    yield f"\thttp-request do-resolve(txn.to,seawall,ipv4) {_HOST}"
    yield "\thttp-request deny deny_status 503 unless { var(txn.to) -m found }"
    yield "\thttp-request set-dst var(txn.to)"
    yield from _backend(port, "http")


def _frontend(port: int, mode: str) -> Iterator[str]:
    yield f"frontend seawall_{port}"
    yield f"\tmode {mode}"
    yield f"\tbind *:{port}"
    yield "\ttimeout client 5m"


def _names(rules: RuleSet, port: int, sample: str) -> Iterator[str]:
    # One a line: HAProxy takes 64 words in each.
    for name, why in reasons_by_name(rules, port).items():
        yield f"\t# {why}"
        match = f"-m end {name.removeprefix('*')}" if name.startswith("*.") else name
        yield f"\tacl names {sample} -i {match}"


def _backend(port: int, mode: str) -> Iterator[str]:
    yield f"\tdefault_backend seawall_{port}"
    yield ""
    yield f"backend seawall_{port}"
    yield f"\tmode {mode}"
    yield "\ttimeout connect 10s"
    yield "\ttimeout server 5m"
    yield f"\tserver looked-up 0.0.0.0:{port}"


_HAPROXY: Final = Target(
    name="haproxy",
    title="HAProxy",
    ability=Ability(
        ways=(Way.NAME,),
        wildcard=Wildcard.LABELS,
        atomic="reload: a new process takes over, the old one ends its connections",
        checker="haproxy -c -f FILE",
        caveats=(
            (
                "Connections have to be led to it, by DNS or by redirection; it must itself see the real addresses of "
                "the names, or it would connect to itself."
            ),
            "Connects over IPv4, whatever clients came by.",
            "Clients that encrypt the name (ECH) are refused.",
        ),
        source="https://docs.haproxy.org/2.6/configuration.html",
    ),
    formats={"haproxy": render},
    suffix={"haproxy": ".cfg"},
    checks={"haproxy": "haproxy -c -f FILE"},
)

TARGETS: Final = {_HAPROXY.name: _HAPROXY}
"""By name."""
