"""Rates: as many requests a minute as the tier gives, and a refusal that says when to go on."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.errors import ApiError
from seawall.rates import Counted, Kind, Uncounted
from seawall.tiers import UNLIMITED, Rate, Tiers, limits_of
from seawall.topology import Registry, Replica, Tier

REGISTRY: Final = Registry("myregistry", "eastus", (Replica("eastus", "sw1"),))
OTHER: Final = replace(REGISTRY, name="another")
FEW: Final = dict.fromkeys(Tier, replace(UNLIMITED, reads=Rate(5, 3), deletes=Rate(0, 0), sign_ins=Rate(2)))


class Clock:
    """A clock that stands still until somebody turns it."""

    def __init__(self) -> None:
        self.now = 600.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rates(clock: Clock) -> Counted:
    return Counted(FEW, clock)


def passed(rates: Counted, kind: Kind, identity: str = "", registry: Registry = REGISTRY, times: int = 10) -> int:
    """Try several times; say how many were let pass."""
    count = 0
    for _ in range(times):
        try:
            rates.take(registry, kind, identity)
        except ApiError as error:
            if (error.status, error.code) != (429, "TOOMANYREQUESTS"):
                raise
        else:
            count += 1
    return count


def test_an_identity_has_its_rate_and_all_together_theirs(rates: Counted) -> None:
    assert passed(rates, Kind.READ, "one") == 3
    assert passed(rates, Kind.READ, "two") == 2
    assert passed(rates, Kind.READ, "three") == 0


def test_whoever_is_over_takes_nothing_from_others(rates: Counted) -> None:
    assert passed(rates, Kind.READ, "one", times=1000) == 3
    assert passed(rates, Kind.READ, "two") == 2


def test_registries_and_kinds_are_counted_apart(rates: Counted) -> None:
    assert passed(rates, Kind.READ, "one") == 3
    assert passed(rates, Kind.READ, "one", OTHER) == 3
    assert passed(rates, Kind.WRITE, "one", times=1000) == 1000
    assert passed(rates, Kind.DELETE, "one") == 0
    assert passed(rates, Kind.SIGN_IN) == 2


def test_the_wait_counts_down_to_the_next_minute(rates: Counted, clock: Clock) -> None:
    assert passed(rates, Kind.SIGN_IN) == 2
    for now, seconds in ((600.0, "60"), (601.5, "59"), (659.9, "1")):
        clock.now = now
        with pytest.raises(ApiError) as refused:
            rates.take(REGISTRY, Kind.SIGN_IN)
        assert refused.value.headers["Retry-After"] == seconds
    clock.now = 660.0
    assert passed(rates, Kind.SIGN_IN) == 2


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 200)), max_size=60))
def test_nobody_gets_more_than_the_rate_in_any_minute(requests: list[tuple[str, int]]) -> None:
    clock = Clock()
    rates = Counted(FEW, clock)
    let_in: list[tuple[str, int]] = []
    for identity, later in requests:
        clock.now += later / 10
        if passed(rates, Kind.READ, identity, times=1):
            let_in.append((identity, int(clock.now // 60)))
    for identity, minute in let_in:
        assert let_in.count((identity, minute)) <= 3
        assert sum(1 for _, other in let_in if other == minute) <= 5


def test_workers_count_together(rates: Counted) -> None:
    assert passed(rates, Kind.READ, "one", times=2) == 2
    child = os.fork()
    if child == 0:
        os._exit(passed(rates, Kind.READ, "one"))
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 1
    assert passed(rates, Kind.READ, "one") == 0


def test_more_identities_than_there_is_room_for_are_counted_too_much_and_never_too_little(clock: Clock) -> None:
    rates = Counted(dict.fromkeys(Tier, replace(UNLIMITED, reads=Rate(None, 3))), clock)
    for number in range(30_000):
        rates_before = passed(rates, Kind.READ, f"filler {number}", times=1)
        assert rates_before in {0, 1}
    assert passed(rates, Kind.READ, "late") <= 3


def test_without_rates_everything_passes() -> None:
    for _ in range(100_000):
        Uncounted().take(REGISTRY, Kind.READ, "one")
    unlimited = Counted(limits_of(Tiers.UNLIMITED))
    assert passed(unlimited, Kind.READ, "one", times=20_000) == 20_000
