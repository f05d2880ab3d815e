"""Bringing a database's tables up to date."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config

from seawall.metadata.database import open_engine

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["migrate"]

_SCRIPTS = Path(__file__).parent / "migrations"


def migrate(url: str) -> None:
    """Create or upgrade the tables, in one transaction.

    Raises:
        alembic.util.CommandError: The database was written by a newer Seawall.
    """
    engine = open_engine(url)
    with engine.begin() as connection:
        _lock(connection)
        config = Config()
        config.set_main_option("script_location", str(_SCRIPTS))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()


def _lock(connection: Connection) -> None:
    # Two nodes on one PostgreSQL may start at once; the number only has to be the same for both.
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(73325544)")
