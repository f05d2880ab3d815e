"""What people look at page by page: repositories, tags with what they stand for, and how much there is in all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar

from sqlalchemy import func, select

from seawall.blobs.digest import parse_digest
from seawall.metadata import manifests, repositories, tags
from seawall.metadata.clock import seconds_of
from seawall.metadata.schema import BLOB_LINK, MANIFEST, REPOSITORY, TAG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Column, Connection, Row, Select

    from seawall.metadata.manifests import Descriptor, Manifest
    from seawall.metadata.repositories import Repository

__all__ = [
    "MOST_COUNTED",
    "MOST_REFERRERS",
    "Image",
    "ListedRepository",
    "ListedTag",
    "Part",
    "Totals",
    "Turn",
    "image",
    "repository_page",
    "tag_page",
    "totals",
]

_Listed = TypeVar("_Listed")

MOST_COUNTED: Final = 10_000
"""Nobody who looks wants to wait for a number that is larger."""

MOST_REFERRERS: Final = 100

_LAST_LETTER: Final = "\U0010ffff"


class Turn(NamedTuple):
    """Which part of a list: behind one name or before another, and only names that begin in some way."""

    limit: int
    after: str = ""
    before: str = ""
    begins: str = ""


class Part(NamedTuple, Generic[_Listed]):
    """A part of a list, in order, and whether there is something before and behind it."""

    items: Sequence[_Listed]
    earlier: bool
    later: bool


class ListedRepository(NamedTuple):
    """A repository, and since when there is one (seconds since 1970)."""

    name: str
    since: float


class ListedTag(NamedTuple):
    """A tag, what it stands for, and since when (seconds since 1970)."""

    name: str
    digest: str
    media_type: str
    since: float


class Totals(NamedTuple):
    """How much a registry holds; each number stops one above :data:`MOST_COUNTED`."""

    repositories: int
    layers: int
    octets: int


class Image(NamedTuple):
    """A manifest with what belongs to it, and whether more refers to it than is listed."""

    manifest: Manifest
    tags: Sequence[str]
    referrers: Sequence[Descriptor]
    more_referrers: bool


def repository_page(connection: Connection, registry: str, turn: Turn) -> Part[ListedRepository]:
    """List repositories by name."""
    query = select(REPOSITORY.c.repository, REPOSITORY.c.clock).where(
        REPOSITORY.c.registry == registry, REPOSITORY.c.deleted.is_(False)
    )
    rows = _cut(connection, query, REPOSITORY.c.repository, turn)
    return Part([ListedRepository(row.repository, seconds_of(row.clock)) for row in rows.items], *rows[1:])


def tag_page(connection: Connection, repository: Repository, turn: Turn) -> Part[ListedTag] | None:
    """List a repository's tags by name; ``None`` where there is no such repository."""
    if not repositories.exists(connection, repository):
        return None
    query = select(TAG.c.name, TAG.c.digest, MANIFEST.c.media_type, TAG.c.clock).where(
        TAG.c.registry == repository.registry, TAG.c.repository == repository.name, tags.IS_SHOWN
    )
    rows = _cut(connection, query, TAG.c.name, turn)
    found = [ListedTag(row.name, row.digest, row.media_type, seconds_of(row.clock)) for row in rows.items]
    return Part(found, *rows[1:])


def image(connection: Connection, repository: Repository, reference: str) -> Image | None:
    """Find a manifest by its tag or its digest, with its tags and the manifests that refer to it.

    Raises:
        DigestError: It is neither.
    """
    if ":" in reference:
        found = manifests.by_digest(connection, repository, parse_digest(reference))
    else:
        found = manifests.by_tag(connection, repository, reference)
    if found is None:
        return None
    referrers, more = manifests.referrers(connection, repository, found.digest, None, "", MOST_REFERRERS)
    return Image(found, tags.of(connection, repository, found.digest), referrers, more)


def totals(connection: Connection, registry: str) -> Totals:
    """Count what a registry holds, as far as anybody wants to know."""
    some = select(REPOSITORY.c.repository).where(REPOSITORY.c.registry == registry, REPOSITORY.c.deleted.is_(False))
    count = select(func.count()).select_from(some.limit(MOST_COUNTED + 1).subquery())
    # A layer that several repositories share is stored once.
    once = (
        select(BLOB_LINK.c.digest, func.max(BLOB_LINK.c.size).label("size"))
        .where(BLOB_LINK.c.registry == registry, BLOB_LINK.c.deleted.is_(False))
        .group_by(BLOB_LINK.c.digest)
        .order_by(BLOB_LINK.c.digest)
        .limit(MOST_COUNTED + 1)
        .subquery()
    )
    layers, octets = connection.execute(select(func.count(), func.coalesce(func.sum(once.c.size), 0))).one()
    return Totals(connection.execute(count).scalar_one(), layers, int(octets))


def _cut(connection: Connection, query: Select[Any], column: Column[str], turn: Turn) -> Part[Row[Any]]:
    if turn.begins:
        query = query.where(column >= turn.begins, column < turn.begins + _LAST_LETTER)
    backwards = bool(turn.before)
    query = query.where(column < turn.before if backwards else column > turn.after)
    query = query.order_by(column.desc() if backwards else column)
    # One more than is shown tells whether there are more.
    rows = connection.execute(query.limit(turn.limit + 1)).all()
    more = len(rows) > turn.limit
    shown = rows[: turn.limit]
    if backwards:
        return Part(shown[::-1], more, later=True)
    return Part(shown, bool(turn.after), more)
