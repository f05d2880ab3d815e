"""iptables with ipset: the addresses in sets, and a chain that goes by them. Pure.

Three files. ``ipset`` is a script for ``ipset restore``: it fills sets beside those in use and swaps them in at the
end, so that a fault on the way changes nothing, and it may be run again and again. ``iptables`` and ``ip6tables`` are
for ``iptables-restore --noflush``: naming a chain of one's own there empties it, in the same transaction as filling it.
The chain accepts what matches and hands the rest back, to whatever comes after the jump to it.

Source: ipset(8), iptables-restore(8), iptables-extensions(8).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import Ability, Target
from seawall.firewall.targets.words import comment
from seawall.servicetags.prefixes import V4, V6

if TYPE_CHECKING:
    from seawall.firewall.rules import RuleSet

__all__ = ["CHAIN", "CHAIN_CHECKS", "TARGETS", "chain", "family_word", "set_name"]

CHAIN: Final = "SEAWALL"
CHAIN_CHECKS: Final = {
    "iptables": "iptables-restore --noflush --test FILE",
    "ip6tables": "ip6tables-restore --noflush --test FILE",
}
_MOST: Final = 65_536
"""Elements of a set, which is ipset's own default. A set that exists must have been made with the same number."""


def set_name(port: int, family: int, prefix: str = "seawall") -> str:
    """Name the set of a port's addresses; the kernel takes 31 letters."""
    return f"{prefix}_{port}_v{4 if family == V4 else 6}"


def family_word(family: int) -> str:
    """Name a family as ipset does."""
    return "inet" if family == V4 else "inet6"


def render_sets(rules: RuleSet) -> str:
    """Write a script that makes the sets, or replaces what is in them."""
    fill, swap = [], []
    for port in rules.ports:
        for family in (V4, V6):
            name = set_name(port, family)
            made = f"hash:net family {family_word(family)} maxelem {_MOST} -exist"
            # What an interrupted run left behind is emptied first.
            fill += [f"create {name} {made}", f"create {name}_new {made}", f"flush {name}_new"]
            fill += [f"add {name}_new {prefix}" for prefix in rules.addresses(port).family(family).cover()]
            swap += [f"swap {name}_new {name}", f"destroy {name}_new"]
    return f"# ipset restore < FILE\n{comment(rules)}" + "\n".join([*fill, *swap]) + "\n"


def render_change(before: RuleSet, after: RuleSet) -> str:
    """Write a script that brings the sets from one rule set to another: what comes before what goes."""
    come, go = [], []
    for port in after.ports:
        for family in (V4, V6):
            name = set_name(port, family)
            had = set(before.addresses(port).family(family).cover())
            has = set(after.addresses(port).family(family).cover())
            come += [f"add {name} {prefix} -exist" for prefix in sorted(has - had)]
            go += [f"del {name} {prefix} -exist" for prefix in sorted(had - has)]
    return "".join(f"{line}\n" for line in (*come, *go))


def chain(rules: RuleSet, family: int, prefix: str = "seawall") -> str:
    """Write the chain of one family."""
    command = "iptables" if family == V4 else "ip6tables"
    ports = ",".join(map(str, rules.ports))
    head = (
        f"# {command}-restore --noflush < FILE, when the sets are there. Once, to make it a wall (or as FORWARD):\n"
        f"#   {command} -A OUTPUT ! -o lo -p tcp -m multiport --dports {ports} -m conntrack --ctstate NEW -j {CHAIN}\n"
        f"#   {command} -A OUTPUT ! -o lo -p tcp -m multiport --dports {ports} -m conntrack --ctstate NEW "
        "-j REJECT --reject-with tcp-reset\n"
    )
    lines = ["*filter", f":{CHAIN} - [0:0]"]
    lines += [
        f"-A {CHAIN} -p tcp -m tcp --dport {port} -m set --match-set {set_name(port, family, prefix)} dst -j ACCEPT"
        for port in rules.ports
    ]
    return head + comment(rules) + "\n".join([*lines, f"-A {CHAIN} -j RETURN", "COMMIT"]) + "\n"


def _v4(rules: RuleSet) -> str:
    return chain(rules, V4)


def _v6(rules: RuleSet) -> str:
    return chain(rules, V6)


_IPSET: Final = Target(
    name="ipset",
    title="iptables with ipset",
    ability=Ability(
        ways=(Way.IP,),
        most_ranges=_MOST,
        atomic="each set by a swap (ipset restore), each chain in one transaction (iptables-restore --noflush)",
        checker="iptables-restore --noflush --test FILE",
        caveats=(
            "Knows no host names; the target dnsmasq fills sets from DNS answers.",
            "It is three files: the sets first, then a chain for IPv4 and one for IPv6.",
            f"The chain {CHAIN} only lets through. Jump to it, and refuse the rest after the jump.",
        ),
        source="https://ipset.netfilter.org/ipset.man.html",
    ),
    formats={"ipset": render_sets, "iptables": _v4, "ip6tables": _v6},
    suffix={"ipset": ".ipset", "iptables": ".v4", "ip6tables": ".v6"},
    changes={"ipset": render_change},
    checks=CHAIN_CHECKS,
)

TARGETS: Final = {_IPSET.name: _IPSET}
"""By name."""
