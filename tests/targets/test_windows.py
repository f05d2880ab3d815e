"""Windows: the script is read as PowerShell reads it, as far as it uses its language, and the rules asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from seawall.firewall.targets.contract import Wildcard
from seawall.firewall.targets.windows import TARGETS
from tests.targets.boxes import RULE_SETS, assert_hosts, assert_ranges, fitting, ports_of, refused, write

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDOWS = TARGETS["windows"]
TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'(?=[\s,)|]|$)|(@\()|([),|{}])|([^\s'@(),|{}]+|\(|@))")
FLAGS = {"-DisplayName", "-Description", "-Group", "-Direction", "-Action", "-Protocol", "-RemotePort"}
MATCHES = {"-RemoteAddress", "-RemoteDynamicKeywordAddresses"}
Rule = dict[str, list[str]]


def tokens(line: str) -> Iterator[tuple[str, str]]:
    """Cut a line: between single quotes only a doubled one is anything but itself."""
    at = 0
    while at < len(line.rstrip()):
        found = TOKEN.match(line, at)
        assert found, line[at:]
        at = found.end()
        quoted, array, mark, bare = found.groups()
        if quoted is not None:
            yield "text", quoted.replace("''", "'")
        else:
            yield ("mark", array or mark) if array or mark else ("word", bare)


def command(line: str) -> tuple[str, dict[str, list[str]]]:
    """Read a command and its named arguments, up to the pipe."""
    words = list(tokens(line))
    assert words[-2:] == [("mark", "|"), ("word", "Out-Null")]
    arguments: dict[str, list[str]] = {}
    name = ""
    for kind, text in words[1:-2]:
        if kind == "word" and text.startswith("-"):
            assert text not in arguments
            arguments[name := text] = []
        elif kind != "mark":
            arguments[name].append(text)
    return words[0][1], arguments


@dataclass
class Machine:
    """The rules of a Windows, and its keywords."""

    keywords: dict[str, str] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)

    def run(self, text: str) -> None:
        lines = iter([line for line in text.splitlines() if not line.startswith("#")])
        assert next(lines) == "$ErrorActionPreference = 'Stop'"
        assert next(lines).startswith("$old = @(Get-NetFirewallRule -Group 'seawall' ")
        old = len(self.rules)
        for line in lines:
            if line.startswith("if (-not (Get-NetFirewallDynamicKeywordAddress -Id "):
                assert line.endswith(" -ErrorAction SilentlyContinue)) {")
                key = line.split("'")[1]
                verb, arguments = command(next(lines))
                assert next(lines) == "}"
                assert verb == "New-NetFirewallDynamicKeywordAddress"
                assert arguments["-Id"] == [key]
                assert arguments["-AutoResolve"] == ["$true"]
                assert key[0] + key[-1] == "{}"
                assert str(UUID(key[1:-1])) == key[1:-1]
                (host,) = arguments["-Keyword"]
                assert "*" not in host
                assert self.keywords.setdefault(key, host) == host
            elif line == "$old | Remove-NetFirewallRule":
                # The new ones are there by now, so there is no moment without.
                assert len(self.rules) > old
                del self.rules[:old]
                assert next(lines, None) is None
            else:
                self.add(line)

    def add(self, line: str) -> None:
        verb, rule = command(line)
        assert verb == "New-NetFirewallRule"
        assert set(rule) - MATCHES == FLAGS
        # Without either, the rule would be for everything on the port.
        assert len(set(rule) & MATCHES) == 1
        assert rule["-Direction"] == ["Outbound"]
        assert rule["-Action"] == ["Allow"]
        assert rule["-Protocol"] == ["TCP"]
        assert rule["-Group"] == ["seawall"]
        assert rule["-Description"][0]
        self.rules.append(rule)

    def matching(self, port: int, flag: str) -> Iterator[list[str]]:
        return (rule[flag] for rule in self.rules if rule["-RemotePort"] == [str(port)] and flag in rule)

    def passes(self, host: str, port: int) -> bool:
        found = self.matching(port, "-RemoteDynamicKeywordAddresses")
        return any(self.keywords[key] == host for keys in found for key in keys)

    def ranges(self, port: int) -> list[str]:
        found = list(self.matching(port, "-RemoteAddress"))
        assert all(0 < len(one) <= 1_000 for one in found)
        assert all(len({ip_network(prefix).version for prefix in one}) == 1 for one in found)
        return [prefix for one in found for prefix in one]


@pytest.mark.parametrize("name", fitting(WINDOWS, "powershell"))
def test_the_script_lets_through_what_is_meant(name: str) -> None:
    rules = RULE_SETS[name]
    machine = Machine()
    machine.run(write(WINDOWS, "powershell", rules))
    if any(rule.names for rule in rules.rules):
        assert_hosts(machine.passes, rules, Wildcard.NONE)
    for port in ports_of(rules):
        assert_ranges(machine.ranges(port), rules, port)


def test_running_again_leaves_nothing_of_earlier_ones_open() -> None:
    machine = Machine()
    for name in ("two-ports-by-ip", "revocation-by-name", "dedicated-by-name", "dedicated-by-ip"):
        machine.run(write(WINDOWS, "powershell", RULE_SETS[name]))
        fresh = Machine()
        fresh.run(write(WINDOWS, "powershell", RULE_SETS[name]))
        assert machine.rules == fresh.rules


def test_what_does_not_fit_is_refused() -> None:
    refused(WINDOWS, "powershell", RULE_SETS["shared-by-name"], "wildcards")
    refused(WINDOWS, "powershell", RULE_SETS["shared-by-tag"], "service tags")
