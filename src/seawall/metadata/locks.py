"""Locks: what may no longer be done with a repository, a tag or a manifest.

Each right is a row of its own, so a lock set in one region is undone by nothing but its being taken off, and two
regions that lock and unlock different things at once do not disturb each other. A lock goes by a name, whatever stands
under it: it outlasts a delete, so that nobody gets past it by deleting and pushing again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from seawall.metadata.batches import batches
from seawall.metadata.schema import LOCK

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import ColumnElement, Connection, Select

    from seawall.metadata.repositories import Repository
    from seawall.metadata.rows import Writer

__all__ = [
    "REPOSITORY_ITSELF",
    "Locked",
    "Right",
    "list_all",
    "names_without",
    "of",
    "put",
    "withheld",
    "withholding",
]

REPOSITORY_ITSELF = ""
"""Stands for the whole repository where a tag or digest could be named."""


class Right(StrEnum):
    """What may be withheld."""

    DELETE = "delete"
    WRITE = "write"
    READ = "read"
    LIST = "list"


_KNOWN: Final = frozenset(right.value for right in Right)
"""A newer Seawall in another region may know more."""


@dataclass(frozen=True, slots=True)
class Locked:
    """Something of which a right is withheld.

    Attributes:
        repository: The repository's path.
        name: A tag, a digest, or empty for the repository itself.
        rights: The rights withheld.
    """

    repository: str
    name: str
    rights: frozenset[Right] = field(default_factory=frozenset)


def put(writer: Writer, repository: Repository, name: str, right: Right, *, allowed: bool) -> None:
    """Withhold a right, or give it back."""
    key = {"registry": repository.registry, "repository": repository.name, "name": name, "field": right.value}
    writer.put(LOCK, **key, allowed=allowed)


def withholding(
    right: Right, registry: ColumnElement[str], repository: ColumnElement[str], *names: ColumnElement[str]
) -> Select[Any]:
    """Make the part of a query that finds the locks of what its rows name, and of their repository."""
    return select(LOCK.c.name).where(
        LOCK.c.registry == registry,
        LOCK.c.repository == repository,
        LOCK.c.name.in_([REPOSITORY_ITSELF, *names]),
        LOCK.c.field == right.value,
        LOCK.c.allowed.is_(False),
        LOCK.c.deleted.is_(False),
    )


def withheld(connection: Connection, repository: Repository, names: Collection[str], right: Right) -> list[str]:
    """Return those of some tags and digests, and the repository itself, of which a right is withheld."""
    query = _of(repository).where(LOCK.c.name.in_({REPOSITORY_ITSELF, *names}), LOCK.c.field == right.value)
    return [row.name for row in connection.execute(query.order_by(LOCK.c.name))]


def names_without(connection: Connection, repository: Repository, right: Right) -> list[str]:
    """Return everything in a repository of which a right is withheld, and the repository itself, there or not."""
    return [row.name for row in connection.execute(_of(repository).where(LOCK.c.field == right.value))]


def of(connection: Connection, repository: Repository, names: Collection[str]) -> Mapping[str, frozenset[Right]]:
    """Return the rights withheld of tags, digests or the repository itself, by name; nothing of what is free."""
    found: dict[str, set[Right]] = {}
    for some in batches(sorted(names)):
        for name, right in connection.execute(_of(repository).where(LOCK.c.name.in_(some))):
            if right in _KNOWN:
                found.setdefault(name, set()).add(Right(right))
    return {name: frozenset(rights) for name, rights in found.items()}


def list_all(connection: Connection, registry: str) -> list[Locked]:
    """List everything in a registry of which a right is withheld."""
    query = (
        select(LOCK.c.repository, LOCK.c.name, LOCK.c.field)
        .where(LOCK.c.registry == registry, LOCK.c.allowed.is_(False), LOCK.c.deleted.is_(False))
        .order_by(LOCK.c.repository, LOCK.c.name)
    )
    found: dict[tuple[str, str], set[Right]] = {}
    for repository, name, right in connection.execute(query):
        if right in _KNOWN:
            found.setdefault((repository, name), set()).add(Right(right))
    return [Locked(repository, name, frozenset(rights)) for (repository, name), rights in found.items()]


def _of(repository: Repository) -> Select[Any]:
    return select(LOCK.c.name, LOCK.c.field).where(
        LOCK.c.registry == repository.registry,
        LOCK.c.repository == repository.name,
        LOCK.c.allowed.is_(False),
        LOCK.c.deleted.is_(False),
    )
