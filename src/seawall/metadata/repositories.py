"""Repositories: named by registry and path, there once they have had a manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import and_, bindparam, or_, select

from seawall.metadata.locks import Right, withholding
from seawall.metadata.schema import MANIFEST, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from seawall.metadata.rows import Writer

__all__ = ["IS_LISTED", "IS_THERE", "Repository", "delete", "exists", "is_listed", "page", "put"]


class Repository(NamedTuple):
    """The key of a repository."""

    registry: str
    name: str


IS_THERE: Final = or_(
    REPOSITORY.c.deleted.is_(False),
    select(MANIFEST.c.digest)
    .where(
        MANIFEST.c.registry == REPOSITORY.c.registry,
        MANIFEST.c.repository == REPOSITORY.c.repository,
        MANIFEST.c.deleted.is_(False),
    )
    .exists(),
)
"""A repository is there until it is deleted, and whenever there are manifests in it.

So nothing that was pushed in one region is lost from sight because the repository was deleted in another meanwhile.
"""

IS_LISTED: Final = and_(IS_THERE, ~withholding(Right.LIST, REPOSITORY.c.registry, REPOSITORY.c.repository).exists())

_FIND: Final = select(REPOSITORY.c.repository).where(
    REPOSITORY.c.registry == bindparam("registry"), REPOSITORY.c.repository == bindparam("name")
)
_EXISTS: Final = _FIND.where(IS_THERE)
_LISTED: Final = _FIND.where(IS_LISTED)
_PAGE: Final = (
    select(REPOSITORY.c.repository)
    .where(REPOSITORY.c.registry == bindparam("registry"), REPOSITORY.c.repository > bindparam("last"), IS_LISTED)
    .order_by(REPOSITORY.c.repository)
    .limit(bindparam("limit"))
)


def exists(connection: Connection, repository: Repository) -> bool:
    """Say whether a repository is known."""
    return connection.execute(_EXISTS, repository._asdict()).first() is not None


def is_listed(connection: Connection, repository: Repository) -> bool:
    """Say whether a repository is known, and may be listed with what is in it."""
    return connection.execute(_LISTED, repository._asdict()).first() is not None


def put(writer: Writer, repository: Repository) -> None:
    """Make a repository known; a known one is left as it is."""
    if not exists(writer.connection, repository):
        writer.put(REPOSITORY, registry=repository.registry, repository=repository.name, created=writer.clock)


def delete(writer: Writer, repository: Repository) -> bool:
    """Make a repository unknown; say whether it was known. What is in it is deleted by others."""
    return writer.delete(REPOSITORY, registry=repository.registry, repository=repository.name) > 0


def page(connection: Connection, registry: str, last: str, limit: int) -> Sequence[str]:
    """List at most ``limit`` repositories' names behind ``last``, in order, without those that are not to be listed."""
    return connection.execute(_PAGE, {"registry": registry, "last": last, "limit": limit}).scalars().all()
