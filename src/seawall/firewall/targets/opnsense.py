"""OPNsense and pfSense: aliases, which rules of one's own refer to; or a list of ranges for a URL table. Pure.

Aliases of hosts are exact names, looked up again every five minutes; there are no wildcards. An alias of networks and
one of hosts for each port, and one for the port itself.

OPNsense imports aliases by their names: it changes those it has, and adds the others. pfSense restores the section as a
whole, and all other aliases are gone.
"""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import NAMESPACE_DNS, uuid5

from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import Ability, Target
from seawall.firewall.targets.feeds import address_feed
from seawall.firewall.targets.objects import plain, why
from seawall.firewall.targets.words import reasons, summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seawall.firewall.rules import RuleSet

__all__ = ["TARGETS"]

_DETAIL: Final = 200


@dataclass(frozen=True, slots=True)
class _Alias:
    """An alias: letters, digits and underscores, at most 31 of them, since pfSense takes no more."""

    name: str
    kind: str
    content: tuple[str, ...]
    title: str
    details: tuple[str, ...]


def _aliases(rules: RuleSet) -> Iterator[_Alias]:
    for port in rules.ports:
        names, ranges = rules.names(port), rules.addresses(port).cidrs
        if names:
            details = tuple(plain(why(rules, port, name), _DETAIL) for name in names)
            yield _Alias(f"seawall_{port}_names", "host", names, f"Registry hosts on TCP {port}", details)
        if ranges:
            details = ("",) * len(ranges)
            yield _Alias(f"seawall_{port}_nets", "network", ranges, f"Registry ranges on TCP {port}", details)
        yield _Alias(f"seawall_{port}_port", "port", (str(port),), f"Registry port {port}", ("",))


def render_opnsense(rules: RuleSet) -> str:
    """Write aliases as OPNsense exports them."""
    aliases = {
        # Only there to tell entries apart; OPNsense finds its own by name.
        str(uuid5(NAMESPACE_DNS, f"{one.name}.seawall.invalid")): {
            "enabled": "1",
            "name": one.name,
            "type": one.kind,
            "content": "\n".join(one.content),
            "description": one.title,
        }
        for one in _aliases(rules)
    }
    return json.dumps({"aliases": {"alias": aliases}}, indent=2) + "\n"


def render_pfsense(rules: RuleSet) -> str:
    """Write aliases as pfSense backs them up."""
    # Two hyphens would end the comment.
    head = "\n".join((*summary(rules), *reasons(rules))).replace("--", "- -")
    lines = ['<?xml version="1.0"?>', f"<!--\n{head}\n-->", "<aliases>"]
    for one in _aliases(rules):
        lines += [
            "\t<alias>",
            f"\t\t<name>{one.name}</name>",
            f"\t\t<type>{one.kind}</type>",
            f"\t\t<address>{' '.join(one.content)}</address>",
            f"\t\t<descr>{one.title}</descr>",
            # One for each entry, parted by two bars, which must be in none of them.
            f"\t\t<detail>{html.escape('||'.join(text.replace('|', '/') for text in one.details))}</detail>",
            "\t</alias>",
        ]
    return "\n".join([*lines, "</aliases>"]) + "\n"


_COMMON: Final = (
    (
        "Aliases let nothing through by themselves: make a rule for each port, from the clients to the alias of its "
        "hosts and ranges, on the alias of the port."
    ),
    "Names are looked up every 300 seconds, by the firewall itself; what clients are told in between may differ.",
    "All entries of all aliases must fit under 'Firewall Maximum Table Entries'.",
    "A list has no ports; the rule that uses its URL table has.",
)

_OPNSENSE: Final = Target(
    name="opnsense",
    title="OPNsense",
    ability=Ability(
        ways=(Way.NAME, Way.IP),
        atomic="one import, then one apply; a URL table is replaced as a whole",
        caveats=_COMMON,
        source="https://docs.opnsense.org/manual/aliases.html",
    ),
    formats={"aliases": render_opnsense, "list": address_feed},
    suffix={"aliases": ".json"},
)

_PFSENSE: Final = Target(
    name="pfsense",
    title="pfSense",
    ability=Ability(
        ways=(Way.NAME, Way.IP),
        atomic="one restore; a URL table is replaced as a whole",
        caveats=(
            "Restoring the area 'Aliases' replaces every alias there is: back it up, and put these among them first.",
            *_COMMON,
        ),
        source="https://docs.netgate.com/pfsense/en/latest/firewall/aliases.html",
    ),
    formats={"aliases": render_pfsense, "list": address_feed},
    suffix={"aliases": ".xml"},
)

TARGETS: Final = {one.name: one for one in (_PFSENSE, _OPNSENSE)}
"""By name."""
