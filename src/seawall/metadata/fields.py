"""Things with several settings, kept as a row for each, so that two regions may change two of them at once.

A table of such things has the thing's key, then the setting's name, then ``document``, its value as JSON.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Table

    from seawall.metadata.rows import Writer

__all__ = ["delete", "put", "read", "read_all"]


def put(writer: Writer, table: Table, thing: tuple[str, ...], values: Mapping[str, object]) -> None:
    """Give a thing these settings and no others; those that are so already are not written again."""
    *key, name = (column.name for column in table.primary_key)
    named = dict(zip(key, thing, strict=True))
    before = read(writer.connection, table, thing)
    for field in before.keys() - values.keys():
        writer.delete(table, **named, **{name: field})
    for field, value in values.items():
        if field not in before or before[field] != value:
            writer.put(table, **named, **{name: field}, document=json.dumps(value, sort_keys=True))


def delete(writer: Writer, table: Table, thing: tuple[str, ...]) -> bool:
    """Remove a thing with all its settings; say whether there were any."""
    key = [column.name for column in table.primary_key][:-1]
    return writer.delete(table, **dict(zip(key, thing, strict=True))) > 0


def read(connection: Connection, table: Table, thing: tuple[str, ...]) -> dict[str, Any]:
    """Return a thing's settings by name; none for one that is not there."""
    return read_all(connection, table, thing).get(thing, {})


def read_all(
    connection: Connection, table: Table, within: tuple[str, ...] = ()
) -> dict[tuple[str, ...], dict[str, Any]]:
    """Return things in order of their keys, and the settings of each by name.

    Args:
        connection: The database.
        table: What kind of things.
        within: The beginning of their keys.
    """
    columns = list(table.primary_key)
    query = select(*columns[len(within) :], table.c.document).where(table.c.deleted.is_(False)).order_by(*columns)
    for column, value in zip(columns, within, strict=False):
        query = query.where(column == value)
    rows = connection.execute(query).all()
    # There may be thousands, and to read them one by one takes several times as long.
    values = json.loads(f"[{','.join([row[-1] for row in rows])}]")
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for (*rest, field, _), value in zip(rows, values, strict=True):
        found.setdefault((*within, *rest), {})[field] = value
    return found
