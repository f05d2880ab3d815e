"""Whoever opens ranges where names would do is told so."""

from __future__ import annotations

import pytest

from seawall.firewall.rules import Way
from seawall.firewall.targets.advice import narrower
from seawall.firewall.targets.table import find_target
from tests.targets.rule_sets import NEEDS


@pytest.mark.parametrize(
    ("target", "need", "way", "told"),
    [
        ("azure-firewall", "dedicated", Way.TAG, "4 exact host names"),
        ("azure-firewall", "shared", Way.IP, "1 wildcard"),
        ("windows", "dedicated", Way.IP, "4 exact host names"),
        # It knows no wildcards, so names would not do.
        ("windows", "shared", Way.IP, ""),
        ("nsg", "dedicated", Way.TAG, ""),
        ("nftables", "dedicated", Way.IP, ""),
        ("squid", "dedicated", Way.NAME, ""),
        ("text", "own", Way.IP, "3 exact host names"),
    ],
)
def test_names_are_recommended_where_they_would_do(target: str, need: str, way: Way, told: str) -> None:
    advice = narrower(find_target(target), NEEDS[need], way)
    assert bool(advice) is bool(told)
    assert told in advice
    assert not advice or "--by name" in advice
