"""Rules by service tag: whom they let in, and how they follow the weekly file."""

from __future__ import annotations

from datetime import date, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.network import Action, NetworkRules, NetworkRulesError, parse_range
from seawall.servicetags.snapshot import Snapshot, TagMissingError, read_snapshot
from seawall.servicetags.upkeep import Policy
from seawall.tag_rule import TagRule, TagRuleError, is_tag_name, read_tag_rule, refreshed, tag_rule
from seawall.tiers import Tiers, check, limits_of
from seawall.topology import Registry, Replica, Tier
from tests.support.weekly import weekly

TAG = "AzureDevOps"
BEFORE = ("20.0.0.0/24", "20.0.2.0/24", "2603:1000::/48")
DAY = date(2026, 3, 2)
POLICY = Policy(grace=timedelta(days=14), most_lost=0.6)


def week(*prefixes: str, change: int = 1) -> Snapshot:
    return read_snapshot(weekly({TAG: prefixes, "Other": ("9.9.9.0/24",)}, change=change), "the week's file")


def rule(*prefixes: str) -> TagRule:
    return tag_rule(week(*(prefixes or BEFORE)), TAG)


def admits(one: TagRule, *addresses: str) -> list[bool]:
    rules = NetworkRules(Action.DENY).with_tag(one)
    return [rules.admits(address) for address in addresses]


def test_who_is_let_in_is_who_the_tag_holds() -> None:
    inside = ("20.0.0.0", "20.0.0.255", "20.0.2.7", "::ffff:20.0.2.7", "2603:1000::1")
    outside = ("19.255.255.255", "20.0.1.0", "20.0.3.0", "2603:1000:1::", "nobody", "")
    assert all(admits(rule(), *inside))
    assert not any(admits(rule(), *outside))


def test_ranges_and_tags_stand_side_by_side() -> None:
    rules = NetworkRules(Action.DENY).adding([parse_range("203.0.113.0/24")]).with_tag(rule())
    assert [rules.admits(one) for one in ("203.0.113.9", "20.0.0.1", "198.51.100.1")] == [True, True, False]
    assert rules.count == 2
    without = rules.without_tag(TAG.lower())
    assert [without.admits(one) for one in ("203.0.113.9", "20.0.0.1")] == [True, False]
    assert rules.tag(TAG.upper()) == rule()
    # One by the same tag takes its place.
    assert rules.with_tag(rule("9.0.0.0/8")).count == 2
    with pytest.raises(NetworkRulesError, match="each service tag once"):
        NetworkRules(tags=(rule(), rule()))


def test_rules_by_tag_are_counted_as_the_tier_counts_rules() -> None:
    registry = Registry(
        "myregistry",
        "eastus",
        (Replica("eastus"),),
        tier=Tier.BASIC,
        network=NetworkRules().with_tag(rule()),
    )
    with pytest.raises(ValueError, match="network rules are not supported for the SKU Basic"):
        check(registry, limits_of(Tiers.AZURE))


@pytest.mark.parametrize("text", ["AzureDevOps", "AzureCloud.WestEurope", "AzureFrontDoor.FirstParty", "face"])
def test_names_of_tags_are_told_from_ranges(text: str) -> None:
    assert is_tag_name(text)
    with pytest.raises(NetworkRulesError):
        parse_range(text)


@pytest.mark.parametrize(
    "text", ["203.0.113.7", "203.0.113.0/24", "2001:db8::/32", "fe80::1", "a" * 101, "", "a b", "a/8"]
)
def test_ranges_are_no_names_of_tags(text: str) -> None:
    assert not is_tag_name(text)


