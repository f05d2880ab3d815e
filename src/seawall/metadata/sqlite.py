"""What SQLite needs to serve several processes well.

Sources: sqlite.org, "Write-Ahead Logging", "PRAGMA data_version", "PRAGMA synchronous".
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Final

from sqlalchemy import event

from seawall.metadata.memo import Stamp
from seawall.metadata.own import SETTINGS_VERSION

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

__all__ = ["WRITING", "SqliteFreshness", "SqliteWriteLock", "configure"]

_BUSY_SECONDS: Final = 30
_POLL_SECONDS: Final = 0.0005
_SETTINGS_VERSION: Final = f"SELECT version FROM {SETTINGS_VERSION.name}"  # noqa: S608 - a constant

WRITING: Final = {"writing": True}
"""Execution options of a connection that is going to write."""


def configure(engine: Engine) -> None:
    """Set every connection up: readers never wait for the writer, and a commit survives a power cut."""

    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # the driver would begin transactions too late; "begun" below does
        for pragma in (
            f"busy_timeout={_BUSY_SECONDS * 1000}",  # first, since the next one may have to wait already
            "journal_mode=WAL",
            "synchronous=FULL",
            "cache_size=-4096",
        ):
            connection.execute(f"PRAGMA {pragma}")

    def begun(connection: Connection) -> None:
        # A transaction that reads first and writes then would fail if somebody else wrote in between: announce it.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writing") else "BEGIN")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)


class SqliteFreshness:
    """Tells whether anybody has committed, for a few microseconds a question."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._last = Stamp(-1, -1)

    def stamp(self) -> Stamp:
        """Return numbers that change with every commit of any connection in any process, and with those of settings.

        The first holds on one connection only (``PRAGMA data_version``), which therefore never writes.
        """
        if self._connection is None:
            self._connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        row: tuple[int] = self._connection.execute("PRAGMA data_version").fetchone()
        if row[0] != self._last.anything:
            # Asked for after the first, so a commit in between is seen twice rather than not at all.
            settings: tuple[int] = self._connection.execute(_SETTINGS_VERSION).fetchone() or (0,)
            self._last = Stamp(row[0], settings[0])
        return self._last

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class SqliteWriteLock:
    """Lets one writer in at a time: threads in the order they came, processes when they next look.

    SQLite itself makes a waiting writer sleep ever longer, up to a tenth of a second: slow and unfair under load. This
    guards speed, not correctness: SQLite's own locking still holds.
    """

    def __init__(self, path: str) -> None:
        self._threads = threading.Lock()
        self._file = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> None:
        self._threads.acquire()
        until = time.monotonic() + _BUSY_SECONDS
        while not self._locked():
            # A process that was stopped in its transaction must not stop all others for ever: go on without.
            if time.monotonic() > until:
                return
            time.sleep(_POLL_SECONDS)

    def _locked(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self._threads.release()

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1
