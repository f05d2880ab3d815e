"""Whether a database's tables are those of this Seawall: asked by every command, without all that migrating needs."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from seawall.metadata.database import open_engine

__all__ = ["SCRIPTS", "is_current"]

SCRIPTS: Final = Path(__file__).parent / "migrations"


def is_current(url: str) -> bool:
    """Say whether nothing is to be migrated; not so if that cannot be found out."""
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            # The table is Alembic's own.
            known = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    except (SQLAlchemyError, sqlite3.Error):
        return False
    finally:
        engine.dispose()
    # Revisions are numbered, and files are called by them.
    newest = max(script.name.partition("_")[0] for script in (SCRIPTS / "versions").glob("[0-9]*.py"))
    return known == [newest]
