"""How rows are written: always with a clock reading and a region, never backwards."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, update
from sqlalchemy.dialects import postgresql, sqlite

from seawall.metadata.schema import SETTINGS, SETTINGS_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement, Connection, Insert, Table

    from seawall.metadata.clock import HybridClock

__all__ = ["Writer"]


@dataclass(frozen=True, slots=True)
class Writer:
    """A transaction that may write.

    Attributes:
        connection: For reading within the transaction.
        clock: Stamps what is written.
        origin: The region this node is in.
    """

    connection: Connection
    clock: HybridClock
    origin: str

    def put(self, table: Table, *, after: int = 0, **values: Any) -> None:  # noqa: ANN401 - columns have many types
        """Insert a row or replace the one with the same key; its clock will be later than ``after``."""
        stamped = {**values, "clock": self.clock.tick(after), "origin": self.origin, "deleted": False}
        self.connection.execute(_upsert(table, self._dialect), stamped)
        self._count(table)

    def delete(self, table: Table, **key: Any) -> int:  # noqa: ANN401
        """Mark rows as deleted; return how many were not so already."""
        # What a deleted row held is not kept: neither bytes nor secrets.
        blank = {name: b"" for name in ("body", "secret") if name in table.c}
        statement = (
            update(table)
            .where(_matches(table, key), table.c.deleted.is_(False))
            .values(
                deleted=True,
                origin=self.origin,
                clock=_later(table, self.clock.tick()),
                **blank,
            )
        )
        self._count(table)
        return self.connection.execute(statement).rowcount

    def insert_once(self, table: Table, **values: Any) -> None:  # noqa: ANN401
        """Insert a row of a table that is not replicated, unless there is one with the same key."""
        self.connection.execute(_insert_once(table, self._dialect), values)

    def _count(self, table: Table) -> None:
        if table in SETTINGS:
            self.connection.execute(_count_settings(self._dialect), {"one": 1, "version": 1})

    @property
    def _dialect(self) -> str:
        return self.connection.dialect.name


# Statements are put together once: that takes longer than running them.


@cache
def _upsert(table: Table, dialect: str) -> Insert:
    statement = _insert(table, dialect)
    changed: dict[str, Any] = {
        column.name: statement.excluded[column.name] for column in table.columns if not column.primary_key
    }
    # Two processes' clocks may differ by a little; what is committed later must win all the same.
    changed["clock"] = case(
        (statement.excluded.clock > table.c.clock, statement.excluded.clock), else_=table.c.clock + 1
    )
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed)


@cache
def _insert_once(table: Table, dialect: str) -> Insert:
    return _insert(table, dialect).on_conflict_do_nothing()


@cache
def _count_settings(dialect: str) -> Insert:
    changed = {"version": SETTINGS_VERSION.c.version + 1}
    return _insert(SETTINGS_VERSION, dialect).on_conflict_do_update(index_elements=["one"], set_=changed)


def _insert(table: Table, dialect: str) -> sqlite.Insert | postgresql.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def _matches(table: Table, key: Mapping[str, Any]) -> ColumnElement[bool]:
    return and_(*(table.c[name] == value for name, value in key.items()))


def _later(table: Table, reading: int) -> ColumnElement[int]:
    return case((table.c.clock < reading, reading), else_=table.c.clock + 1)
