"""What there is to tell of repositories, tags and manifests: when they were made and changed, how many, what is locked.

Times are readings of the clock (:mod:`seawall.metadata.clock`). Counts and times come from indexes alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, func, or_, select

from seawall.metadata import locks, tags
from seawall.metadata.batches import batches
from seawall.metadata.locks import REPOSITORY_ITSELF
from seawall.metadata.repositories import IS_THERE
from seawall.metadata.schema import MANIFEST, REPOSITORY, TAG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection
    from sqlalchemy import Row as SqlRow

    from seawall.blobs.digest import Digest
    from seawall.metadata.locks import Right
    from seawall.metadata.repositories import Repository

__all__ = [
    "ManifestProperties",
    "RepositoryProperties",
    "TagProperties",
    "of_manifest",
    "of_manifests",
    "of_repository",
    "of_tag",
    "of_tags",
]

_NOTHING: Final[frozenset[Right]] = frozenset()


@dataclass(frozen=True, slots=True)
class RepositoryProperties:
    """A repository.

    Attributes:
        created: When it was made.
        updated: When it, a manifest or a tag in it was last written.
        manifests: How many there are.
        tags: How many there are.
        withheld: The rights that are withheld.
    """

    created: int
    updated: int
    manifests: int
    tags: int
    withheld: frozenset[Right]


@dataclass(frozen=True, slots=True)
class TagProperties:
    """A tag: what it stands for, when it was made and last put, and the rights that are withheld."""

    name: str
    digest: str
    created: int
    updated: int
    withheld: frozenset[Right]


@dataclass(frozen=True, slots=True)
class ManifestProperties:
    """A manifest: its bytes, when they came first and last, which tags stand for it, and the rights withheld.

    Tags that are not to be listed are not among them.
    """

    digest: str
    media_type: str
    body: bytes
    created: int
    updated: int
    tags: tuple[str, ...]
    withheld: frozenset[Right]


_REPOSITORY: Final = select(REPOSITORY.c.created, REPOSITORY.c.clock).where(
    REPOSITORY.c.registry == bindparam("registry"), REPOSITORY.c.repository == bindparam("name"), IS_THERE
)
_MANIFESTS_THERE: Final = (
    select(func.count())
    .select_from(MANIFEST)
    .where(
        MANIFEST.c.registry == bindparam("registry"),
        MANIFEST.c.repository == bindparam("name"),
        MANIFEST.c.deleted.is_(False),
    )
)
_LATEST_MANIFEST: Final = (
    _MANIFESTS_THERE.with_only_columns(MANIFEST.c.clock).order_by(MANIFEST.c.clock.desc()).limit(1)
)
_TAGS_THERE: Final = (
    select(func.count())
    .select_from(TAG)
    .where(TAG.c.registry == bindparam("registry"), TAG.c.repository == bindparam("name"), TAG.c.deleted.is_(False))
)
_LATEST_TAG: Final = _TAGS_THERE.with_only_columns(TAG.c.clock).order_by(TAG.c.clock.desc()).limit(1)
# Tags that went with their manifests: what tags.IS_SHOWN leaves out. They are counted manifest by manifest, so that
# what this takes goes by how many manifests were ever deleted, not by how many tags there are.
_TAGS_GONE: Final = select(
    func.coalesce(
        func.sum(
            select(func.count())
            .select_from(TAG)
            .where(
                TAG.c.registry == MANIFEST.c.registry,
                TAG.c.repository == MANIFEST.c.repository,
                TAG.c.digest == MANIFEST.c.digest,
                TAG.c.deleted.is_(False),
                or_(MANIFEST.c.deleted.is_(True), MANIFEST.c.buried >= TAG.c.clock),
            )
            .scalar_subquery()
        ),
        0,
    )
).where(MANIFEST.c.registry == bindparam("registry"), MANIFEST.c.repository == bindparam("name"), MANIFEST.c.buried > 0)
_TAG: Final = select(TAG.c.name, TAG.c.digest, TAG.c.created, TAG.c.clock).where(
    TAG.c.registry == bindparam("registry"),
    TAG.c.repository == bindparam("name"),
    TAG.c.name == bindparam("tag"),
    tags.IS_SHOWN,
)
# Tags have no commas. Joined from the manifests' side one by one: asked for those of several, SQLite reads all tags.
_STANDING: Final = select(func.aggregate_strings(TAG.c.name, ",")).where(tags.IS_LISTED).correlate(MANIFEST)
_MANIFESTS: Final = select(
    MANIFEST.c.digest,
    MANIFEST.c.media_type,
    MANIFEST.c.body,
    MANIFEST.c.created,
    MANIFEST.c.clock,
    _STANDING.scalar_subquery(),
).where(
    MANIFEST.c.registry == bindparam("registry"),
    MANIFEST.c.repository == bindparam("name"),
    MANIFEST.c.digest.in_(bindparam("digests", expanding=True)),
    MANIFEST.c.deleted.is_(False),
)


def of_repository(connection: Connection, repository: Repository) -> RepositoryProperties | None:
    """Tell of a repository; nothing if it is not there."""
    here = repository._asdict()
    row = connection.execute(_REPOSITORY, here).first()
    if row is None:
        return None
    manifests, there, gone = (
        connection.execute(query, here).scalar_one() for query in (_MANIFESTS_THERE, _TAGS_THERE, _TAGS_GONE)
    )
    latest = [connection.execute(query, here).scalar() or 0 for query in (_LATEST_MANIFEST, _LATEST_TAG)]
    withheld = locks.of(connection, repository, [REPOSITORY_ITSELF])
    return RepositoryProperties(
        created=row.created,
        updated=max(row.clock, *latest),
        manifests=manifests,
        tags=there - int(gone),
        withheld=withheld.get(REPOSITORY_ITSELF, _NOTHING),
    )


def of_tag(connection: Connection, repository: Repository, name: str) -> TagProperties | None:
    """Tell of a tag; nothing if it is not there."""
    if not tags.GRAMMAR.fullmatch(name):
        return None
    rows = connection.execute(_TAG, {**repository._asdict(), "tag": name}).all()
    return next(iter(of_tags(connection, repository, rows)), None)


def of_manifest(connection: Connection, repository: Repository, digest: Digest) -> ManifestProperties | None:
    """Tell of a manifest; nothing if it is not there."""
    return next(iter(of_manifests(connection, repository, [digest])), None)


def of_tags(
    connection: Connection, repository: Repository, rows: Sequence[SqlRow[Any, Any, Any, Any]]
) -> list[TagProperties]:
    """Tell of tags that were found: rows of name, digest, creation and last write."""
    withheld = locks.of(connection, repository, [row[0] for row in rows])
    return [TagProperties(*row, withheld.get(row[0], _NOTHING)) for row in rows]


def of_manifests(connection: Connection, repository: Repository, digests: Sequence[str]) -> list[ManifestProperties]:
    """Tell of manifests, in the order asked for; those that are not there are left out."""
    rows: dict[str, SqlRow[Any, Any, Any, Any, Any, Any]] = {}
    for some in batches(digests):
        found = connection.execute(_MANIFESTS, {**repository._asdict(), "digests": some})
        rows |= {row[0]: row for row in found}
    withheld = locks.of(connection, repository, list(rows))
    return [
        ManifestProperties(*row[:5], _names(row[5]), withheld.get(digest, _NOTHING))
        for digest in digests
        if (row := rows.get(digest)) is not None
    ]


def _names(joined: str | None) -> tuple[str, ...]:
    return tuple(sorted(joined.split(","))) if joined else ()
