"""iptables: what ``iptables-save`` and ``ip6tables-save`` print, and ``ipset save`` in the same file. Pure.

The chains of every table but nat (which refuses nothing) are walls. A file speaks of one family: what it lets through
of the other, it does not say.

Source: iptables(8), iptables-extensions(8), iptables-save(8).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from seawall.firewall.audit.chains import Line, Move, lay_out
from seawall.firewall.audit.contract import Action, AuditError, Opening, Wall, complement
from seawall.firewall.audit.ipsets import read_ipsets
from seawall.firewall.audit.iptables_match import FAMILIES, RuleText, conditioned, rule_fits
from seawall.firewall.rules import Way

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seawall.firewall.audit.ipsets import Ipset

__all__ = ["read_iptables"]

_PATHS: Final = {"OUTPUT": "output", "FORWARD": "forward", "PREROUTING": "forward", "POSTROUTING": ""}
_HARMLESS: Final = frozenset(
    (
        *("", "LOG", "NFLOG", "ULOG", "AUDIT", "TRACE", "MARK", "CONNMARK", "SECMARK", "CONNSECMARK", "CLASSIFY"),
        *("TCPMSS", "TOS", "DSCP", "CT", "NOTRACK", "CHECKSUM", "SET", "TTL", "HL", "RATEEST", "LED", "TEE"),
    )
)
_MOVES: Final = {"ACCEPT": Move.ACCEPT, "DROP": Move.REFUSE, "REJECT": Move.REFUSE, "RETURN": Move.RETURN}
_TOKEN: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_COUNTERS: Final = re.compile(r"^\[\d+:\d+\]\s+")


@dataclass(slots=True)
class _Table:
    """One table of one family."""

    family: int
    name: str
    policies: dict[str, str] = field(default_factory=dict)
    rules: dict[str, list[tuple[int, str]]] = field(default_factory=dict)


def read_iptables(text: str) -> tuple[Wall, ...]:
    """Read a saved configuration.

    Raises:
        AuditError: It is none, or part of one.
    """
    lines = dict(enumerate(text.splitlines(), 1))
    tables = _tables(lines)
    if not tables:
        raise AuditError("there is no table in it, such as *filter; write it with: iptables-save")
    sets = read_ipsets(lines)
    families = tuple(sorted({table.family for table in tables}))
    return tuple(
        _wall(table, chain, families, sets)
        for table in tables
        if table.name != "nat"
        for chain in table.policies
        if chain in _PATHS
    )


def _tables(lines: Mapping[int, str]) -> list[_Table]:
    tables: list[_Table] = []
    table: _Table | None = None
    family = min(FAMILIES)
    for number, raw in lines.items():
        line = _COUNTERS.sub("", raw.strip())
        if line.startswith("#"):
            family = _said_family(line, family)
        elif line.startswith("*"):
            table = _Table(family, line[1:].strip())
            tables.append(table)
        elif line == "COMMIT":
            table = None
        elif table is None:
            continue
        elif line.startswith(":"):
            name, _, policy = line[1:].partition(" ")
            table.policies[name] = policy.partition(" ")[0]
            table.rules.setdefault(name, [])
        elif line.startswith(("-A ", "--append ")):
            chain, _, rule = line.partition(" ")[2].strip().partition(" ")
            if chain not in table.rules:
                raise AuditError(f"line {number}: there is no chain {chain} in the table {table.name}")
            table.rules[chain].append((number, rule))
        elif line:
            raise AuditError(f"line {number}: {line[:60]!r} is no line of iptables-save")
    if table is not None:
        raise AuditError(f"the table {table.name} has no COMMIT at its end: the file is cut off")
    return tables


def _said_family(line: str, family: int) -> int:
    if "ip6tables-save" in line:
        return max(FAMILIES)
    return min(FAMILIES) if "iptables-save" in line else family


def _wall(table: _Table, chain: str, families: tuple[int, ...], sets: Mapping[str, Ipset]) -> Wall:
    lines = {
        name: [line for number, rule in rules for line in _lines(table, number, name, rule, sets)]
        for name, rules in table.rules.items()
    }
    heard = FAMILIES[table.family]
    unheard = Opening(
        action=Action.ALLOW, addresses=complement(heard.addresses), where=f"{table.name} {chain}", text="other family"
    )
    conditions = {one for rules in lines.values() for line in rules for one in line.fit.conditions}
    missing = [one for one in sorted(conditions) if "--match-set" in one]
    remarks = [f"what is in some sets is not known ({one}); append the output of ipset save" for one in missing]
    return Wall(
        name=f"{table.name} {chain}",
        by=frozenset((Way.IP,)),
        # What skips counts from the front, so the other family stands behind.
        openings=(*lay_out(lines, chain, heard), unheard),
        default=Action.DENY if table.policies[chain] == "DROP" else Action.ALLOW,
        default_text=f"policy {table.policies[chain]}",
        path=_PATHS[chain],
        families=families,
        remarks=tuple(remarks),
    )


def _lines(table: _Table, number: int, chain: str, rule: str, sets: Mapping[str, Ipset]) -> Iterator[Line]:
    tokens = [re.sub(r"\\(.)", r"\1", quoted) if quoted else bare for quoted, bare in _TOKEN.findall(rule)]
    said = RuleText.of(tokens)
    where, text = f"line {number}", f"-A {chain} {rule}"
    fits = rule_fits(said, sets)
    target, move = said.target, _MOVES.get(said.target)
    if move is None and target in table.rules:
        move = Move.GOTO if said.goes else Move.JUMP
    elif move is None and target not in _HARMLESS:
        # What such a target does with a packet cannot be told.
        move, fits = Move.REFUSE, conditioned(fits, f"-j {target}")
    if move is not None:
        for fit in fits:
            yield Line(fit=fit, move=move, target=target, where=where, text=text)
