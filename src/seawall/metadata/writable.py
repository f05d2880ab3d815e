"""Whether the database takes writes: only trying tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from seawall.metadata.own import LOG

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["rewrite"]


def rewrite(connection: Connection) -> None:
    """Write what is there already, as every transaction does that changes something; other regions have no news."""
    connection.execute(update(LOG).values(sequence=LOG.c.sequence))
