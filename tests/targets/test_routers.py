"""Routers: each vendor's list is read back by its own grammar, with its unsaid refusal at the end."""

from __future__ import annotations

import logging
import re
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest

from seawall.firewall.targets.routers import TARGETS
from tests.targets.boxes import RULE_SETS, assert_ranges, fitting, ports_of, refused, write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seawall.firewall.targets.contract import Target

CISCO = {"ios": r"ip access-list extended (\S+)", "nxos": r"ip access-list (\S+)", "arista": r"ip access-list (\S+)"}
V6 = r"ipv6 access-list (\S+)"
PORTS = {"https": 443, "www": 80}
Entry = tuple[int, str]


def read_lines(text: str, opens: str) -> dict[str, list[Entry]]:
    """Read the lists of a product with one entry a line."""
    lists: dict[str, list[Entry]] = {}
    current: list[Entry] | None = None
    removed: set[str] = set()
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith(("!", "remark ")):
            continue
        if line.startswith("no "):
            found = re.fullmatch(opens, line[3:]) or re.fullmatch(V6, line[3:])
            assert found, line
            removed.add(found[1])
        elif found := re.fullmatch(opens, line) or re.fullmatch(V6, line):
            assert found[1] in removed, "old entries would stay"
            assert found[1] not in lists, "lists of two families of one name"
            current = lists[found[1]] = []
        elif line == "exit":
            current = None
        else:
            assert current is not None
            entry = re.fullmatch(r"permit tcp any (.+) eq (\w+)", line)
            assert entry, line
            current.append((PORTS.get(entry[2]) or int(entry[2]), prefix_of(entry[1])))
    return lists


def prefix_of(text: str) -> str:
    host = re.fullmatch(r"host (\S+)", text)
    if host:
        return host[1]
    masked = re.fullmatch(r"([0-9.]+) ([0-9.]+)", text)
    if masked:
        # Cisco's masks are the other way round.
        network = ip_network(f"{masked[1]}/{masked[2]}")
        assert str(network.hostmask) == masked[2]
        return str(network)
    return str(ip_network(text))


def read_junos(text: str) -> dict[str, list[Entry]]:
    """Read filters as Junos does: statements and blocks."""
    plain = re.sub(r"/\*.*?\*/|^#[^\n]*", "", text, flags=re.DOTALL | re.MULTILINE)
    words = iter(re.findall(r"[{};]|[^\s{};]+", plain))
    families = []
    for head, below in statements(words):
        assert head == ["firewall"]
        # What is said twice of one level is put together.
        families += below
    lists: dict[str, list[Entry]] = {}
    for family, filters in families:
        for head, terms in filters:
            assert head[:2] == ["replace:", "filter"]
            assert head[2] not in lists
            lists[head[2]] = list(junos_entries(family[1], terms))
    return lists


Tree = list[tuple[list[str], "Tree"]]


def statements(words: Iterator[str]) -> Iterator[tuple[list[str], Tree]]:
    head: list[str] = []
    for word in words:
        if word == "}":
            return
        if word in "{;":
            yield head, list(statements(words)) if word == "{" else []
            head = []
        else:
            head.append(word)


def junos_entries(family: str, terms: Tree) -> Iterator[Entry]:
    for head, body in terms:
        if head == ["interface-specific"]:
            continue
        assert head[0] == "term"
        (matches,) = [inner for name, inner in body if name == ["from"]]
        assert (["then", "accept"], []) in body
        said = {name[0]: (name[1:], inner) for name, inner in matches}
        assert said["next-header" if family == "inet6" else "protocol"][0] == ["tcp"]
        (port,) = said["destination-port"][0]
        for prefix, _ in said["destination-address"][1]:
            assert (":" in prefix[0]) == (family == "inet6")
            yield int(port), prefix[0]


def read(target: Target, text: str) -> dict[str, list[Entry]]:
    return read_junos(text) if target.name == "juniper" else read_lines(text, CISCO[target.name])


EVERY = [(target, name) for target in TARGETS.values() for name in fitting(target, "acl")]


@pytest.mark.parametrize(("target", "name"), EVERY, ids=lambda one: getattr(one, "name", one))
def test_lists_let_through_what_is_meant(target: Target, name: str, caplog: pytest.LogCaptureFixture) -> None:
    rules = RULE_SETS[name]
    with caplog.at_level(logging.WARNING):
        text = write(target, "acl", rules)
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING], "Aerleon has left something out"
    assert "$Id" not in text
    for rule in rules.rules:
        assert rule.flow.why in text
    lists = read(target, text)
    versions = {name: {ip_network(prefix).version for _, prefix in entries} for name, entries in lists.items()}
    assert all(len(found) == 1 for found in versions.values())
    for port in ports_of(rules):
        assert_ranges([prefix for entries in lists.values() for on, prefix in entries if on == port], rules, port)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_names_are_refused(target: Target) -> None:
    refused(target, "acl", RULE_SETS["dedicated-by-name"], "host names")
    refused(target, "acl", RULE_SETS["shared-by-tag"], "service tags")
