"""Who may come in: a registry's rules about the addresses of its clients. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    collapse_addresses,
    ip_address,
    ip_network,
)
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seawall.tag_rule import TagRule

__all__ = ["EVERYBODY", "Action", "NetworkRules", "NetworkRulesError", "Range", "address_of", "in_order", "parse_range"]

Range: TypeAlias = IPv4Network | IPv6Network
"""The addresses that share a prefix; one address has a prefix of all its bits."""

_Bounds: TypeAlias = tuple[list[int], list[int]]
"""First and last addresses of ranges that lie one behind another."""

# The library reads masks and names of interfaces as well, which have no place in a rule.
_RANGE: Final = re.compile(r"(?P<address>[0-9A-Fa-f.:]+)(?:/(?:0|[1-9][0-9]{0,2}))?")


class NetworkRulesError(ValueError):
    """A rule that cannot be. The message says what to change."""


class Action(StrEnum):
    """What happens to clients that no range holds."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True)
class NetworkRules:
    """Which clients a registry answers.

    Attributes:
        default_action: While it is to allow, everybody may come in and the ranges mean nothing.
        ranges: Who may come in when it is to deny: IPv4 before IPv6, in order, each once. One may lie inside another.
        tags: Who may come in as well, by service tag: in order of tag, each once.
    """

    default_action: Action = Action.ALLOW
    ranges: tuple[Range, ...] = ()
    tags: tuple[TagRule, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if list(self.ranges) != in_order(self.ranges):
            raise NetworkRulesError("list each range once, in order")
        names = [rule.tag for rule in self.tags]
        if names != sorted(set(names)):
            raise NetworkRulesError("list each service tag once, in order")

    @property
    def count(self) -> int:
        """How many rules there are."""
        return len(self.ranges) + len(self.tags)

    @property
    def rules_something(self) -> bool:
        """Whether anybody has said anything about addresses."""
        return self.default_action is not Action.ALLOW or self.count > 0

    def adding(self, ranges: Iterable[Range]) -> NetworkRules:
        """Return these rules with further ranges."""
        return replace(self, ranges=tuple(in_order((*self.ranges, *ranges))))

    def removing(self, ranges: Iterable[Range]) -> NetworkRules:
        """Return these rules without some ranges; what lies inside one of them stays."""
        gone = frozenset(ranges)
        return replace(self, ranges=tuple(one for one in self.ranges if one not in gone))

    def tag(self, name: str) -> TagRule | None:
        """Return the rule by a service tag, if there is one; tags are the same in any case."""
        return next((rule for rule in self.tags if rule.tag.lower() == name.lower()), None)

    def with_tag(self, rule: TagRule) -> NetworkRules:
        """Return these rules with one by service tag, instead of what there was by that tag."""
        others = self.without_tag(rule.tag).tags
        return replace(self, tags=tuple(sorted((*others, rule), key=lambda one: one.tag)))

    def adding_tag(self, rule: TagRule) -> NetworkRules:
        """Return these rules with one by service tag; one that is there keeps what its tag has lost a while ago."""
        return self if self.tag(rule.tag) else self.with_tag(rule)

    def without_tag(self, name: str) -> NetworkRules:
        """Return these rules without the one by a service tag."""
        return replace(self, tags=tuple(rule for rule in self.tags if rule.tag.lower() != name.lower()))

    def admits(self, client: str) -> bool:
        """Say whether a client may come in, by its address; who has none is held by no range."""
        if self.default_action is Action.ALLOW:
            return True
        address = address_of(client)
        if address is None:
            return False
        firsts, lasts = self._v4 if isinstance(address, IPv4Address) else self._v6
        number = int(address)
        place = bisect_right(firsts, number) - 1
        if place >= 0 and number <= lasts[place]:
            return True
        return any(rule.holds(address) for rule in self.tags)

    @cached_property
    def _v4(self) -> _Bounds:
        return _bounds(collapse_addresses(one for one in self.ranges if isinstance(one, IPv4Network)))

    @cached_property
    def _v6(self) -> _Bounds:
        return _bounds(collapse_addresses(one for one in self.ranges if isinstance(one, IPv6Network)))


def address_of(client: str) -> IPv4Address | IPv6Address | None:
    """Read a client's address; IPv4 that is written as IPv6 is IPv4. ``None`` for what is no address."""
    try:
        address = ip_address(client)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def parse_range(text: str) -> Range:
    """Read an IPv4 or IPv6 address, or a prefix such as ``203.0.113.0/24``.

    Raises:
        NetworkRulesError: If it is neither; the message names what was probably meant.
    """
    written = _RANGE.fullmatch(text)
    try:
        found = ip_network(text, strict=False) if written else None
    except ValueError:
        found = None
    if written is None or found is None:
        raise NetworkRulesError(
            f"{text!r} is no range of addresses: write 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32"
        )
    address = written["address"]
    mapped = found.network_address.ipv4_mapped if isinstance(found, IPv6Network) else None
    if mapped is not None and found.prefixlen >= 96:
        plain = IPv4Network((mapped, found.prefixlen - 96), strict=False)
        raise NetworkRulesError(f"{text!r} is IPv4 written as IPv6: write {plain}")
    if ip_address(address) != found.network_address:
        raise NetworkRulesError(f"{text!r} has bits behind its prefix: write {found}, or {address} for one address")
    return found


def in_order(ranges: Iterable[Range]) -> list[Range]:
    """Put ranges in order, each once: IPv4 before IPv6, then by address, wider ones first."""
    return sorted(set(ranges), key=lambda one: (one.version, int(one.network_address), one.prefixlen))


def _bounds(ranges: Iterable[Range]) -> _Bounds:
    apart = list(ranges)
    return [int(one.network_address) for one in apart], [int(one.broadcast_address) for one in apart]


EVERYBODY: Final = NetworkRules()
"""The rules of a registry that nobody has given any."""
