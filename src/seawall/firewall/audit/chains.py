"""Chains of rules that jump to one another, laid out as one list. Pure.

nftables and iptables share the model: a chain that a hook calls, user chains that rules jump to (and come back from) or
go to (and come back from to wherever the chain before was called), and rules that return early. A packet that comes
back from a chain goes on behind the jump, so a chain is written out where it is called, within the conditions of the
jump, and a return skips to behind it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import count
from typing import TYPE_CHECKING, Final

from seawall.firewall.audit.contract import ALL_PORTS, Action, AuditError, Opening
from seawall.servicetags.prefixes import EVERYTHING, AddressSet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from seawall.servicetags.prefixes import Spans

__all__ = ["Fit", "Line", "Move", "lay_out"]

_MOST_LINES: Final = 200_000
"""Chains that each jump twice to the next would otherwise grow without end."""


class Move(StrEnum):
    """What a rule of a chain does."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    RETURN = "return"
    JUMP = "jump"
    GOTO = "goto"


@dataclass(frozen=True, slots=True)
class Fit:
    """Which packets a rule is about; the fields mean what they mean in an :class:`Opening`."""

    addresses: AddressSet = EVERYTHING
    ports: Spans = ALL_PORTS
    sources: AddressSet = EVERYTHING
    conditions: tuple[str, ...] = ()

    def __and__(self, other: Fit) -> Fit:
        """Packets that fit both."""
        return Fit(
            _both(self.addresses, other.addresses),
            self.ports & other.ports,
            _both(self.sources, other.sources),
            tuple(dict.fromkeys((*self.conditions, *other.conditions))),
        )

    @property
    def possible(self) -> bool:
        """Say whether any packet fits."""
        return bool(self.addresses and self.ports and self.sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A rule of a chain.

    Attributes:
        fit: Which packets it is about.
        move: What it does with them.
        target: The chain it jumps or goes to.
        where: Where it stands.
        text: The rule itself.
    """

    fit: Fit
    move: Move
    target: str = ""
    where: str = ""
    text: str = ""


def lay_out(chains: Mapping[str, Sequence[Line]], first: str, within: Fit = Fit()) -> tuple[Opening, ...]:
    """Lay out a chain and all it calls.

    Args:
        chains: All chains by name.
        first: The chain to begin with.
        within: Which packets come to it.

    Raises:
        AuditError: A chain is missing, or calls itself.
    """
    openings: list[Opening] = []
    _write(chains, first, within, (), openings, count())
    return tuple(openings)


def _write(
    chains: Mapping[str, Sequence[Line]],
    name: str,
    within: Fit,
    callers: tuple[str, ...],
    openings: list[Opening],
    seen: Iterator[int],
) -> None:
    if name not in chains:
        raise AuditError(f"there is a jump to the chain {name}, and no such chain")
    if name in callers:
        raise AuditError(f"the chain {name} calls itself")
    leaving = []
    for line in chains[name]:
        if next(seen) >= _MOST_LINES:
            raise AuditError(f"the chain {callers[0] if callers else name} calls more than {_MOST_LINES} rules")
        fit = within & line.fit
        if not fit.possible:
            continue
        if line.move in {Move.JUMP, Move.GOTO}:
            _write(chains, line.target, fit, (*callers, name), openings, seen)
        if line.move in {Move.RETURN, Move.GOTO}:
            leaving.append(len(openings))
        if line.move is not Move.JUMP:
            openings.append(_opening(line, fit, within))
    for index in leaving:
        openings[index] = replace(openings[index], until=len(openings))


def _opening(line: Line, fit: Fit, within: Fit) -> Opening:
    actions = {Move.ACCEPT: Action.ALLOW, Move.REFUSE: Action.DENY}
    action = actions.get(line.move, Action.SKIP)
    # Packets the jump was not for come to the place behind it as well, so leaving does not depend on its conditions.
    conditions = line.fit.conditions if action is Action.SKIP else fit.conditions
    return Opening(
        action=action,
        addresses=fit.addresses,
        ports=fit.ports,
        sources=line.fit.sources if action is Action.SKIP else fit.sources,
        conditions=tuple(one for one in conditions if action is not Action.SKIP or one not in within.conditions),
        where=line.where,
        text=line.text,
    )


def _both(one: AddressSet, other: AddressSet) -> AddressSet:
    # Most rules leave one of the two open, and there may be many thousands of them.
    if other == EVERYTHING:
        return one
    return other if one == EVERYTHING else one & other
