"""A flow's way through a wall: which rule decides on which of its addresses, or on its name. Pure.

Every question is asked twice. ``sure``: a rule with a condition that nobody can check lets nothing through, and refuses
all it may refuse. Not ``sure``: the other way round. What is let through in the first case is proven, and what is not
let through in the second is refused; anything between depends on these conditions.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from seawall.firewall.audit.contract import Action, Opening, Wall
from seawall.servicetags.prefixes import EVERYTHING, NOTHING, AddressSet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seawall.servicetags.prefixes import Spans

__all__ = ["Share", "doubtful", "walk_addresses", "walk_name"]


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a flow, and what becomes of it.

    Attributes:
        action: Allow or deny.
        rules: The rules that decide; empty when it is the default.
        addresses: The addresses concerned.
        names: The names concerned, where they are not all.
    """

    action: Action
    rules: tuple[Opening, ...] = ()
    addresses: AddressSet = NOTHING
    names: tuple[str, ...] = ()


def walk_addresses(
    wall: Wall, port: int, needed: AddressSet, client: AddressSet = NOTHING, *, sure: bool = True
) -> list[Share]:
    """Send addresses through a wall.

    Args:
        wall: The wall, its tags turned into addresses.
        port: TCP port.
        needed: The addresses.
        client: The addresses of the clients; nothing when they are not known.
        sure: Whether to count on what is proven only.
    """
    shares = []
    remaining = needed
    waiting: defaultdict[int, AddressSet] = defaultdict(lambda: NOTHING)
    for start, run in _runs(wall):
        remaining |= waiting.pop(start, NOTHING)
        if not remaining:
            if not waiting:
                break
            continue
        action = _action(run[0], port, client, sure=sure)
        matter = remaining & _joined(run) if action else NOTHING
        if not matter or action is None:
            continue
        remaining -= matter
        if action is Action.SKIP:
            waiting[run[0].until] |= matter
        else:
            shares.append(Share(action, tuple(one for one in run if _touch(one.addresses, matter)), matter))
    remaining = AddressSet.union((remaining, *waiting.values()))
    return [*shares, Share(wall.default, (), remaining)] if remaining else shares


def walk_name(wall: Wall, host: str, port: int, client: AddressSet = NOTHING, *, sure: bool = True) -> list[Share]:
    """Send a host through a wall, or ``*.`` and a suffix for all hosts of one label under it.

    Returns:
        What decides on some of the names, in order, and at last what decides on all the others.
    """
    shares: list[Share] = []
    index = 0
    while index < len(wall.openings):
        opening = wall.openings[index]
        index += 1
        action = _action(opening, port, client, sure=sure)
        if action is None:
            continue
        if opening.everywhere or _covered(opening, host):
            if action is not Action.SKIP:
                return [*shares, Share(action, (opening,))]
            index = opening.until
        elif some := _some(opening, host):
            # Names that leave a chain early are neither let through nor refused for sure.
            shares.append(Share(_undecided(sure=sure) if action is Action.SKIP else action, (opening,), names=some))
    return [*shares, Share(wall.default)]


def _action(opening: Opening, port: int, client: AddressSet, *, sure: bool) -> Action | None:
    """Say what a rule does to a client's packets on a port; ``None`` when it does not apply."""
    if port not in opening.ports:
        return None
    if client and not client & opening.sources:
        return None
    if not doubtful(opening, client):
        return opening.action
    if opening.action is Action.SKIP:
        return _undecided(sure=sure)
    return opening.action if opening.action is _undecided(sure=sure) else None


def doubtful(opening: Opening, client: AddressSet) -> bool:
    """Say whether nobody can know if a rule is for a client."""
    for_all = opening.sources == EVERYTHING or (bool(client) and client <= opening.sources)
    return bool(opening.conditions) or not for_all


def _undecided(*, sure: bool) -> Action:
    return Action.DENY if sure else Action.ALLOW


def _covered(opening: Opening, host: str) -> bool:
    if host.startswith("*."):
        return any(pattern.covers_under(host[2:]) for pattern in opening.names)
    return any(pattern.covers(host) for pattern in opening.names)


def _some(opening: Opening, host: str) -> tuple[str, ...]:
    if not host.startswith("*."):
        return ()
    return tuple(pattern.host for pattern in opening.names if pattern.lies_under(host[2:]))


def _runs(wall: Wall) -> Iterator[tuple[int, list[Opening]]]:
    """Put neighbours together that differ only in their addresses: rule sets may have one rule for each range."""
    entries = {opening.until for opening in wall.openings}

    def kind(pair: tuple[int, Opening]) -> tuple[object, ...]:
        index, one = pair
        sort = (one.action, one.ports, one.sources, one.conditions, one.until)
        alone = index in entries or one.action is Action.SKIP
        return (index, *sort) if alone else (-1, *sort)

    for _, run in groupby(enumerate(wall.openings), kind):
        pairs = list(run)
        yield pairs[0][0], [opening for _, opening in pairs]


def _joined(run: list[Opening]) -> AddressSet:
    return run[0].addresses if len(run) == 1 else AddressSet.union(one.addresses for one in run)


def _touch(one: AddressSet, other: AddressSet) -> bool:
    return _touches(one.v4, other.v4) or _touches(one.v6, other.v6)


def _touches(few: Spans, many: Spans) -> bool:
    """Say whether two sets have an address in common, in one search for each interval of the first."""
    bounds = many.bounds
    for start, stop in few.pairs():
        at = bisect_right(bounds, start)
        if at & 1 or (at < len(bounds) and bounds[at] < stop):
            return True
    return False
