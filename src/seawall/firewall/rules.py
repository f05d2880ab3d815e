"""A rule set: flows, and what a wall is given to recognise each by. Pure.

Four ways: by host name, by IP range, by service tag, by private link. Each opens more than the one registry it is for,
and how much more differs by five orders of magnitude; so every set says it (:class:`Exposure`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from seawall.firewall.need import Purpose
from seawall.servicetags.prefixes import NOTHING, AddressSet

if TYPE_CHECKING:
    from seawall.firewall.need import Flow, Need

__all__ = ["Exposure", "Rule", "RuleSet", "Way"]


class Way(StrEnum):
    """What a wall recognises a flow by."""

    NAME = "name"
    IP = "ip"
    TAG = "tag"
    PRIVATE_LINK = "private-link"


@dataclass(frozen=True, slots=True)
class Rule:
    """One flow, and what to let through for it; which of the three is filled depends on the way.

    Attributes:
        flow: The flow.
        names: Host names and ``*.suffix`` patterns.
        tags: Service tags, with regions where that narrows them.
        addresses: Addresses.
    """

    flow: Flow
    names: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    addresses: AddressSet = NOTHING


@dataclass(frozen=True, slots=True)
class Exposure:
    """How much a rule set opens.

    Attributes:
        names: Exact names.
        patterns: Names with a wildcard: each stands for hosts of anybody's.
        v4: IPv4 addresses.
        v6: IPv6 addresses.
        more: In words, what is opened that is not the registry.
    """

    names: int = 0
    patterns: int = 0
    v4: int = 0
    v6: int = 0
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Everything a wall must be told.

    Attributes:
        need: What it is for.
        way: What flows are recognised by.
        rules: One for each flow.
        exposure: How much it opens.
        notes: What whoever applies it should know, in words.
        basis: The service-tag file that addresses or tags are from, such as ``Public 374``; empty for names.
    """

    need: Need
    way: Way
    rules: tuple[Rule, ...]
    exposure: Exposure
    notes: tuple[str, ...] = ()
    basis: str = ""

    def names(self, port: int) -> tuple[str, ...]:
        """Exact names and patterns on a port, each once, in order of their flows."""
        return tuple(dict.fromkeys(name for rule in self._on(port) for name in rule.names))

    def tags(self, port: int) -> tuple[str, ...]:
        """Service tags on a port, each once, in order of their flows."""
        return tuple(dict.fromkeys(tag for rule in self._on(port) for tag in rule.tags))

    def addresses(self, port: int) -> AddressSet:
        """All addresses on a port."""
        return AddressSet.union(rule.addresses for rule in self._on(port))

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports that are opened, in order."""
        return tuple(sorted({rule.flow.port for rule in self.rules}))

    def _on(self, port: int) -> list[Rule]:
        return [rule for rule in self.rules if rule.flow.port == port]

    @property
    def title(self) -> str:
        """What the set is for, in one line."""
        need = self.need
        whose = [need.cloud.login(need.registry)] if need.registry else []
        whose += ["the Microsoft Container Registry"] if any(r.flow.purpose is Purpose.MCR for r in self.rules) else []
        return f"{' and '.join(whose)}, by {self.way.value.replace('-', ' ')}"
