"""Locks: what may no longer be done with a repository, a tag or a manifest.

Each right is a row of its own, so a lock set in one region is undone by nothing but its being taken off, and two
regions that lock and unlock different things at once do not disturb each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import select

from seawall.metadata.schema import LOCK

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

    from seawall.metadata.repositories import Repository
    from seawall.metadata.rows import Writer

__all__ = ["REPOSITORY_ITSELF", "Locked", "Right", "list_all", "put", "withheld"]

REPOSITORY_ITSELF = ""
"""Stands for the whole repository where a tag or digest could be named."""


class Right(StrEnum):
    """What may be withheld."""

    DELETE = "delete"
    WRITE = "write"


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


def withheld(connection: Connection, repository: Repository, names: Collection[str], right: Right) -> list[str]:
    """Return those of some tags and digests, and the repository itself, of which a right is withheld."""
    query = select(LOCK.c.name).where(
        LOCK.c.registry == repository.registry,
        LOCK.c.repository == repository.name,
        LOCK.c.name.in_({REPOSITORY_ITSELF, *names}),
        LOCK.c.field == right.value,
        LOCK.c.allowed.is_(False),
        LOCK.c.deleted.is_(False),
    )
    return list(connection.execute(query.order_by(LOCK.c.name)).scalars())


def list_all(connection: Connection, registry: str) -> list[Locked]:
    """List everything in a registry of which a right is withheld."""
    query = (
        select(LOCK.c.repository, LOCK.c.name, LOCK.c.field)
        .where(LOCK.c.registry == registry, LOCK.c.allowed.is_(False), LOCK.c.deleted.is_(False))
        .order_by(LOCK.c.repository, LOCK.c.name)
    )
    found: dict[tuple[str, str], set[Right]] = {}
    known = {right.value for right in Right}
    for repository, name, right in connection.execute(query):
        if right in known:
            found.setdefault((repository, name), set()).add(Right(right))
    return [Locked(repository, name, frozenset(rights)) for (repository, name), rights in found.items()]
