"""Finding the service tags of very many addresses. Pure.

The ranges of all tags cut the address space into some ten thousand pieces, in each of which every address has the same
tags. Once they are worked out, an address is found by one binary search.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import repeat
from typing import TYPE_CHECKING

from seawall.servicetags.prefixes import V4, V6

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from seawall.servicetags.snapshot import Snapshot

__all__ = ["Locator"]

Names = tuple[str, ...]


class Locator:
    """The tags of any address, for one snapshot."""

    def __init__(self, snapshot: Snapshot, tags: Iterable[str] | None = None) -> None:
        """Take a snapshot, and which tags are of interest; all of them when left out."""
        chosen = sorted(snapshot.tags if tags is None else tags)
        sets = [(name, snapshot.addresses(name)) for name in chosen]
        self._pieces = {family: _cut([(name, one.family(family).bounds) for name, one in sets]) for family in (V4, V6)}

    def find(self, family: int, addresses: Sequence[int]) -> list[Names]:
        """Return the tags of each address.

        Args:
            family: :data:`~seawall.servicetags.prefixes.V4` or ``V6``.
            addresses: Integers, of that family, in any order.
        """
        starts, names = self._pieces[family]
        return list(map(names.__getitem__, map(bisect_right, repeat(starts), addresses)))


def _cut(tags: list[tuple[str, Sequence[int]]]) -> tuple[list[int], list[Names]]:
    """Return where each piece starts, and before that and in each piece, which tags there are."""
    turns: dict[int, list[str]] = {}
    for name, bounds in tags:
        for bound in bounds:
            turns.setdefault(bound, []).append(name)
    inside: set[str] = set()
    known: dict[Names, Names] = {}
    starts = sorted(turns)
    names: list[Names] = [()]
    for start in starts:
        # Every bound either begins or ends a tag.
        inside.symmetric_difference_update(turns[start])
        here = tuple(sorted(inside))
        names.append(known.setdefault(here, here))
    return starts, names
