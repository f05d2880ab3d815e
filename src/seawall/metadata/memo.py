"""Answers that are repeated for as long as they provably hold."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["Memo", "Stamp", "reads_settings"]

_Query = TypeVar("_Query", bound=Callable[..., Any])

_SETTINGS_QUERIES: Final[set[Callable[..., Any]]] = set()

# Clients choose what is asked for, so what is remembered is bounded in octets, one by one and together.
_HEAVIEST: Final = 16 * 1024
_LARGEST_TOTAL: Final = 8 * 1024 * 1024
_OBJECT: Final = 64


class Stamp(NamedTuple):
    """What tells one state of a database from another: whether anything was committed, and whether settings were."""

    anything: int
    settings: int


def reads_settings(query: _Query) -> _Query:
    """Mark a query that reads settings tables only: its answers outlast commits that change none of them."""
    _SETTINGS_QUERIES.add(query)
    return query


class Memo:
    """A bounded memory of query results, emptied whenever the database has changed.

    Emptying everything is crude and always right: no write path has to know which answers it spoils. Only answers about
    settings are kept apart, because every request needs them and every push would spoil them.
    """

    def __init__(self, stamp: Callable[[], Stamp]) -> None:
        """Take ``stamp``, which tells the present state of the database."""
        self._stamp = stamp
        self._at = Stamp(-1, -1)
        self._checked = False
        self._settings = _Shelf()
        self._content = _Shelf()

    def get(self, query: Callable[..., Any], args: Hashable) -> tuple[bool, Any, Stamp]:
        """Look an answer up; return whether it was there, the answer, and the stamp to give to :meth:`put`."""
        self._check()
        shelf = self._settings if query in _SETTINGS_QUERIES else self._content
        return (*shelf.get((query, args)), self._at)

    def put(self, query: Callable[..., Any], args: Hashable, value: object, stamp: Stamp) -> None:
        """Remember an answer that was computed after ``stamp`` was read."""
        # A commit in between may have changed the answer; one computed from an older state must not outlive it.
        if query in _SETTINGS_QUERIES:
            if stamp.settings == self._at.settings:
                self._settings.put((query, args), value)
        elif stamp == self._at:
            self._content.put((query, args), value)

    def _check(self) -> None:
        """Ask for the stamp, once in a turn of the event loop.

        Nobody can have been told of a commit that happens within the turn: whatever a commit sets off, here or in
        another process, is queued behind the callback that ends the turn, which is therefore queued *before* asking.
        (This holds for coroutines, which the loop resumes from its queue; not for code in callbacks of sockets.)
        """
        if self._checked:
            return
        asyncio.get_running_loop().call_soon(self._end_turn)
        stamp = self._stamp()
        self._checked = True
        if stamp.settings != self._at.settings:
            self._settings = _Shelf()
        if stamp != self._at:
            self._content = _Shelf()
        self._at = stamp

    def _end_turn(self) -> None:
        self._checked = False


class _Shelf:
    """Answers that end together, the least recently used ones first if they become too many."""

    def __init__(self) -> None:
        self._entries: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._total = 0

    def get(self, key: Hashable) -> tuple[bool, Any]:
        entry = self._entries.get(key)
        if entry is None:
            return False, None
        self._entries.move_to_end(key)
        return True, entry[0]

    def put(self, key: Hashable, value: object) -> None:
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
