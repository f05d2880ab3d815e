"""What the targets of public clouds are judged by: readers of their formats, stubs of their tools, hosts to try."""

from __future__ import annotations

import json
import os
import re
import subprocess
from functools import cache
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import hcl2
from pycep import BicepParser

from seawall.firewall.need import flows
from seawall.firewall.targets.contract import CannotExpressError, Target, check_fit
from tests.targets.rule_sets import RANGES, every_rule_set

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from seawall.firewall.rules import RuleSet

Network: TypeAlias = "IPv4Network | IPv6Network"

EVERY: Final = every_rule_set()


def write(target: Target, form: str, rules: RuleSet) -> str:
    check_fit(target, rules)
    return target.formats[form](rules)


def fitting(target: Target) -> dict[str, RuleSet]:
    """The rule sets that a target does not refuse."""
    return {name: rules for name, rules in EVERY.items() if not refuses(target, rules)}


def refuses(target: Target, rules: RuleSet) -> bool:
    try:
        check_fit(target, rules)
    except CannotExpressError:
        return True
    return False


def from_hcl(text: str) -> Any:  # noqa: ANN401 - whatever it says
    """Read HCL: texts without their quotes, expressions as ``${...}``."""
    return _unquoted(hcl2.loads(text))


def _unquoted(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {_unquoted(key): _unquoted(one) for key, one in value.items() if key != "__is_block__"}
    if isinstance(value, list):
        return [_unquoted(one) for one in value]
    if isinstance(value, str) and value.startswith('"'):
        # The parser leaves what would be evaluated within a text as it is; none of these texts has any.
        assert not re.search(r"(?<!\$)\$\{|(?<!%)%\{", value), value
        return json.loads(value).replace("$${", "${").replace("%%{", "%{")
    return value


def only(blocks: list[dict[str, Any]], *labels: str) -> Any:  # noqa: ANN401
    """The one block of these labels."""
    (found,) = (block[labels[0]] for block in blocks if labels[0] in block)
    return found if len(labels) == 1 else found[labels[1]]


def from_bicep(text: str) -> Any:  # noqa: ANN401
    """Read Bicep: texts as they are meant."""
    return _unescaped(_bicep_parser().parse(text=text))


@cache
def _bicep_parser() -> BicepParser:
    return BicepParser()


def _unescaped(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {key: _unescaped(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_unescaped(one) for one in value]
    if not isinstance(value, str):
        return value
    assert not re.search(r"(?<!\\)\$\{(?!policyName\})", value), value
    return re.sub(r"\\(.)", lambda hit: {"n": "\n"}.get(hit[1], hit[1]), value)


class Stub:
    """A program on PATH that notes what it was called with, and answers one question."""

    def __init__(self, place: Path, name: str, question: str, answer: str = "") -> None:
        self._path = place / "bin"
        self._path.mkdir(parents=True)
        self._calls = place / "calls"
        self._calls.touch()
        (place / "answer").write_text(answer)
        self._program = self._path / name
        self._program.write_text(
            f'#!/bin/bash\nprintf "%s\\0" "$#" "$@" >>"{self._calls}"\n'
            f'case " $* " in *" {question} "*) cat "{place}/answer" ;; esac\n'
        )
        self._program.chmod(0o755)

    def fail_at(self, verb: str) -> None:
        """End with 3 from now on when called with a verb."""
        self._program.write_text(f'{self._program.read_text()}case " $* " in *" {verb} "*) exit 3 ;; esac\n')

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a script that finds the stub before anything else, having checked its syntax."""
        for mode in (["-n"], []):
            done = subprocess.run(
                ["bash", *mode, "/dev/stdin", *arguments],
                input=script,
                env=os.environ | {"PATH": f"{self._path}:{os.environ['PATH']}"},
                capture_output=True,
                text=True,
                check=False,
                timeout=20,
            )
            if done.returncode:
                break
        return done

    @property
    def calls(self) -> list[list[str]]:
        """The arguments of each call."""
        words = self._calls.read_text().split("\0")[:-1]
        found = []
        while words:
            count = int(words[0])
            found.append(words[1 : count + 1])
            del words[: count + 1]
        return found


def networks(prefixes: Iterable[str]) -> list[Network]:
    """Ranges, joined, by the standard library."""
    every = [ip_network(prefix) for prefix in prefixes]
    v4 = [one for one in every if isinstance(one, IPv4Network)]
    v6 = [one for one in every if isinstance(one, IPv6Network)]
    return [*collapse_addresses(v4), *collapse_addresses(v6)]


def opened(rules: RuleSet, port: int) -> list[Network]:
    """What a rule set opens on a port by address or by tag."""
    of_port = [rule for rule in rules.rules if rule.flow.port == port]
    prefixes = [prefix for rule in of_port for prefix in rule.addresses.cidrs]
    return networks([*prefixes, *(prefix for rule in of_port for tag in rule.tags for prefix in RANGES[tag])])


def edges(ranges: list[Network]) -> tuple[list[str], list[str]]:
    """The first and last addresses of ranges, and those just outside that no range has."""
    inside = [str(one[at]) for one in ranges for at in (0, -1)]
    around = [ip for one in ranges for ip in (one[0] - 1, one[-1] + 1)]
    return inside, [str(ip) for ip in around if not any(ip in one for one in ranges)]


def hosts(rules: RuleSet, port: int) -> set[str]:
    """Hosts to try: those that are needed, and some that look like them."""
    needed = {flow.host.replace("*.", "one.") for flow in flows(rules.need)}
    found = set(needed) | {"example.com", "two.labels.data.mcr.microsoft.com", "two.labels.blob.core.windows.net"}
    for host in needed | {name.removeprefix("*.") for name in rules.names(port)}:
        parent = host.partition(".")[2]
        found |= {parent, f"evil{host}", f"x-{host}", f"deep.{host}", f"{host}.evil.xyz", f"evil{parent}"}
        found |= {f"other.{parent}", host.replace(".", "x", 1), host[1:], f"{host}x"}
    return found - {""}


def covered(rules: RuleSet, port: int, host: str, *, parent: bool) -> bool:
    """Say whether names of a rule set cover a host, by labels; a wildcard any number, and the parent if it says so."""
    labels = host.lower().split(".")
    for name in rules.names(port):
        wanted = name.split(".")
        if wanted[0] != "*":
            if labels == wanted:
                return True
        elif labels[-len(wanted) + 1 :] == wanted[1:] and (len(labels) >= len(wanted) or parent):
            return True
    return False
