"""Answers that are repeated for as long as they provably hold."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["Memo"]

_ENTRIES: Final = 4096
_LARGEST_BODY: Final = 16 * 1024


class Memo:
    """A bounded memory of query results, emptied as a whole whenever the database has changed.

    Emptying everything is crude and always right: no write path has to know which answers it spoils.
    """

    def __init__(self, stamp: Callable[[], int]) -> None:
        """Take ``stamp``, which returns another number after every commit by anybody."""
        self._stamp = stamp
        self._at = -1
        self._checked = False
        self._entries: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable) -> tuple[bool, Any, int]:
        """Look an answer up; return whether it was there, the answer, and the stamp to give to :meth:`put`."""
        self._check()
        try:
            value = self._entries[key]
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
            self._at = stamp

    def _end_turn(self) -> None:
        self._checked = False

    def put(self, key: Hashable, value: object, stamp: int) -> None:
        """Remember an answer that was computed after ``stamp`` was read."""
        # A commit in between may have changed the answer; one computed from an older state must not outlive it.
        if stamp != self._at or len(getattr(value, "body", b"")) > _LARGEST_BODY:
            return
        self._entries[key] = value
        if len(self._entries) > _ENTRIES:
            self._entries.popitem(last=False)
