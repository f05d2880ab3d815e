"""What one wall does to one flow: verdict, the rules behind it, and what is missing. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING

from seawall.firewall.audit.contract import Action
from seawall.firewall.audit.walk import doubtful, walk_addresses, walk_name
from seawall.servicetags.prefixes import EVERYTHING, NOTHING, V4, V6, AddressSet, Spans

if TYPE_CHECKING:
    from seawall.firewall.audit.contract import Opening, Wall
    from seawall.firewall.audit.walk import Share

__all__ = ["Passage", "Verdict", "pass_addresses", "pass_name"]


class Verdict(StrEnum):
    """What a configuration does to a flow, from good to bad."""

    ALLOWED = "allowed"
    UNKNOWN = "unknown"
    PARTLY = "partly"
    UNPROVEN = "unproven"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Passage:
    """How a flow fares at a wall.

    Attributes:
        verdict: The verdict.
        by: The rules that let it through, or a part of it.
        default: What lets it through where no rule does; empty when that does not happen.
        why: What stands in its way; empty when nothing does.
        missing: The addresses that do not get through for sure.
        missing_names: The names that do not.
    """

    verdict: Verdict
    by: tuple[Opening, ...] = ()
    default: str = ""
    why: str = ""
    missing: AddressSet = NOTHING
    missing_names: tuple[str, ...] = ()


def pass_addresses(wall: Wall, port: int, needed: AddressSet | None, client: AddressSet) -> Passage:
    """Judge by addresses.

    Args:
        wall: The wall.
        port: TCP port.
        needed: The flow's addresses; ``None`` when nobody publishes them.
        client: The clients' addresses; nothing when they are not known.
    """
    asked = EVERYTHING if needed is None else needed
    heard = AddressSet(*(asked.family(bits) if bits in wall.families else Spans(bits) for bits in (V4, V6)))
    sure, unsure = (walk_addresses(wall, port, heard, client, sure=one) for one in (True, False))
    proven, possible = _let_through(sure), _let_through(unsure)
    missing = asked - proven
    by, default = _allowing(sure), _open_default(wall, sure)
    if needed is None:
        return _unpublished(heard, proven, possible, by, default, _refusals(wall, sure, client))
    if not missing:
        return Passage(Verdict.ALLOWED, by, default)
    doubts, silent = _doubts(sure, unsure, client), _unheard(wall, asked - heard)
    if heard - proven and not heard - possible:
        return Passage(Verdict.UNPROVEN, by, default, _joined(doubts, silent), missing)
    verdict = Verdict.PARTLY if possible else Verdict.BLOCKED
    return Passage(verdict, by, default, _joined(_refusals(wall, sure, client), doubts, silent), missing)


def pass_name(wall: Wall, host: str, port: int, client: AddressSet) -> Passage:
    """Judge by name; a host that begins with ``*.`` stands for all of one label under its suffix."""
    sure, unsure = (walk_name(wall, host, port, client, sure=one) for one in (True, False))
    proven, possible = _name_verdict(sure), _name_verdict(unsure)
    by, default = _allowing(sure), _open_default(wall, sure)
    refusals, doubts = _refusals(wall, sure, client), _doubts(sure, unsure, client)
    if proven is Verdict.ALLOWED:
        return Passage(proven, by, default)
    if possible is Verdict.BLOCKED:
        return Passage(possible, (), "", _joined(refusals, doubts), missing_names=(host,))
    if possible is Verdict.ALLOWED:
        return Passage(Verdict.UNPROVEN, by, default, _joined(doubts), missing_names=(host,))
    opened = dict.fromkeys(name for share in sure if share.action is Action.ALLOW for name in share.names)
    if sure[-1].action is Action.DENY:
        only = [f"lets only {', '.join(opened)} through"] if opened else []
        return Passage(Verdict.PARTLY, by, default, _joined(only, refusals, doubts), missing_names=(host,))
    refused = dict.fromkeys(name for share in sure if share.action is Action.DENY for name in share.names)
    return Passage(Verdict.PARTLY, by, default, _joined(refusals, doubts), missing_names=tuple(refused))


def _allowing(shares: list[Share]) -> tuple[Opening, ...]:
    return tuple(dict.fromkeys(rule for share in shares if share.action is Action.ALLOW for rule in share.rules))


def _open_default(wall: Wall, shares: list[Share]) -> str:
    by_default = any(share.action is Action.ALLOW and not share.rules for share in shares)
    return f"{wall.name}: {wall.default_text}" if by_default else ""


def _let_through(shares: list[Share]) -> AddressSet:
    return AddressSet.union(share.addresses for share in shares if share.action is Action.ALLOW)


def _unpublished(
    heard: AddressSet,
    proven: AddressSet,
    possible: AddressSet,
    by: tuple[Opening, ...],
    default: str,
    refusals: list[str],
) -> Passage:
    """Judge a flow that may go anywhere: only what is so for all addresses can be said."""
    if heard and not heard - proven:
        return Passage(Verdict.ALLOWED, by, default)
    if heard and not possible:
        return Passage(Verdict.BLOCKED, (), "", _joined(refusals))
    return Passage(Verdict.UNKNOWN, (), "", "nobody publishes its addresses, and some are let through, others not")


def _name_verdict(shares: list[Share]) -> Verdict:
    *some, last = shares
    if all(share.action is last.action for share in some):
        return Verdict.ALLOWED if last.action is Action.ALLOW else Verdict.BLOCKED
    return Verdict.PARTLY


def _refusals(wall: Wall, sure: list[Share], client: AddressSet) -> list[str]:
    """Say what refuses, whatever may be so."""
    found = []
    for share in sure:
        if share.action is Action.DENY and not share.rules:
            found.append(f"no rule lets it through ({wall.name}: {wall.default_text})")
        elif share.action is Action.DENY:
            found += [f"refused by {rule}" for rule in share.rules if not doubtful(rule, client)]
    return list(dict.fromkeys(found))


def _doubts(sure: list[Share], unsure: list[Share], client: AddressSet) -> list[str]:
    """Say which rules may let through or refuse, and on what that depends."""
    rules = dict.fromkeys(rule for share in (*sure, *unsure) for rule in share.rules if doubtful(rule, client))
    return [f"{rule}: depends on {_condition(rule)}" for rule in rules]


def _joined(*reasons: list[str]) -> str:
    return "; ".join(chain.from_iterable(reasons))


def _condition(rule: Opening) -> str:
    sources = rule.sources.cidrs
    clients = f"the client: only {', '.join(sources[:3])}{' ...' if len(sources) > 3 else ''}"
    words = [*rule.conditions, *([clients] if rule.sources != EVERYTHING else [])]
    return " and ".join(words)


def _unheard(wall: Wall, rest: AddressSet) -> list[str]:
    if not rest:
        return []
    family = "IPv6" if rest.v6 else "IPv4"
    return [f"{wall.name} says nothing of {family}; audit its rules for {family} as well"]
