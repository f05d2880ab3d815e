"""What an existing configuration comes down to: openings, one behind another. Pure.

Whatever a product calls its rules, the first that fits a packet or a request decides; so a wall is a list of openings,
read from the top, and what becomes of everything that none of them fits. Chains that are jumped to lie in the list
where they are jumped from, and leaving one early is an action of its own (:attr:`Action.SKIP`).

Nothing that was not understood is dropped: it stays with its opening as a condition, and makes what it decides
unproven.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from seawall.firewall.targets.contract import Wildcard
from seawall.servicetags.prefixes import EVERYTHING, NOTHING, AddressSet, Spans

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seawall.firewall.rules import Way

__all__ = [
    "ALL_PORTS",
    "Action",
    "AuditError",
    "Opening",
    "Pattern",
    "Reader",
    "Wall",
    "complement",
    "ports_of",
]

_PORT_BITS: Final = 16
ALL_PORTS: Final = Spans(_PORT_BITS, (0, 1 << _PORT_BITS))
"""Ports are kept as addresses are: as intervals."""


class AuditError(ValueError):
    """A configuration cannot be read. The message says what is wrong, and where."""


class Action(StrEnum):
    """What an opening does with what it fits."""

    ALLOW = "allow"
    DENY = "deny"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A host name, or all names under one.

    Attributes:
        host: The name without any star or leading dot, in lower case.
        wildcard: What is meant of the names under it; :attr:`Wildcard.NONE` for the host alone.
    """

    host: str
    wildcard: Wildcard = Wildcard.NONE

    def covers(self, host: str) -> bool:
        """Say whether a host is meant."""
        if host == self.host:
            return self.wildcard in {Wildcard.NONE, Wildcard.SUBTREE}
        if self.wildcard is Wildcard.LABEL:
            return host.partition(".")[2] == self.host
        return self.wildcard is not Wildcard.NONE and host.endswith(f".{self.host}")

    def covers_under(self, suffix: str) -> bool:
        """Say whether every name of one label under a suffix is meant."""
        # A label that nobody can own stands for all of them.
        return self.wildcard is not Wildcard.NONE and self.covers(f"*.{suffix}")

    def lies_under(self, suffix: str) -> bool:
        """Say whether one name at least under a suffix is meant."""
        if self.wildcard is Wildcard.NONE:
            return self.host.partition(".")[2] == suffix
        return self.covers_under(suffix) or (
            self.wildcard is Wildcard.SUBTREE and self.host.partition(".")[2] == suffix
        )

    def __str__(self) -> str:
        """Write it with a star in front where it is more than one host."""
        return self.host if self.wildcard is Wildcard.NONE else f"*.{self.host}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """One rule. It fits a flow on one of its ports that goes to one of its names, addresses or tags.

    Attributes:
        action: What it does.
        names: Hosts.
        addresses: Addresses; :data:`EVERYTHING` where the rule does not look at the destination.
        tags: Service tags, whose addresses only a weekly file knows.
        ports: TCP ports.
        sources: The clients it is for.
        conditions: What else must be so, in the words of the configuration; nobody knows if it is.
        until: Where reading goes on, as an index, when the action is to skip.
        where: Where it stands, such as ``line 12``.
        text: The rule itself.
    """

    action: Action
    names: tuple[Pattern, ...] = ()
    addresses: AddressSet = NOTHING
    tags: tuple[str, ...] = ()
    ports: Spans = ALL_PORTS
    sources: AddressSet = EVERYTHING
    conditions: tuple[str, ...] = ()
    until: int = 0
    where: str = ""
    text: str = ""

    @property
    def everywhere(self) -> bool:
        """Say whether it does not look at the destination."""
        return self.addresses == EVERYTHING

    def __str__(self) -> str:
        """Write place and text."""
        return f"{self.where}: {self.text}" if self.text else self.where


@dataclass(frozen=True, slots=True, kw_only=True)
class Wall:
    """All rules that decide in one place.

    Attributes:
        name: What the configuration calls the place.
        by: What it recognises flows by: names, addresses, or both.
        openings: The rules, first match first.
        default: What becomes of the rest.
        default_text: Why, in the words of the configuration.
        path: ``output`` for what the machine itself sends, ``forward`` for what it passes on; empty for both.
        families: The families it has a say in; of others nothing is known.
        dedicated: Whether all of it was written for this one purpose.
        remarks: What whoever wrote it should know.
    """

    name: str
    by: frozenset[Way]
    openings: tuple[Opening, ...]
    default: Action
    default_text: str
    path: str = ""
    families: tuple[int, ...] = field(default=(EVERYTHING.v4.family, EVERYTHING.v6.family))
    dedicated: bool = False
    remarks: tuple[str, ...] = ()


class Reader(Protocol):
    """Reads one format. Pure."""

    def __call__(self, text: str) -> tuple[Wall, ...]:
        """Return the walls of a configuration; a flow must get through every one.

        Raises:
            AuditError: It cannot be read.
        """


def complement(addresses: AddressSet) -> AddressSet:
    """Return all other addresses of both families."""
    return EVERYTHING - addresses


def ports_of(pairs: Iterable[tuple[int, int]]) -> Spans:
    """Make a set of ports from intervals with their last port included.

    Raises:
        ValueError: One is none, or ends before it begins.
    """
    every = list(pairs)
    for first, last in every:
        if not 0 <= first <= last < 1 << _PORT_BITS:
            raise ValueError(f"{first}-{last} is no range of ports")
    return Spans.of(_PORT_BITS, ((first, last + 1) for first, last in every))
