"""A database to run queries against: SQLite in one file by default, PostgreSQL when one machine is not enough.

Queries are plain functions whose first argument is a connection (to read) or a
:class:`~seawall.metadata.rows.Writer` (to write); they stand beside the tables they concern, in this package::

    await database.read(tags.find, repository, "latest")
    await database.write(tags.put, repository, "latest", digest)
    await database.cached(tags.find, repository, "latest")

They block, so they run in threads. ``cached`` remembers answers for as long as they provably hold.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, TypeVar, TypeVarTuple

from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import OperationalError

from seawall.metadata.clock import wall_milliseconds
from seawall.metadata.memo import Memo
from seawall.metadata.rows import Writer, begin
from seawall.metadata.sqlite import WRITING, SqliteFreshness, SqliteWriteLock, configure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection, Engine

__all__ = ["Database"]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")

_THREADS: Final = 8
_ATTEMPTS: Final = 5
_GLANCE_SECONDS: Final = 0.02
_FAR_GLANCE_SECONDS: Final = 0.1
_TRY_AGAIN: Final = frozenset(("40001", "40P01"))
"""PostgreSQL's codes for serialization failure and deadlock."""


class Database:
    """One process's view of the metadata.

    Create it after the process has forked: connections must not be shared across a fork.
    """

    def __init__(self, url: str, region: str, *, wall: Callable[[], int] = wall_milliseconds) -> None:
        """Open a database.

        Args:
            url: A SQLAlchemy URL of SQLite or PostgreSQL.
            region: The region this node is in; stamped on every row it writes.
            wall: Tells milliseconds since 1970; tests bring their own.
        """
        self.region = region
        self._wall = wall
        self._engine = open_engine(url)
        self._writers = self._engine.execution_options(**WRITING)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="metadata")
        self._closing: tuple[Callable[[], None], ...] = ()
        self._write_lock: AbstractContextManager[object] | None = None
        self._memo: Memo | None = None
        if self._engine.dialect.name == "sqlite":
            path = make_url(url).database or ""
            lock, freshness = SqliteWriteLock(path), SqliteFreshness(path)
            self._write_lock = lock
            self._memo = Memo(freshness.stamp)
            self._closing = (lock.close, freshness.close)
        # On PostgreSQL other machines write too, and asking whether an answer still holds costs as much as asking anew.

    @property
    def glance_seconds(self) -> float:
        """How long to wait before asking again whether anything has changed: long where asking is work for others."""
        return _GLANCE_SECONDS if self._memo is not None else _FAR_GLANCE_SECONDS

    async def read(self, query: Callable[Concatenate[Connection, _P], _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run a query that only reads."""
        return await self._run(lambda: self.read_now(query, *args, **kwargs))

    async def write(self, query: Callable[Concatenate[Writer, _P], _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run a query in a transaction of its own; when this returns, what it wrote survives a power cut.

        It may be run more than once, where PostgreSQL wants a transaction to be tried again.
        """
        return await self._run(lambda: self.write_now(query, *args, **kwargs))

    async def cached(self, query: Callable[[Connection, *_Ts], _T], *args: *_Ts) -> _T:
        """Run a query that only reads, or repeat its answer if no write anywhere can have changed it.

        Arguments are positional and hashable, and the answer must not be changed by whoever gets it.
        """
        memo = self._memo
        if memo is None:
            return await self._run(lambda: self.read_now(_bound(query, args)))
        found, value, stamp = memo.get(query, args)
        if found:
            answer: _T = value
            return answer
        answer = await self._run(lambda: self.read_now(_bound(query, args)))
        memo.put(query, args, answer, stamp)
        return answer

    def read_now(self, query: Callable[Concatenate[Connection, _P], _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run a query that only reads, in the calling thread."""
        with self._engine.connect() as connection:
            return query(connection, *args, **kwargs)

    def write_now(self, query: Callable[Concatenate[Writer, _P], _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run a query in a transaction of its own, in the calling thread."""
        for attempt in range(_ATTEMPTS):
            try:
                with self.writing() as writer:
                    return query(writer, *args, **kwargs)
            except OperationalError as error:
                # PostgreSQL ends one of two transactions that wait for each other; nothing of it has happened.
                if getattr(error.orig, "sqlstate", "") not in _TRY_AGAIN or attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    async def note(self, query: Callable[Concatenate[Connection, _P], _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run a query that writes what concerns this node only; other regions have nothing to read then."""
        return await self._run(lambda: self.note_now(query, *args, **kwargs))

    def note_now(self, query: Callable[Concatenate[Connection, _P], _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run a query that writes what concerns this node only, in the calling thread."""
        with self._write_lock or _NO_LOCK, self._writers.begin() as connection:
            return query(connection, *args, **kwargs)

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Open a transaction that may write; there is one at a time."""
        with self._write_lock or _NO_LOCK, self._writers.begin() as connection:
            yield begin(connection, self.region, self._wall())

    async def run(self, work: Callable[[], _T]) -> _T:
        """Run short blocking work in one of this database's threads."""
        return await self._run(work)

    def close(self) -> None:
        """Let go of threads and connections."""
        self._threads.shutdown(wait=True)
        self._engine.dispose()
        for close in self._closing:
            close()

    async def _run(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _bound(query: Callable[[Connection, *_Ts], _T], args: tuple[*_Ts]) -> Callable[[Connection], _T]:
    return lambda connection: query(connection, *args)


class _NoLock:
    """PostgreSQL orders its writers itself."""

    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


_NO_LOCK: Final = _NoLock()


def open_engine(url: str) -> Engine:
    """Make an engine whose transactions behave alike on both databases."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(parsed, pool_size=_THREADS, max_overflow=0, hide_parameters=True)
        configure(engine)
        return engine
    return create_engine(parsed, pool_size=_THREADS, max_overflow=0, pool_pre_ping=True, hide_parameters=True)
