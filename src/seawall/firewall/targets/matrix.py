"""The table of targets: what each firewall can express, from what it declares. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import Wildcard

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seawall.firewall.targets.contract import Target

__all__ = ["matrix"]

_WAYS: Final = (Way.NAME, Way.IP, Way.TAG)
_HEAD: Final = (
    "Target",
    "Firewall",
    "Name",
    "Wildcard",
    "IP",
    "IPv6",
    "Tag",
    "Formats",
    "New rules in place of old",
    "Checker",
)


def matrix(targets: Iterable[Target]) -> str:
    """Write the table in Markdown, and below it what is worth knowing of each target."""
    every = list(targets)
    lines = [f"| {' | '.join(_HEAD)} |", f"|{'---|' * len(_HEAD)}", *map(_row, every), ""]
    for target in every:
        ability = target.ability
        lines += [f"### {target.title} (`{target.name}`)", ""]
        lines += [f"- {caveat}" for caveat in ability.caveats]
        lines += [f"- At most {ability.most_names:,} names."] if ability.most_names else []
        lines += [f"- At most {ability.most_ranges:,} ranges."] if ability.most_ranges else []
        lines += [f"- Source: <{ability.source}>" if "://" in ability.source else f"- Source: {ability.source}", ""]
    return "\n".join(lines)


def _row(target: Target) -> str:
    ability = target.ability
    name, ip, tag = ("yes" if way in ability.ways else "" for way in _WAYS)
    wildcard = ability.wildcard.value if name and ability.wildcard is not Wildcard.NONE else ""
    formats = ", ".join(f"`{form}`" for form in target.formats)
    checker = f"`{ability.checker}`" if ability.checker else ""
    ipv6 = "yes" if ip and ability.ipv6 else ""
    cells = (f"`{target.name}`", target.title, name, wildcard, ip, ipv6, tag, formats, ability.atomic, checker)
    return f"| {' | '.join(cells)} |"
