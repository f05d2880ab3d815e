"""Bringing a database's tables up to date."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from sqlalchemy import make_url

from seawall.metadata.database import open_engine
from seawall.metadata.sqlite import SqliteWriteLock
from seawall.metadata.version import SCRIPTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

__all__ = ["migrate"]


def migrate(url: str) -> None:
    """Create or upgrade the tables, in one transaction.

    Raises:
        alembic.util.CommandError: The database was written by a newer Seawall.
    """
    engine = open_engine(url)
    try:
        with _one_at_a_time(url), engine.begin() as connection:
            _lock(connection)
            config = Config()
            config.set_main_option("script_location", str(SCRIPTS))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


@contextmanager
def _one_at_a_time(url: str) -> Iterator[None]:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        yield
        return
    with closing(SqliteWriteLock(parsed.database or "")) as lock, lock:
        yield


def _lock(connection: Connection) -> None:
    # Two nodes on one PostgreSQL may start at once; the number only has to be the same for both.
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(73325544)")
