"""Readers given what is not their format: they read it, or say why not, and never fall over."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.firewall.audit.contract import AuditError
from seawall.firewall.audit.table import READERS, guess_format
from seawall.firewall.audit.walk import walk_addresses, walk_name
from seawall.servicetags.prefixes import EVERYTHING
from tests.unit.firewall.audit.forms import (
    ACCEPT,
    DADDR,
    DPORT,
    LIST,
    NET,
    SQUID,
    match,
    ruleset,
    saved,
    security_rule,
)

calmly = settings(max_examples=300, deadline=None)
SOUND = {
    "nft": ruleset(
        [match(DADDR, "@known"), match(DPORT, {"set": [80, {"range": [400, 500]}]})],
        [{"vmap": {"key": DADDR, "data": {"set": [[NET, ACCEPT]]}}}],
        [match({"concat": [DADDR, DPORT]}, {"set": [{"concat": [NET, 443]}]}), ACCEPT],
        known=[NET, {"elem": {"val": "192.0.2.1"}}],
    ),
    "nsg": json.dumps(
        {"name": "g", "securityRules": [security_rule(100, "Deny", ["192.0.2.0/24"]), security_rule(101, "Allow", "*")]}
    ),
}
TEXTS = {
    "iptables": "create a hash:net\nadd a 1.2.3.4\n"
    + saved("-A OUTPUT -d 192.0.2.0/24 -p tcp -m tcp --dport 443 -j ACCEPT"),
    "squid": f"{SQUID}http_access allow ours\nssl_bump splice ours\n",
    "list": LIST,
    **SOUND,
}
json_values = st.one_of(st.none(), st.booleans(), st.integers(-9, 99999), st.text(max_size=5), st.just([]), st.just({}))


def survives(name: str, text: str) -> None:
    try:
        walls = READERS[name](text)
    except AuditError:
        return
    for wall in walls:
        for sure in (True, False):
            walk_addresses(wall, 443, EVERYTHING, sure=sure)
            walk_name(wall, "*.blob.core.windows.net", 443, sure=sure)


@calmly
@given(st.sampled_from(sorted(READERS)), st.text())
def test_any_text(name: str, text: str) -> None:
    survives(name, text)


@calmly
@given(st.sampled_from(sorted(TEXTS)), st.data())
def test_texts_cut_up(name: str, data: st.DataObject) -> None:
    text = TEXTS[name]
    words = text.split(" ")
    at = data.draw(st.integers(0, len(words) - 1))
    word = data.draw(st.sampled_from(["", "!", "-", "\n", '"', "::", "1.2.3.4/33", "all", "443", "*.x", words[at][1:]]))
    survives(name, " ".join([*words[:at], word, *words[at + 1 :]]))


@calmly
@given(st.sampled_from(sorted(SOUND)), st.data())
def test_json_with_something_else_in_a_place(name: str, data: st.DataObject) -> None:
    document = json.loads(SOUND[name])
    places = list(_places(document))
    holder, key = data.draw(st.sampled_from(places))
    value = data.draw(json_values)
    holder[key] = value
    survives(name, json.dumps(document))


def _places(value: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return [(value, key) for key in value] + [one for inner in value.values() for one in _places(inner)]
    if isinstance(value, list):
        return [(value, at) for at in range(len(value))] + [one for inner in value for one in _places(inner)]
    return []


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_mutated_is_sound(name: str) -> None:
    assert guess_format(TEXTS[name]) == name
    assert READERS[name](TEXTS[name])
