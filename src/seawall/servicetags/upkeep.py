"""Keeping address ranges current without ever closing what is in use: the decision. Pure.

Ranges that are new are let through at once; ranges that are gone from the list stay for a grace period, since what is
published and what is in use are weeks apart. What looks like a mistake rather than a change is refused, and everything
stays as it is: a list that has lost much of what it had, a tag that has vanished, a list of nothing.

Source: "Virtual network service tags" (new addresses are not used for a week after they are published); the rest is
from five years of weekly files: downloads that failed, regions that vanished and came back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from seawall.servicetags.prefixes import NOTHING, AddressSet

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Decision", "Policy", "State", "decide"]


@dataclass(frozen=True, slots=True)
class Policy:
    """How careful to be.

    Attributes:
        grace: How long ranges stay after they were last wanted.
        most_lost: The largest part of the wanted addresses that may vanish at once; 0.2 is a fifth.
    """

    grace: timedelta = timedelta(days=14)
    most_lost: float = 0.2


@dataclass(frozen=True, slots=True)
class State:
    """What a wall was last given.

    Attributes:
        wanted: What the last good list asked for.
        leaving: What is kept though it is no longer wanted, by the day it was first missed.
    """

    wanted: AddressSet = NOTHING
    leaving: Mapping[date, AddressSet] = field(default_factory=dict)

    @property
    def applied(self) -> AddressSet:
        """Everything that is let through."""
        return AddressSet.union((self.wanted, *self.leaving.values()))


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do.

    Attributes:
        state: What the wall is to be given; the old state where :attr:`refusal` says why nothing is done.
        added: Addresses to let through from now on.
        removed: Addresses to let through no longer.
        refusal: Why nothing changes, though the list did; empty when all is well.
    """

    state: State
    added: AddressSet = NOTHING
    removed: AddressSet = NOTHING
    refusal: str = ""

    @property
    def changes(self) -> bool:
        """Say whether the wall's rules change."""
        return bool(self.added or self.removed)


def decide(state: State, wanted: AddressSet, today: date, policy: Policy, *, confirmed: bool = False) -> Decision:
    """Decide what a wall is to be given.

    Args:
        state: What it has now.
        wanted: What the newest list asks for.
        today: The day.
        policy: How careful to be.
        confirmed: Whether somebody has looked at a loss that would be refused, and wants it. An empty list is refused
            all the same: a wall that lets nothing through is nobody's wish.
    """
    if not wanted:
        return Decision(state, refusal="the list asks for no address at all")
    lost = _part_lost(state.wanted, wanted)
    if lost > policy.most_lost and not confirmed:
        return Decision(
            state,
            refusal=f"{lost:.1%} of the addresses have vanished from the list at once, more than "
            f"{policy.most_lost:.0%}; if that is right, confirm it",
        )
    missed = dict(state.leaving)
    gone = state.wanted - wanted
    if gone:
        missed[today] = missed.get(today, NOTHING) | gone
    leaving = {
        day: kept for day, was in sorted(missed.items()) if (kept := was - wanted) and today - day < policy.grace
    }
    after = State(wanted, leaving)
    return Decision(after, after.applied - state.applied, state.applied - after.applied)


def _part_lost(before: AddressSet, after: AddressSet) -> float:
    """Say which part of the addresses is gone, in the family that lost more."""
    families = ((before.v4, before.v4 - after.v4), (before.v6, before.v6 - after.v6))
    return max((gone.size / had.size for had, gone in families if had), default=0.0)
