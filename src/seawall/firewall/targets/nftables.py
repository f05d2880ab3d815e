"""nftables: one table of its own, replaced as a whole. Pure.

``nft -f`` is one transaction: deleting and adding the table in one file replaces it without a moment in between, and
naming it before deleting makes that work the first time too.

An ``accept`` here would not help against a ``drop`` in another table, and no chain can be jumped to from there. So
there are two formats: ``nft``, a table that is a wall by itself for the ports concerned (it refuses and logs whatever
else goes to them, and has no say in other ports), and ``include``, the sets and a chain for a table of one's own.

Source: nft(8); wiki.nftables.org, "Atomic rule replacement".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import Ability, Target
from seawall.firewall.targets.words import comment
from seawall.servicetags.prefixes import V4

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from seawall.firewall.rules import RuleSet
    from seawall.servicetags.prefixes import Spans

__all__ = ["TABLE", "TARGETS", "set_name", "wall"]

TABLE: Final = "seawall"
"""The table, and what the names of its sets begin with."""


def render(rules: RuleSet) -> str:
    """Write a table that lets these flows through and nothing else on their ports."""
    return comment(rules) + wall(rules.ports, _sets_and_chain(rules, "\t"))


def render_include(rules: RuleSet) -> str:
    """Write sets and a chain, to be included in a table of one's own."""
    head = f"# Include this in your table and jump to the chain {TABLE}_allow where packets would be refused.\n"
    return head + comment(rules) + "\n".join(_sets_and_chain(rules, "", f"{TABLE}_")) + "\n"


def set_name(port: int, family: int) -> str:
    """Name the set of a port's addresses."""
    return f"to_{port}_v{4 if family == V4 else 6}"


def wall(opened: Iterable[int], sets_and_chain: Iterable[str]) -> str:
    """Write the table around its sets and its chain ``allow``: what that does not accept on these ports is refused."""
    ports = ", ".join(map(str, opened))
    lines = [
        f"# On TCP {ports} everything else is refused; other ports are none of this table's business.",
        f"table inet {TABLE}",
        f"delete table inet {TABLE}",
        f"table inet {TABLE} {{",
        *sets_and_chain,
        "\tchain wall {",
        "\t\tct state established,related accept",
        "\t\tjump allow",
        # Clients that are refused try again and again; that must not fill the disk.
        f'\t\tlimit rate 10/second log prefix "{TABLE} refused: "',
        "\t\treject with tcp reset",
        "\t}",
    ]
    for hook in ("output", "forward"):
        lines += [
            f"\tchain {hook} {{",
            f"\t\ttype filter hook {hook} priority filter; policy accept;",
            *(['\t\toifname "lo" accept'] if hook == "output" else []),
            f"\t\ttcp dport {{ {ports} }} jump wall",
            "\t}",
        ]
    return "\n".join([*lines, "}"]) + "\n"


def _sets_and_chain(rules: RuleSet, indent: str, prefix: str = "") -> Iterator[str]:
    accepts = []
    for port in rules.ports:
        opened = rules.addresses(port)
        for spans, word in ((opened.v4, "ip"), (opened.v6, "ip6")):
            name = prefix + set_name(port, spans.family)
            yield from (indent + line for line in _set(name, spans))
            accepts.append(f"{indent}\t{word} daddr @{name} tcp dport {port} accept")
    yield f"{indent}chain {prefix}allow {{"
    yield from accepts
    yield f"{indent}}}"


def _set(name: str, spans: Spans) -> Iterator[str]:
    yield f"set {name} {{"
    # The ranges are disjoint already, so no auto-merge: it would also join what others add with a time-out.
    yield f"\ttype {'ipv4_addr' if spans.family == V4 else 'ipv6_addr'}"
    yield "\tflags interval"
    if spans:
        yield "\telements = {"
        yield from (f"\t\t{prefix}," for prefix in spans.cover())
        yield "\t}"
    yield "}"


def render_change(before: RuleSet, after: RuleSet) -> str:
    """Write the commands that make one table into the other; loaded with ``nft -f``, they are one transaction."""
    lines = []
    for port in after.ports:
        had, has = before.addresses(port), after.addresses(port)
        for old, new in ((had.v4, has.v4), (had.v6, has.v6)):
            name = set_name(port, new.family)
            gone, come = set(old.cover()), set(new.cover())
            # What leaves goes first: a range that has grown may not touch what it was.
            for verb, prefixes in (("delete", sorted(gone - come)), ("add", sorted(come - gone))):
                if prefixes:
                    lines.append(f"{verb} element inet {TABLE} {name} {{ {', '.join(prefixes)} }}")
    return "".join(f"{line}\n" for line in lines)


_NFTABLES: Final = Target(
    name="nftables",
    title="nftables",
    ability=Ability(
        ways=(Way.IP,),
        atomic="one transaction (nft -f)",
        checker="nft -c -f FILE",
        caveats=(
            "Knows no host names; the target dnsmasq fills its sets from DNS answers.",
            (
                "The format nft refuses everything else on these ports, whatever the destination, and what the host "
                "forwards to others inside, too; the format include leaves that to your own table."
            ),
            "Connections that are open already stay open when the rules change.",
        ),
        source="https://wiki.nftables.org/wiki-nftables/index.php/Atomic_rule_replacement",
    ),
    formats={"nft": render, "include": render_include},
    suffix={"nft": ".nft", "include": ".nft"},
    changes={"nft": render_change},
    checks={"nft": "nft -c -f FILE"},
)

TARGETS: Final = {_NFTABLES.name: _NFTABLES}
"""By name."""
