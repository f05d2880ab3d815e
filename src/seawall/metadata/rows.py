"""How rows are written: each with a place in the log, a clock reading and a region; the last writer wins.

A transaction draws one place and one reading, and holds the log until it ends. So writers of one database come one
after another, whatever database it is: what stands later in the log was committed later, and no place in it is ever
filled in behind somebody who has read past it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, bindparam, case, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from seawall.metadata.clock import reading_of
from seawall.metadata.own import LOG, SETTINGS_VERSION
from seawall.metadata.schema import MANIFEST, SETTINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement, Connection, Insert, Table, Update
    from sqlalchemy.sql.dml import ReturningInsert

__all__ = ["Writer", "begin", "insert_into", "insert_once", "observe", "upsert"]


@dataclass(frozen=True, slots=True)
class Writer:
    """A transaction that may write.

    Attributes:
        connection: For reading within the transaction.
        origin: The region this node is in.
        sequence: The transaction's place in this database's log.
        clock: The reading that all of the transaction's writes carry; later than any that this database holds.
    """

    connection: Connection
    origin: str
    sequence: int
    clock: int

    def put(self, table: Table, **values: Any) -> None:  # noqa: ANN401 - columns have many types
        """Insert a row or replace the one with the same key."""
        stamped = {
            **values,
            "clock": self.clock,
            "origin": self.origin,
            "deleted": False,
            "sequence": self.sequence,
        }
        self.connection.execute(upsert(table, self._dialect), stamped)
        self._count(table)

    def delete(self, table: Table, **key: Any) -> int:  # noqa: ANN401
        """Mark rows as deleted, those with a key or with one of several; return how many were not so already."""
        values = {"deleted": True, "origin": self.origin, "clock": self.clock, "sequence": self.sequence}
        # What a deleted row held is not kept: neither bytes nor secrets.
        values |= {name: b"" for name in ("body", "secret") if name in table.c}
        if table is MANIFEST:
            values |= {"buried": self.clock, "annotations": "{}"}
        statement = update(table).where(_matches(table, key), table.c.deleted.is_(False)).values(values)
        self._count(table)
        return self.connection.execute(statement).rowcount

    def merge(self, table: Table, row: Mapping[str, Any]) -> bool:
        """Take over a row as another region wrote it, if it was written later than the one here; say whether it was.

        Later means: by clock, then by region. Every region decides so, hence all end with the same row in whatever
        order rows come, and however often.
        """
        merged = self.connection.execute(_merge(table, self._dialect), {**row, "sequence": self.sequence})
        taken = merged.first() is not None
        if table is MANIFEST and not taken:
            # A manifest's last burial counts also where the manifest itself was pushed again since.
            key = {f"_{name}": row[name] for name in ("registry", "repository", "digest")}
            buried = {"_buried": row["buried"], "_sequence": self.sequence}
            self.connection.execute(_bury(), key | buried)
        if taken:
            self._count(table)
        return taken

    def _count(self, table: Table) -> None:
        if table in SETTINGS:
            self.connection.execute(_count_settings(self._dialect), {"one": 1, "version": 1})

    @property
    def _dialect(self) -> str:
        return self.connection.dialect.name


def begin(connection: Connection, origin: str, wall: int) -> Writer:
    """Draw a place in the log and a reading of its clock; other writers wait until this transaction ends.

    Args:
        connection: In a transaction that has just begun.
        origin: The region this node is in.
        wall: Milliseconds since 1970.
    """
    sequence, clock = connection.execute(_BEGIN, {"wall": reading_of(wall)}).one()
    return Writer(connection, origin, sequence, clock)


def observe(writer: Writer, reading: int) -> None:
    """Let every later transaction's reading be greater than one that another region took."""
    writer.connection.execute(_OBSERVE, {"seen": reading})


_BEGIN: Final = (
    update(LOG)
    .values(
        sequence=LOG.c.sequence + 1,
        clock=case((LOG.c.clock + 1 > bindparam("wall"), LOG.c.clock + 1), else_=bindparam("wall")),
    )
    .returning(LOG.c.sequence, LOG.c.clock)
)
_OBSERVE: Final = update(LOG).where(LOG.c.clock < bindparam("seen")).values(clock=bindparam("seen"))


# Statements are put together once: that takes longer than running them.


@cache
def upsert(table: Table, dialect: str) -> Insert:
    """Insert a row, or replace the given columns of the one with the same key."""
    statement = insert_into(table, dialect)
    # When a manifest was last deleted outlasts its being pushed again.
    kept = {"buried"} if table is MANIFEST else set()
    changed = {
        column.name: statement.excluded[column.name]
        for column in table.columns
        if not column.primary_key and column.name not in kept
    }
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed)


@cache
def insert_once(table: Table, dialect: str) -> Insert:
    """Insert a row, unless there is one with the same key."""
    return insert_into(table, dialect).on_conflict_do_nothing()


@cache
def _merge(table: Table, dialect: str) -> ReturningInsert[Any]:
    statement = insert_into(table, dialect)
    new = statement.excluded
    changed: dict[str, Any] = {column.name: new[column.name] for column in table.columns if not column.primary_key}
    if table is MANIFEST:
        changed["buried"] = case((new.buried > MANIFEST.c.buried, new.buried), else_=MANIFEST.c.buried)
    later = tuple_(new.clock, new.origin) > tuple_(table.c.clock, table.c.origin)
    merged = statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed, where=later)
    # Only rows that were written are returned, and not every driver counts them.
    return merged.returning(table.c.sequence)


@cache
def _bury() -> Update:
    return (
        update(MANIFEST)
        .where(
            MANIFEST.c.registry == bindparam("_registry"),
            MANIFEST.c.repository == bindparam("_repository"),
            MANIFEST.c.digest == bindparam("_digest"),
            MANIFEST.c.buried < bindparam("_buried"),
        )
        .values(buried=bindparam("_buried"), sequence=bindparam("_sequence"))
    )


@cache
def _count_settings(dialect: str) -> Insert:
    changed = {"version": SETTINGS_VERSION.c.version + 1}
    return insert_into(SETTINGS_VERSION, dialect).on_conflict_do_update(index_elements=["one"], set_=changed)


def insert_into(table: Table, dialect: str) -> sqlite.Insert | postgresql.Insert:
    """Begin an insert that can say what becomes of a row with the same key."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def _matches(table: Table, key: Mapping[str, Any]) -> ColumnElement[bool]:
    return and_(
        *(
            table.c[name].in_(value) if isinstance(value, list) else table.c[name] == value
            for name, value in key.items()
        )
    )
