"""squid: a proxy that clients are told of, and one that looks at TLS connections on their way. Pure.

Both go by name. A leading dot stands for everything below and for the parent itself; a star parses and matches
nothing. A name beside a pattern that covers it makes squid complain, so it is left out.

Two flags matter. Without ``-n``, ``dstdomain`` looks an address up in reverse DNS and believes the answer, which the
owner of the address writes. Without ``--client-requested``, ``ssl::server_name`` believes the certificate that a server
shows, which nobody verifies when the connection is passed on as it is.

Source: squid.conf, "acl", "http_access", "ssl_bump"; wiki.squid-cache.org, "SslBump Peek and Splice".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.firewall.need import HTTP
from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import Ability, Target, Wildcard
from seawall.firewall.targets.names import reasons_by_name, without_held
from seawall.firewall.targets.words import comment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seawall.firewall.rules import RuleSet

__all__ = ["TARGETS"]

_DOMAIN: Final = "dstdomain -n"
_SNI: Final = "ssl::server_name --client-requested"


def render(rules: RuleSet) -> str:
    """Write what a proxy lets through, and that it refuses everything else."""
    return f"{render_include(rules)}http_access deny all\n"


def render_include(rules: RuleSet) -> str:
    """Write what a proxy lets through, and leave the rest to the rules that follow."""
    lines = ["acl seawall_connect method CONNECT"]
    for port in rules.ports:
        lines += [*_names(rules, port, _DOMAIN), f"acl seawall_{port}_port port {port}"]
    for port in rules.ports:
        # Plain HTTP is asked of the proxy without a tunnel.
        tunnel = "!seawall_connect" if port == HTTP else "seawall_connect"
        lines.append(f"http_access allow {tunnel} seawall_{port}_port seawall_{port}_names")
    return comment(rules) + "\n".join(lines) + "\n"


def render_splice(rules: RuleSet) -> str:
    """Write what a proxy in the way passes on unopened, and that it ends everything else."""
    tls = [port for port in rules.ports if port != HTTP]
    lines = [
        "# Ports to put beside this, for what is redirected; the certificate is for refusals, any will do:",
        "#   https_port 3130 intercept ssl-bump name=seawall_tls generate-host-certificates=off tls-cert=FILE",
        *(["#   http_port 3129 intercept name=seawall_plain"] if HTTP in rules.ports else []),
        "acl seawall_connect method CONNECT",
        "acl seawall_hello at_step SslBump1",
        "acl seawall_tls_here myportname seawall_tls",
        "acl seawall_plain_here myportname seawall_plain",
    ]
    for port in rules.ports:
        lines += [*_names(rules, port, _DOMAIN if port == HTTP else _SNI), f"acl seawall_{port}_port port {port}"]
    # A tunnel is first known by its address alone; ssl_bump decides when the client has said the name.
    lines += [f"http_access allow seawall_connect seawall_tls_here seawall_{port}_port" for port in tls]
    if HTTP in rules.ports:
        lines.append(f"http_access allow !seawall_connect seawall_plain_here seawall_{HTTP}_port seawall_{HTTP}_names")
    lines += ["http_access deny all", "ssl_bump peek seawall_tls_here seawall_hello"]
    lines += [f"ssl_bump splice seawall_tls_here seawall_{port}_port seawall_{port}_names" for port in tls]
    return comment(rules) + "\n".join([*lines, "ssl_bump terminate all"]) + "\n"


def _names(rules: RuleSet, port: int, kind: str) -> Iterator[str]:
    reasons = reasons_by_name(rules, port)
    for name in without_held(reasons):
        yield f"# {reasons[name]}"
        yield f"acl seawall_{port}_names {kind} {name.removeprefix('*')}"


_SOURCE: Final = "https://www.squid-cache.org/Doc/config/acl/"
_CHECK: Final = "squid -k parse -f FILE"
_PARENT: Final = "A wildcard covers the parent itself as well (blob.core.windows.net)."

_SQUID: Final = Target(
    name="squid",
    title="Squid",
    ability=Ability(
        ways=(Way.NAME,),
        wildcard=Wildcard.SUBTREE,
        atomic="squid -k reconfigure",
        checker=_CHECK,
        caveats=(
            _PARENT,
            "Any client that reaches the proxy may use these rules; refuse the others before them.",
            "Clients must be told of the proxy, the container engine's service too.",
        ),
        source=_SOURCE,
    ),
    formats={"squid": render, "include": render_include},
    suffix={"squid": ".conf", "include": ".conf"},
    checks={"squid": _CHECK, "include": _CHECK},
)
_SPLICE: Final = Target(
    name="squid-splice",
    title="Squid in the way of clients (peek and splice)",
    ability=Ability(
        ways=(Way.NAME,),
        wildcard=Wildcard.SUBTREE,
        atomic="squid -k reconfigure",
        checker=_CHECK,
        caveats=(
            _PARENT,
            (
                "Believes the name that a client says: one that says an allowed name to another address gets there. "
                "The target squid looks names up itself."
            ),
            "Needs a squid with OpenSSL (squid-openssl in Debian), and connections redirected to it.",
            "Clients that encrypt the name (ECH) are refused.",
        ),
        source="https://wiki.squid-cache.org/Features/SslPeekAndSplice",
    ),
    formats={"squid": render_splice},
    suffix={"squid": ".conf"},
    checks={"squid": _CHECK},
)

TARGETS: Final = {one.name: one for one in (_SQUID, _SPLICE)}
"""By name."""
