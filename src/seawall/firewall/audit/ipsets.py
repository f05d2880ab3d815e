"""Address sets of ``ipset save``: the part of an iptables configuration that ``iptables-save`` leaves out. Pure.

Source: ipset(8).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from seawall.firewall.audit.chains import Fit
from seawall.firewall.audit.contract import AuditError, ports_of
from seawall.servicetags.prefixes import NOTHING, AddressSet, PrefixError, Spans, parse_prefix

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Ipset", "parse_range", "read_ipsets"]

_ADDRESSES: Final = frozenset(("hash:ip", "hash:net", "bitmap:ip"))
_WITH_PORT: Final = frozenset(("hash:ip,port", "hash:net,port"))
_COMMANDS: Final = re.compile(r"(create|add|swap|destroy|flush)\s+\S")


@dataclass(slots=True)
class Ipset:
    """A set.

    Attributes:
        kind: Such as ``hash:net``.
        inside: Ranges, or ranges and ports.
        outside: Ranges that are left out again (``nomatch``).
    """

    kind: str
    inside: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def fits(self, directions: str) -> list[Fit] | None:
        """Say which connections a rule's ``--match-set`` fits; ``None`` when that cannot be said."""
        try:
            if self.kind in _ADDRESSES and directions in {"dst", "src"}:
                found = _joined(self.inside) - _joined(self.outside)
                return [Fit(found) if directions == "dst" else Fit(sources=found)]
            if self.kind in _WITH_PORT and directions == "dst,dst" and not self.outside:
                return [fit for element in self.inside if (fit := _with_port(element)).possible]
        except ValueError:
            return None
        return None


def read_ipsets(lines: Mapping[int, str]) -> dict[str, Ipset]:
    """Read commands of ``ipset save`` or ``ipset restore`` and return the sets they leave, by name.

    Args:
        lines: Lines by number; whatever is no such command is not looked at.

    Raises:
        AuditError: An element goes into a set that is not there.
    """
    sets: dict[str, Ipset] = {}
    for number, line in lines.items():
        if not _COMMANDS.match(line):
            continue
        command, name, *rest = line.split()
        if command == "create":
            sets.setdefault(name, Ipset(rest[0] if rest else ""))
        elif name not in sets:
            raise AuditError(f"line {number}: there is no set {name} yet")
        elif command == "add":
            _add(sets[name], rest, number)
        elif command == "swap" and rest and rest[0] in sets:
            sets[name], sets[rest[0]] = sets[rest[0]], sets[name]
        elif command == "flush":
            sets[name] = Ipset(sets[name].kind)
        elif command == "destroy":
            del sets[name]
    return sets


def parse_range(text: str) -> AddressSet:
    """Read a prefix, an address, or two addresses with a dash between.

    Raises:
        PrefixError: It is none of them.
    """
    low, dash, high = text.partition("-")
    family, start, stop = parse_prefix(low)
    if dash:
        last, _, stop = parse_prefix(high)
        if last != family or stop <= start:
            raise PrefixError(f"{text!r} is not an address range: it ends before it begins")
    spans = Spans.of(family, [(start, stop)])
    return AddressSet(spans) if family == NOTHING.v4.family else AddressSet(v6=spans)


def _add(into: Ipset, rest: list[str], number: int) -> None:
    if not rest:
        raise AuditError(f"line {number}: nothing is added here")
    if into.kind in _ADDRESSES:
        try:
            parse_range(rest[0])
        except PrefixError as error:
            raise AuditError(f"line {number}: {error}") from None
    (into.outside if "nomatch" in rest else into.inside).append(rest[0])


def _joined(ranges: list[str]) -> AddressSet:
    return AddressSet.union(map(parse_range, ranges))


def _with_port(element: str) -> Fit:
    """Read ``192.0.2.0/24,tcp:443``; other protocols fit nothing."""
    where, _, port = element.partition(",")
    protocol, colon, number = port.rpartition(":")
    if colon and protocol != "tcp":
        return Fit(NOTHING)
    first, _, last = number.partition("-")
    return Fit(parse_range(where), ports_of([(int(first), int(last or first))]))