def test_what_is_new_comes_in_at_once_and_what_is_gone_stays_a_while() -> None:
    later = refreshed(rule(), week("20.0.2.0/24", "20.0.4.0/24", "2603:1000::/48", change=2), DAY, POLICY)
    assert (later.added, later.removed, later.refusal) == ((256, 0), (0, 0), "")
    assert later.rule.change == 2
    assert admits(later.rule, "20.0.0.1", "20.0.2.1", "20.0.4.1") == [True, True, True]
    same = week("20.0.2.0/24", "20.0.4.0/24", "2603:1000::/48", change=3)
    just_before = refreshed(later.rule, same, DAY + timedelta(days=13), POLICY)
    assert admits(just_before.rule, "20.0.0.1") == [True]
    over = refreshed(just_before.rule, same, DAY + timedelta(days=14), POLICY)
    assert (over.removed, over.rule.leaving) == ((256, 0), ())
    assert admits(over.rule, "20.0.0.1", "20.0.2.1") == [False, True]


def test_a_great_loss_is_refused_until_somebody_says_that_it_is_right() -> None:
    little = week("20.0.2.0/28", "2603:1000::/48", change=2)
    kept = refreshed(rule(), little, DAY, POLICY)
    assert kept.rule == rule()
    assert "have vanished" in kept.refusal
    confirmed = refreshed(rule(), little, DAY, POLICY, confirmed=True)
    assert confirmed.refusal == ""
    assert confirmed.rule.change == 2


def test_an_older_file_changes_nothing() -> None:
    newer = tag_rule(week(*BEFORE, change=7), TAG)
    older = refreshed(newer, week("20.0.0.0/24", "20.0.2.0/24", "20.0.8.0/24", "2603:1000::/48", change=6), DAY, POLICY)
    assert older.rule == newer
    assert "6 is older than 7" in older.refusal


def test_a_tag_that_is_gone_from_the_file_is_not_taken_for_an_empty_one() -> None:
    with pytest.raises(TagMissingError, match=TAG):
        refreshed(rule(), read_snapshot(weekly({"Other": ("9.9.9.0/24",)}), "the file"), DAY, POLICY)


prefixes = st.lists(st.integers(0, 40).map(lambda n: f"20.0.{n}.0/24"), min_size=1, max_size=20).map(tuple)


@given(prefixes, st.lists(st.tuples(prefixes, st.integers(0, 20)), max_size=5))
def test_nobody_who_was_let_in_is_refused_within_the_grace_period(
    first: tuple[str, ...], weeks: list[tuple[tuple[str, ...], int]]
) -> None:
    careless = Policy(grace=POLICY.grace, most_lost=1.0)
    now, day = rule(*first), DAY
    last_wanted: dict[str, date] = dict.fromkeys(first, day)
    for number, (wanted, days) in enumerate(weeks, start=2):
        day += timedelta(days=days)
        now = refreshed(now, week(*wanted, change=number), day, careless).rule
        last_wanted |= dict.fromkeys(wanted, day)
        for prefix in wanted:
            assert now.holds(ip_address(prefix.removesuffix("/24")))
        for prefix, then in last_wanted.items():
            if day - then < POLICY.grace:
                assert now.holds(ip_address(prefix.removesuffix("/24"))), prefix
        assert read_tag_rule(TAG, now.document()) == now


@pytest.mark.parametrize(
    "change",
    [
        {"wanted": ""},
        {"wanted": "20.0.0.1/24"},
        {"wanted": "nonsense"},
        {"wanted": None},
        {"change": "1"},
        {"cloud": 1},
        {"leaving": []},
        {"leaving": {"2026-02-31": "20.0.0.0/24"}},
        {"leaving": {"2026-02-28": 7}},
        {"leaving": {"2026-02-28": "20.0.0.300/24"}},
    ],
)
def test_what_another_region_says_is_read_strictly(change: dict[str, Any]) -> None:
    with pytest.raises(TagRuleError):
        read_tag_rule(TAG, rule().document() | change)


@pytest.mark.parametrize("tag", ["", "a b", "1", "<script>", "a" * 101])
def test_tags_of_other_regions_are_names(tag: str) -> None:
    with pytest.raises(TagRuleError):
        read_tag_rule(tag, rule().document())
