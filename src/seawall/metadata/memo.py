"""Answers that are repeated for as long as they provably hold."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["Memo"]

# Clients choose what is asked for, so what is remembered is bounded in octets, one by one and together.
_HEAVIEST: Final = 16 * 1024
_LARGEST_TOTAL: Final = 16 * 1024 * 1024
_OBJECT: Final = 64


class Memo:
    """A bounded memory of query results, emptied as a whole whenever the database has changed.

    Emptying everything is crude and always right: no write path has to know which answers it spoils.
    """

    def __init__(self, stamp: Callable[[], int]) -> None:
        """Take ``stamp``, which returns another number after every commit by anybody."""
        self._stamp = stamp
        self._at = -1
        self._checked = False
        self._total = 0
        self._entries: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()

    def get(self, key: Hashable) -> tuple[bool, Any, int]:
        """Look an answer up; return whether it was there, the answer, and the stamp to give to :meth:`put`."""
        self._check()
        try:
            value, _ = self._entries[key]
        except KeyError:
            return False, None, self._at
        self._entries.move_to_end(key)
        return True, value, self._at

    def _check(self) -> None:
        """Ask for the stamp, once in a turn of the event loop.

        Nobody can have been told of a commit that happens within the turn: whatever a commit sets off, here or in
        another process, is queued behind the callback that ends the turn, which is therefore queued *before* asking.
        """
        if self._checked:
            return
        asyncio.get_running_loop().call_soon(self._end_turn)
        self._checked = True
        stamp = self._stamp()
        if stamp != self._at:
            self._entries.clear()
            self._total = 0
            self._at = stamp

    def _end_turn(self) -> None:
        self._checked = False

    def put(self, key: Hashable, value: object, stamp: int) -> None:
        """Remember an answer that was computed after ``stamp`` was read."""
        # A commit in between may have changed the answer; one computed from an older state must not outlive it.
        if stamp != self._at:
            return
        weight = _weight(key) + _weight(value)
        if weight > _HEAVIEST:
            return
        self._forget(key)
        self._entries[key] = (value, weight)
        self._total += weight
        while self._total > _LARGEST_TOTAL:
            self._forget(next(iter(self._entries)))

    def _forget(self, key: Hashable) -> None:
        if key in self._entries:
            self._total -= self._entries.pop(key)[1]


def _weight(value: object) -> int:
    """Estimate the octets that a key or an answer takes."""
    if isinstance(value, str | bytes):
        return _OBJECT + len(value)
    if isinstance(value, tuple | list):
        return _OBJECT + sum(map(_weight, value))
    return _OBJECT
