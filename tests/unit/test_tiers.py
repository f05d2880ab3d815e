"""What each tier gives, and that nothing else is refused."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.network import Action, NetworkRules
from seawall.private_endpoint import created, members
from seawall.tiers import UNLIMITED, Limits, Rate, TierError, Tiers, changed, check, check_quota, limits_of
from seawall.topology import Registry, Replica, Tier, in_region

AZURE: Final = limits_of(Tiers.AZURE)
BASIC: Final = Registry("myregistry", "eastus", (Replica("eastus", "sw1"),), tier=Tier.BASIC)
ENDPOINT: Final = created("pe", "10.1.0.0/27", members(["eastus"]), {})
PREMIUM_ONLY: Final[dict[str, dict[str, Any]]] = {
    "data endpoint rule is not supported for the SKU": {"data_endpoints": True},
    "replications are not supported for the SKU": {"replicas": in_region(BASIC, "westus").replicas},
    "network rules are not supported for the SKU": {"network": NetworkRules(Action.DENY)},
    "private endpoints are not supported for the SKU": {"private_endpoints": (ENDPOINT,)},
    "Disabling public network access is not supported for the SKU": {"public_access": False},
}


@pytest.mark.parametrize("words", PREMIUM_ONLY)
@pytest.mark.parametrize("tier", [Tier.BASIC, Tier.STANDARD])
def test_what_only_premium_gives(words: str, tier: Tier) -> None:
    wanted = replace(BASIC, tier=tier, **PREMIUM_ONLY[words])
    with pytest.raises(TierError, match=f"{words} {tier}"):
        check(wanted, AZURE)
    check(replace(wanted, tier=Tier.PREMIUM), AZURE)
    check(wanted, limits_of(Tiers.UNLIMITED))


def test_basic_lets_nobody_pull_without_signing_in() -> None:
    with pytest.raises(TierError, match="anonymous pull"):
        check(replace(BASIC, anonymous_pull=True), AZURE)
    check(replace(BASIC, anonymous_pull=True, tier=Tier.STANDARD), AZURE)


def test_a_premium_registry_takes_two_hundred_rules() -> None:
    premium = replace(BASIC, tier=Tier.PREMIUM)
    full = NetworkRules(Action.DENY).adding(ip_network((number << 8, 24)) for number in range(200))
    check(replace(premium, network=full), AZURE)
    over = replace(premium, network=full.adding([ip_network("192.0.2.0/24")]))
    with pytest.raises(TierError, match="IP rule exceeds allowed quota 200 for the SKU Premium"):
        check(over, AZURE)
    # What is too much already may become less, and does not stand in the way of other changes.
    check(replace(over, admin=False), AZURE, over)
    with pytest.raises(TierError):
        check(replace(over, network=over.network.adding([ip_network("198.51.100.0/24")])), AZURE, over)


def test_there_may_be_as_many_as_the_quota() -> None:
    check_quota(2, 2, "webhook", Tier.BASIC)
    check_quota(10**9, None, "webhook", Tier.BASIC)
    with pytest.raises(TierError, match="webhook exceeds allowed quota 2"):
        check_quota(3, 2, "webhook", Tier.BASIC)


def test_limits_are_changed_by_name() -> None:
    new = changed(AZURE[Tier.BASIC], {"webhooks": 5, "reads": [10, "none"], "data_endpoints": True, "tokens": "none"})
    assert (new.webhooks, new.reads, new.data_endpoints, new.tokens) == (5, Rate(10, None), True, None)
    assert new.writes == AZURE[Tier.BASIC].writes


VALUES: Final = (
    st.integers()
    | st.text(max_size=5)
    | st.lists(st.integers(), max_size=3)
    | st.booleans()
    | st.floats()
    | st.just("none")
)


@given(st.dictionaries(st.sampled_from([*Limits.__slots__, "nonsense"]), VALUES))
def test_limits_that_cannot_be_are_refused_by_name(values: dict[str, Any]) -> None:
    try:
        new = changed(UNLIMITED, values)
    except ValueError as error:
        told = str(error)
        assert any(name in told for name in values)
    else:
        assert all(type(getattr(new, name)) in {bool, int, Rate, type(None)} for name in values)
