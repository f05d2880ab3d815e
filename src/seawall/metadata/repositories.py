"""Repositories: named by registry and path, there once they have had a manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import bindparam, select

from seawall.metadata.schema import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from seawall.metadata.rows import Writer

__all__ = ["Repository", "exists", "page", "put"]


class Repository(NamedTuple):
    """The key of a repository."""

    registry: str
    name: str


_EXISTS: Final = select(REPOSITORY.c.repository).where(
    REPOSITORY.c.registry == bindparam("registry"),
    REPOSITORY.c.repository == bindparam("name"),
    REPOSITORY.c.deleted.is_(False),
)


def exists(connection: Connection, repository: Repository) -> bool:
    """Say whether a repository is known."""
    return connection.execute(_EXISTS, repository._asdict()).first() is not None


def put(writer: Writer, repository: Repository) -> None:
    """Make a repository known; a known one is left as it is."""
    if not exists(writer.connection, repository):
        writer.put(REPOSITORY, registry=repository.registry, repository=repository.name)


def page(connection: Connection, registry: str, last: str, limit: int) -> Sequence[str]:
    """List at most ``limit`` repositories' names behind ``last``, in order."""
    query = (
        select(REPOSITORY.c.repository)
        .where(REPOSITORY.c.registry == registry, REPOSITORY.c.repository > last, REPOSITORY.c.deleted.is_(False))
        .order_by(REPOSITORY.c.repository)
        .limit(limit)
    )
    return connection.execute(query).scalars().all()
