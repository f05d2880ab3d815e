"""Scope maps: named lists of actions on repositories, which say what tokens may do."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from seawall.metadata.memo import reads_settings
from seawall.metadata.schema import SCOPE_MAP

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from seawall.metadata.rows import Writer

__all__ = ["ScopeMap", "delete", "find", "list_all", "put"]


@dataclass(frozen=True, slots=True)
class ScopeMap:
    """What some tokens may do.

    Attributes:
        name: What it is called in its registry.
        actions: Such as ``repositories/team/app/content/read``.
        description: For people.
        created: When it was made, in seconds since 1970; ``None`` where nobody remembers.
    """

    name: str
    actions: tuple[str, ...]
    description: str = ""
    created: float | None = None


def put(writer: Writer, registry: str, scope_map: ScopeMap) -> None:
    """Keep a scope map, unless it is so already."""
    if find(writer.connection, registry, scope_map.name) == scope_map:
        return
    document: dict[str, Any] = {"actions": scope_map.actions}
    if scope_map.description:
        document["description"] = scope_map.description
    if scope_map.created is not None:
        document["created"] = scope_map.created
    writer.put(SCOPE_MAP, registry=registry, name=scope_map.name, document=json.dumps(document))


def delete(writer: Writer, registry: str, name: str) -> bool:
    """Remove a scope map; say whether it was there."""
    return writer.delete(SCOPE_MAP, registry=registry, name=name) > 0


@reads_settings
def find(connection: Connection, registry: str, name: str) -> ScopeMap | None:
    """Find a scope map by its name."""
    query = select(SCOPE_MAP.c.document).where(
        SCOPE_MAP.c.registry == registry, SCOPE_MAP.c.name == name, SCOPE_MAP.c.deleted.is_(False)
    )
    document = connection.execute(query).scalar_one_or_none()
    return _read(name, document) if document is not None else None


@reads_settings
def list_all(connection: Connection, registry: str) -> list[ScopeMap]:
    """List a registry's scope maps, by name."""
    query = (
        select(SCOPE_MAP.c.name, SCOPE_MAP.c.document)
        .where(SCOPE_MAP.c.registry == registry, SCOPE_MAP.c.deleted.is_(False))
        .order_by(SCOPE_MAP.c.name)
    )
    return [_read(row.name, row.document) for row in connection.execute(query)]


def _read(name: str, document: str) -> ScopeMap:
    read = json.loads(document)
    return ScopeMap(name, tuple(read["actions"]), read.get("description", ""), read.get("created"))
