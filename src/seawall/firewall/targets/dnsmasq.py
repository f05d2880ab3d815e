"""dnsmasq: the wall learns addresses from the DNS answers that clients get. Pure.

dnsmasq puts the addresses of answers into sets of the kernel, of nftables (``nftset=``) or of ipset (``ipset=``). So
this is two things that belong together: its configuration, by name, and the table or sets it fills, by address. Sets
have a time-out, and are not of intervals: with ``auto-merge`` what was learnt would be joined to ranges nobody named.

What dnsmasq 2.90 does, seen in its source and by trying:

- ``/x/`` covers ``x`` and everything below it. There is no way to mean ``x`` alone, and a star is no wildcard here, as
  it is in ``address=``: ``/*.x/`` parses and matches nothing.
- Only the longest of the domains that cover a name counts, so each has to name all the sets that those above it have.
- Answers from its own cache fill nothing.

An answer does not make the time-out of nftables start again, so the rule that accepts does that; ipset restarts it by
itself.

Source: dnsmasq(8), ``--nftset`` and ``--ipset``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.firewall.need import Purpose
from seawall.firewall.rules import Way
from seawall.firewall.targets import ipset, nftables
from seawall.firewall.targets.contract import Ability, Target, Wildcard
from seawall.firewall.targets.names import holds, reasons_by_name
from seawall.firewall.targets.words import comment
from seawall.servicetags.prefixes import V4, V6

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from seawall.firewall.rules import RuleSet

__all__ = ["TARGETS"]

_PREFIX: Final = "seawall_dns"
_TIMEOUT: Final = 3600
"""Seconds from the last use (nftables) or answer (ipset). Longer than answers of these hosts may be kept."""
_CHECK: Final = "dnsmasq --test -C FILE"
_MOST: Final = 65_536
_RENEW: Final = "the wall forgets what was learnt: then send dnsmasq SIGHUP, which empties its cache."


def render(rules: RuleSet) -> str:
    """Write what dnsmasq is to put into the sets of nftables."""
    return _conf(rules, "nftset", _nft_sets, f"the table {nftables.TABLE} that the format nft makes")


def render_ipset(rules: RuleSet) -> str:
    """Write what dnsmasq is to put into the sets of ipset."""
    return _conf(rules, "ipset", _ipset_sets, "the sets that the format sets makes")


def _nft_sets(port: int) -> Iterator[str]:
    for family in (V4, V6):
        yield f"{4 if family == V4 else 6}#inet#{nftables.TABLE}#{nftables.set_name(port, family)}"


def _ipset_sets(port: int) -> Iterator[str]:
    for family in (V4, V6):
        yield ipset.set_name(port, family, _PREFIX)


def _conf(rules: RuleSet, option: str, sets: Callable[[int], Iterable[str]], where: str) -> str:
    lines = [f"# For a file in /etc/dnsmasq.d. Fills {where}; load that first."]
    reasons = {port: reasons_by_name(rules, port) for port in rules.ports}
    left = {name for rule in rules.rules if rule.flow.purpose is Purpose.APEX for name in rule.names}
    whys: dict[str, str] = {}
    for port in rules.ports:
        for name, why in reasons[port].items():
            whys.setdefault(name, why)
    for name, why in whys.items():
        # As a pattern, since that is how dnsmasq takes every domain.
        ports = [
            port
            for port in rules.ports
            if any(holds(f"*.{other.removeprefix('*.')}", name) for other in reasons[port] if other not in left)
        ]
        lines.append(f"# {why}")
        if name in left:
            lines.append(f"# Left out: dnsmasq would let everything below {name} through with it, anybody's.")
            continue
        every = ",".join(one for port in ports for one in sets(port))
        lines.append(f"{option}=/{name.removeprefix('*.')}/{every}")
    return comment(rules) + "\n".join(lines) + "\n"


def render_nft(rules: RuleSet) -> str:
    """Write the table with its empty sets."""
    lines, accepts = [], []
    for port in rules.ports:
        for family, word in ((V4, "ip"), (V6, "ip6")):
            name = nftables.set_name(port, family)
            lines += [
                f"\tset {name} {{",
                f"\t\ttype {'ipv4_addr' if family == V4 else 'ipv6_addr'}",
                f"\t\tsize {_MOST}",
                "\t\tflags dynamic,timeout",
                f"\t\ttimeout {_TIMEOUT}s",
                "\t}",
            ]
            accepts.append(f"\t\t{word} daddr @{name} tcp dport {port} update @{name} {{ {word} daddr }} accept")
    lines += ["\tchain allow {", *accepts, "\t}"]
    head = f"# dnsmasq fills these sets; see the format dnsmasq. Each time this is loaded {_RENEW}\n"
    return head + comment(rules) + nftables.wall(rules.ports, lines)


def render_sets(rules: RuleSet) -> str:
    """Write a script that makes the sets of ipset; what has been learnt stays in them."""
    lines = [
        f"create {ipset.set_name(port, family, _PREFIX)} hash:ip family {ipset.family_word(family)} "
        f"maxelem {_MOST} timeout {_TIMEOUT} -exist"
        for port in rules.ports
        for family in (V4, V6)
    ]
    return "# ipset restore < FILE\n" + comment(rules) + "\n".join(lines) + "\n"


def _chain_v4(rules: RuleSet) -> str:
    return ipset.chain(rules, V4, _PREFIX)


def _chain_v6(rules: RuleSet) -> str:
    return ipset.chain(rules, V6, _PREFIX)


_DNSMASQ: Final = Target(
    name="dnsmasq",
    title="dnsmasq with nftables or ipset",
    ability=Ability(
        ways=(Way.NAME,),
        wildcard=Wildcard.SUBTREE,
        atomic="the table in one transaction (nft -f); dnsmasq reads its configuration when it is started again",
        checker=_CHECK,
        caveats=(
            (
                "An exact name covers everything below it as well. The registries' base name (azurecr.io), under which "
                "everybody's registries are, is therefore left out."
            ),
            "Opens addresses, to everybody behind the wall: whatever else is served from these is open, too.",
            "Clients must ask this dnsmasq, and nobody else: close DNS over TLS and HTTPS, and port 53 to others.",
            "Answers from dnsmasq's cache fill nothing; empty it (SIGHUP) when the sets have been made anew.",
            f"An address is forgotten {_TIMEOUT // 60} minutes after it was last used (nftables) or answered (ipset).",
            "The formats dnsmasq and nft belong together; so do ipset, sets, iptables and ip6tables.",
        ),
        source="https://thekelleys.org.uk/dnsmasq/docs/dnsmasq-man.html",
    ),
    formats={
        "dnsmasq": render,
        "nft": render_nft,
        "ipset": render_ipset,
        "sets": render_sets,
        "iptables": _chain_v4,
        "ip6tables": _chain_v6,
    },
    suffix={
        "dnsmasq": ".conf",
        "nft": ".nft",
        "ipset": ".conf",
        "sets": ".ipset",
        "iptables": ".v4",
        "ip6tables": ".v6",
    },
    checks={"dnsmasq": _CHECK, "nft": "nft -c -f FILE", "ipset": _CHECK, **ipset.CHAIN_CHECKS},
)

TARGETS: Final = {_DNSMASQ.name: _DNSMASQ}
"""By name."""
