"""The decision, against a model of plain Python sets that keeps a day for each single address."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seawall.servicetags.prefixes import NOTHING, AddressSet
from seawall.servicetags.upkeep import Decision, Policy, State, decide

if TYPE_CHECKING:
    from collections.abc import Iterable

START: Final = date(2026, 1, 1)
V4: Final = tuple(f"10.0.0.{number}" for number in range(12))
V6: Final = tuple(f"2001:db8::{number:x}" for number in range(1, 7))
FAR: Final = timedelta(days=14)


@dataclass(frozen=True)
class Step:
    """A run: days since the last one, what the list asks for, and whether somebody has looked."""

    days: int
    wanted: frozenset[str]
    confirmed: bool = False


@dataclass
class Model:
    """What should happen, one address at a time."""

    policy: Policy
    wanted: frozenset[str] = frozenset()
    missed: dict[str, date] = field(default_factory=dict)

    @property
    def applied(self) -> frozenset[str]:
        return self.wanted | self.missed.keys()

    def run(self, step: Step, today: date) -> bool:
        """Return whether the list is taken."""
        if not step.wanted:
            return False
        for family in (V4, V6):
            had = self.wanted & set(family)
            gone = had - step.wanted
            if had and len(gone) / len(had) > self.policy.most_lost and not step.confirmed:
                return False
        for address in self.wanted - step.wanted:
            self.missed[address] = today
        self.missed = {
            address: day
            for address, day in self.missed.items()
            if address not in step.wanted and (today - day).days < self.policy.grace.days
        }
        self.wanted = step.wanted
        return True


policies = st.builds(
    Policy,
    st.integers(0, 20).map(lambda days: timedelta(days=days)),
    st.sampled_from([0.0, 0.1, 0.2, 0.25, 0.5, 1.0]),
)
steps = st.lists(
    st.builds(Step, st.integers(0, 9), st.frozensets(st.sampled_from((*V4, *V6))), st.booleans()), max_size=12
)
# Small losses, since most lists that are drawn at random lose too much to be taken.
small_steps = st.lists(
    st.builds(
        Step,
        st.integers(0, 9),
        st.frozensets(st.sampled_from((*V4, *V6)), max_size=4).map(frozenset((*V4, *V6)).__sub__),
        st.booleans(),
    ),
    max_size=12,
)


def made(addresses: Iterable[str]) -> AddressSet:
    return AddressSet.of(addresses)


def read(found: AddressSet) -> frozenset[str]:
    """Write out every address, by the standard library."""
    return frozenset(str(one) for cidr in found.cidrs for one in ipaddress.ip_network(cidr))


@given(policies, st.one_of(steps, small_steps))
@example(Policy(timedelta()), [Step(0, frozenset(V4)), Step(0, frozenset(V4[1:]))])
@example(Policy(FAR, 1.0), [Step(0, frozenset(V4)), Step(1, frozenset(), confirmed=True), Step(1, frozenset(V6))])
def test_a_row_of_weeks(policy: Policy, row: list[Step]) -> None:
    model, state, today = Model(policy), State(), START
    taken: list[tuple[date, frozenset[str]]] = []
    for step in row:
        today += timedelta(days=step.days)
        before, decision = state, decide(state, made(step.wanted), today, policy, confirmed=step.confirmed)
        had = read(before.applied)
        good = model.run(step, today)
        assert bool(decision.refusal) is not good
        state = decision.state
        check_alone(before, decision, step.wanted)
        if good:
            taken.append((today, step.wanted))
            check_removed(read(decision.removed), had, taken, today - policy.grace)
        assert read(state.applied) == model.applied
        assert {address: day for day, kept in state.leaving.items() for address in read(kept)} == model.missed


def check_alone(before: State, decision: Decision, wanted: frozenset[str]) -> None:
    """Check what must hold of any single decision."""
    had, has = read(before.applied), read(decision.state.applied)
    assert read(decision.added) == has - had
    assert read(decision.removed) == had - has
    assert decision.changes is (had != has)
    if decision.refusal:
        assert decision.state == before
        return
    leaving = [read(kept) for kept in decision.state.leaving.values()]
    assert all(leaving)
    assert has == wanted.union(*leaving)
    # Each is in one place only: what came back does not go on leaving.
    assert len(has) == len(wanted) + sum(map(len, leaving))


def check_removed(
    removed: frozenset[str], had: frozenset[str], taken: list[tuple[date, frozenset[str]]], since: date
) -> None:
    """What is gone was let through before, and no list of the whole grace period had it."""
    assert removed <= had
    for day, wanted in taken:
        assert day <= since or not removed & wanted


@given(policies, st.frozensets(st.sampled_from((*V4, *V6)), min_size=1), st.booleans())
def test_an_empty_list_never_changes_anything(policy: Policy, had: frozenset[str], confirmed: bool) -> None:
    state = State(made(had), {START: made(["10.9.9.9"])})
    decision = decide(state, NOTHING, START + timedelta(days=999), policy, confirmed=confirmed)
    assert decision.refusal
    assert decision.state is state
    assert not decision.changes


@pytest.mark.parametrize("first", [(), V4])
def test_nothing_at_all_on_the_first_day_is_refused(first: tuple[str, ...]) -> None:
    decision = decide(State(), made(first), START, Policy())
    assert bool(decision.refusal) is not bool(first)
    assert read(decision.added) == frozenset(first)


def test_a_great_loss_waits_for_somebody_to_look() -> None:
    state = State(made(V4))
    refused = decide(state, made(V4[:6]), START, Policy(FAR, 0.2))
    assert refused.refusal.startswith("50")
    assert "20%" in refused.refusal
    assert refused.state is state
    confirmed = decide(state, made(V4[:6]), START, Policy(FAR, 0.2), confirmed=True)
    assert not confirmed.refusal
    # Even then it goes the slow way.
    assert not confirmed.changes
    later = decide(confirmed.state, made(V4[:6]), START + FAR, Policy(FAR, 0.2))
    assert read(later.removed) == frozenset(V4[6:])


@pytest.mark.parametrize(("kept", "refused"), [(8, False), (7, True)])
def test_the_limit_itself_is_let_through(kept: int, refused: bool) -> None:
    assert bool(decide(State(made(V4[:10])), made(V4[:kept]), START, Policy(FAR, 0.2)).refusal) is refused


def test_a_family_that_vanishes_is_noticed_beside_a_large_one() -> None:
    # IPv6 ranges have so many addresses that a sum of both would hide all of IPv4.
    state = State(made(["20.0.0.0/16", "2603:1000::/32"]))
    assert decide(state, made(["2603:1000::/32"]), START, Policy()).refusal
    assert decide(state, made(["20.0.0.0/16"]), START, Policy()).refusal


def test_a_range_cut_up_differently_is_no_change() -> None:
    state = State(made(["20.0.0.0/24"]))
    decision = decide(state, made(["20.0.0.0/25", "20.0.0.128/25"]), START, Policy(FAR, 0.0))
    assert not decision.refusal
    assert not decision.changes


def test_the_day_is_that_of_the_first_miss() -> None:
    days = [START + timedelta(days=number) for number in (0, 5, 13, 14)]
    state = decide(State(made(V4)), made(V4[:11]), days[0], Policy(FAR)).state
    for day in days[1:3]:
        decision = decide(state, made(V4[:11]), day, Policy(FAR))
        assert not decision.changes
        state = decision.state
    assert read(decide(state, made(V4[:11]), days[3], Policy(FAR)).removed) == {V4[11]}


def test_coming_back_begins_the_grace_period_anew() -> None:
    day = timedelta(days=1)
    state = decide(State(made(V4)), made(V4[:11]), START, Policy(FAR)).state
    back = decide(state, made(V4), START + 10 * day, Policy(FAR))
    assert not back.changes
    assert not back.state.leaving
    again = decide(back.state, made(V4[:11]), START + 12 * day, Policy(FAR)).state
    assert not decide(again, made(V4[:11]), START + 25 * day, Policy(FAR)).changes
    assert decide(again, made(V4[:11]), START + 26 * day, Policy(FAR)).removed


def test_half_a_range_that_comes_back() -> None:
    policy = Policy(FAR, 1.0)
    state = decide(State(made(["20.0.0.0/24", "20.1.0.0/24"])), made(["20.1.0.0/24"]), START, policy).state
    half = decide(state, made(["20.1.0.0/24", "20.0.0.128/25"]), START + timedelta(days=1), policy).state
    assert half.leaving == {START: made(["20.0.0.0/25"])}
    assert half.applied == made(["20.0.0.0/24", "20.1.0.0/24"])


def test_a_clock_that_goes_back_removes_nothing() -> None:
    state = decide(State(made(V4)), made(V4[:11]), START, Policy(FAR)).state
    assert not decide(state, made(V4[:11]), START - timedelta(days=400), Policy(FAR)).changes


def test_a_refused_list_does_not_stop_the_clock_nor_end_a_grace_period() -> None:
    state = decide(State(made(V4)), made(V4[:11]), START, Policy(FAR)).state
    refused = decide(state, made(V4[:2]), START + 2 * FAR, Policy(FAR))
    assert refused.state is state
    assert read(decide(state, made(V4[:11]), START + 2 * FAR, Policy(FAR)).removed) == {V4[11]}


def test_the_message_never_contradicts_itself() -> None:
    # 20.4 percent are more than 20, and are not to be called 20.
    had = AddressSet.of(["10.0.0.0/22"])
    decision = decide(
        State(had),
        had - AddressSet.of(["10.0.0.0/25", "10.0.1.0/26", "10.0.2.0/28", "10.0.3.0/32"]),
        START,
        Policy(FAR, 0.2),
    )
    assert decision.refusal
    assert "20% of the addresses" not in decision.refusal
