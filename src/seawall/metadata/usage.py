"""How much a registry has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, func, select, union_all

from seawall.metadata.schema import BLOB_LINK, MANIFEST

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select, Table

__all__ = ["octets"]


def octets(connection: Connection, registry: str) -> int:
    """Count the octets of a registry's layers and manifests, each once however many repositories have it."""
    return int(connection.execute(_OCTETS, {"registry": registry}).scalar_one())


def _sizes(table: Table) -> Select[tuple[int]]:
    here = (table.c.registry == bindparam("registry"), table.c.deleted.is_(False))
    return select(func.max(table.c.size).label("size")).where(*here).group_by(table.c.digest)


_EACH: Final = union_all(_sizes(BLOB_LINK), _sizes(MANIFEST)).subquery()
_OCTETS: Final = select(func.coalesce(func.sum(_EACH.c.size), 0))
