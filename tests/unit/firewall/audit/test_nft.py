"""What the JSON of nft is taken for."""

from __future__ import annotations

from typing import Any

import pytest

from seawall.firewall.audit.contract import AuditError
from seawall.firewall.audit.nft import read_nft
from seawall.firewall.audit.passage import Verdict
from tests.unit.firewall.audit.forms import ACCEPT, DADDR, DPORT, NET, match, ruleset, to


@pytest.mark.parametrize(
    ("comparison", "verdict"),
    [
        (match(DADDR, NET), Verdict.ALLOWED),
        (match(DADDR, {"range": ["192.0.2.0", "192.0.2.9"]}), Verdict.ALLOWED),
        (match(DADDR, {"set": ["192.0.2.1", NET]}), Verdict.ALLOWED),
        (match(DADDR, "@known"), Verdict.ALLOWED),
        (match(DADDR, "@known", "!="), Verdict.BLOCKED),
        (match(DADDR, "@unknown"), Verdict.UNPROVEN),
        (match(DADDR, "192.0.2.1", "<"), Verdict.UNPROVEN),
        (match(DPORT, {"set": [80, {"range": [400, 500]}]}), Verdict.ALLOWED),
        (match(DPORT, "https"), Verdict.ALLOWED),
        (match(DPORT, 443, "!="), Verdict.BLOCKED),
        (match(DPORT, 443, "<="), Verdict.ALLOWED),
        (match(DPORT, 443, "<"), Verdict.BLOCKED),
        (match(DPORT, 443, ">="), Verdict.ALLOWED),
        (match(DPORT, 443, ">"), Verdict.BLOCKED),
        (match({"payload": {"protocol": "udp", "field": "dport"}}, 443), Verdict.BLOCKED),
        (match({"meta": {"key": "l4proto"}}, {"set": ["udp", "tcp"]}), Verdict.ALLOWED),
        (match({"meta": {"key": "l4proto"}}, "udp"), Verdict.BLOCKED),
        (match({"meta": {"key": "nfproto"}}, "ipv6"), Verdict.BLOCKED),
        (match({"meta": {"key": "oifname"}}, "lo"), Verdict.BLOCKED),
        (match({"meta": {"key": "oifname"}}, "lo", "!="), Verdict.ALLOWED),
        (match({"meta": {"key": "oifname"}}, "eth0"), Verdict.UNPROVEN),
        (match({"meta": {"key": "skuid"}}, 7), Verdict.UNPROVEN),
        (match({"ct": {"key": "state"}}, ["established", "related"], "in"), Verdict.BLOCKED),
        (match({"ct": {"key": "state"}}, "new"), Verdict.ALLOWED),
        (match({"payload": {"protocol": "ip", "field": "protocol"}}, "tcp"), Verdict.ALLOWED),
        (match({"payload": {"protocol": "tcp", "field": "flags"}}, "syn"), Verdict.ALLOWED),
        (match({"concat": [DADDR, DPORT]}, "@pairs"), Verdict.ALLOWED),
        (match({"concat": [DADDR, DPORT]}, "@pairs", "!="), Verdict.UNPROVEN),
        ({"limit": {"rate": 10}}, Verdict.UNPROVEN),
        ({"xt": {"type": "match", "name": "owner"}}, Verdict.UNPROVEN),
        ({"xt": {"type": "match", "name": "comment"}}, Verdict.ALLOWED),
        ({"counter": {"packets": 1, "bytes": 60}}, Verdict.ALLOWED),
        ({"brand new": {}}, Verdict.UNPROVEN),
    ],
)
def test_nft_comparisons(comparison: dict[str, Any], verdict: Verdict) -> None:
    pair = {"concat": [NET, {"range": [440, 450]}]}
    (wall,) = read_nft(ruleset([comparison, ACCEPT], known=[{"elem": {"val": NET, "timeout": 9}}], pairs=[pair]))
    assert to(wall, "192.0.2.5/32").verdict is verdict


def test_nft_remarks_on_rules_it_cannot_see() -> None:
    (wall,) = read_nft(ruleset([{"xt": {"type": "match", "name": "owner"}}, ACCEPT]))
    assert "iptables-save" in wall.remarks[0]


def test_nft_verdict_maps() -> None:
    states = {"set": [["established", ACCEPT], ["new", {"drop": None}]]}
    (wall,) = read_nft(ruleset([{"vmap": {"key": {"ct": {"key": "state"}}, "data": states}}], policy="accept"))
    assert to(wall, "192.0.2.5/32").verdict is Verdict.BLOCKED


def test_nft_queues_decide_nothing_for_sure() -> None:
    (wall,) = read_nft(ruleset([{"queue": {"num": 1}}], policy="accept"))
    assert to(wall, "192.0.2.5/32").verdict is Verdict.UNPROVEN


def test_nft_tables_of_one_family_let_the_other_through() -> None:
    (wall,) = read_nft(ruleset(family="ip"))
    assert to(wall, "2001:db8::1").verdict is Verdict.ALLOWED
    assert to(wall, "192.0.2.1").verdict is Verdict.BLOCKED


def test_nft_rules_are_named_by_their_handle() -> None:
    (wall,) = read_nft(ruleset([match(DADDR, NET), match(DPORT, 443), {"reject": {"type": "tcp reset"}}]))
    assert to(wall, "192.0.2.1").why == "refused by inet t out handle 1: ip daddr 192.0.2.0/24 tcp dport 443 reject"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"nftables": 3}', "table inet x {}"])
def test_nft_that_cannot_be_read(text: str) -> None:
    with pytest.raises(AuditError, match="nft -j list ruleset"):
        read_nft(text)
