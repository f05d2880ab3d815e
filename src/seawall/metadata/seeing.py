"""Noticing what a transaction does to tags and manifests.

What there is of those in question is read before and after, within the transaction. So a push here and rows from
another region are noticed by one rule, and whoever goes by what was noticed, in order, knows what there is.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import and_, bindparam, func, select

from seawall.metadata import tags, webhooks
from seawall.metadata.batches import batches
from seawall.metadata.schema import MANIFEST, TAG

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Column, Connection, Select

    from seawall.metadata.repositories import Repository
    from seawall.metadata.rows import Writer

__all__ = ["Happening", "Seen", "Touched", "compared"]


class Touched(NamedTuple):
    """What a transaction is going to write in a repository: tags by name, manifests by digest."""

    repository: Repository
    tags: set[str]
    digests: set[str]


class Seen(NamedTuple):
    """What there is under a tag or a digest, and when and where it was last written.

    Media type and size are not known while the manifest that a tag stands for is on its way from another region.
    """

    digest: str
    clock: int
    origin: str
    media_type: str | None
    size: int | None

    def is_write_of(self, other: Seen | None) -> bool:
        """Say whether one and the same write made both so."""
        return other is not None and self[:3] == other[:3]


class Happening(NamedTuple):
    """A push or a delete; the tag is empty where it is one of a manifest."""

    clock: int
    action: str
    repository: Repository
    tag: str
    seen: Seen
    origin: str


@contextmanager
def compared(writer: Writer, touched: Sequence[Touched]) -> Iterator[list[Happening]]:
    """Fill a list with what happened within the block, in the order in which it was written first."""
    connection = writer.connection
    before = [_seen(connection, one) for one in touched]
    happened: list[Happening] = []
    yield happened
    for one, was in zip(touched, before, strict=True):
        now = _seen(connection, one)
        happened += _pushed(one.repository, was, now)
        happened += _deleted(connection, one.repository, was, now)
    happened.sort(key=lambda one: (one.clock, one.repository, one.tag, one.seen.digest))


def _pushed(repository: Repository, before: dict[str, Seen], after: dict[str, Seen]) -> Iterator[Happening]:
    written = {key: seen for key, seen in after.items() if not seen.is_write_of(before.get(key))}
    tagged = {seen[:3] for key, seen in written.items() if not _is_digest(key)}
    for key, seen in written.items():
        # A manifest that came with a tag is one push, not two.
        if not _is_digest(key) or seen[:3] not in tagged:
            yield Happening(seen.clock, webhooks.PUSH, repository, "" if _is_digest(key) else key, seen, seen.origin)


def _deleted(
    connection: Connection, repository: Repository, before: dict[str, Seen], after: dict[str, Seen]
) -> Iterator[Happening]:
    for key in before.keys() - after.keys():
        clock, origin = _last_write(connection, repository, key)
        yield Happening(clock, webhooks.DELETE, repository, "" if _is_digest(key) else key, before[key], origin)


def _last_write(connection: Connection, repository: Repository, key: str) -> tuple[int, str]:
    """Return the clock and the region of the write that took a tag or a manifest away."""
    digest = key
    if not _is_digest(key):
        row = connection.execute(_TAG, {**repository._asdict(), "key": key}).one()
        if row.deleted:
            return row.clock, row.origin
        # Then it went with its manifest.
        digest = row.digest
    found = connection.execute(_MANIFEST, {**repository._asdict(), "key": digest}).one()
    return found.clock, found.origin


def _is_digest(key: str) -> bool:
    return ":" in key


_TAG: Final = select(TAG.c.digest, TAG.c.deleted, TAG.c.clock, TAG.c.origin).where(
    TAG.c.registry == bindparam("registry"), TAG.c.repository == bindparam("name"), TAG.c.name == bindparam("key")
)
_MANIFEST: Final = select(MANIFEST.c.clock, MANIFEST.c.origin).where(
    MANIFEST.c.registry == bindparam("registry"),
    MANIFEST.c.repository == bindparam("name"),
    MANIFEST.c.digest == bindparam("key"),
)
_MANIFEST_OF_TAG: Final = and_(
    MANIFEST.c.registry == TAG.c.registry,
    MANIFEST.c.repository == TAG.c.repository,
    MANIFEST.c.digest == TAG.c.digest,
)
_TAGS: Final = (
    select(TAG.c.name, TAG.c.digest, TAG.c.clock, TAG.c.origin, MANIFEST.c.media_type, MANIFEST.c.size)
    .outerjoin_from(TAG, MANIFEST, _MANIFEST_OF_TAG)
    # Unless a delete of its manifest came after the tag; a manifest that is not here yet takes no tag away.
    .where(TAG.c.deleted.is_(False), func.coalesce(MANIFEST.c.buried, 0) < TAG.c.clock)
)
_MANIFESTS: Final = select(
    MANIFEST.c.digest,
    MANIFEST.c.digest,
    MANIFEST.c.clock,
    MANIFEST.c.origin,
    MANIFEST.c.media_type,
    MANIFEST.c.size,
).where(MANIFEST.c.deleted.is_(False))


def _among(query: Select[Any], column: Column[str]) -> Select[Any]:
    table = column.table
    return query.where(
        table.c.registry == bindparam("registry"),
        table.c.repository == bindparam("name"),
        column.in_(bindparam("values", expanding=True)),
    )


# Put together once: there are as many repositories in a part of another region's log as it has rows.
_TAGS_BY_NAME: Final = _among(_TAGS, TAG.c.name)
# From an index alone: asked for all there is of them, SQLite would rather look at all tags of the repository.
_NAMES_BY_DIGEST: Final = _among(select(TAG.c.name).where(TAG.c.deleted.is_(False)), TAG.c.digest)
_MANIFESTS_BY_DIGEST: Final = _among(_MANIFESTS, MANIFEST.c.digest)


def _seen(connection: Connection, touched: Touched) -> dict[str, Seen]:
    """Read what there is of tags and manifests, and of the tags that stand for these, by name and digest."""

    def rows(query: Select[Any], values: Iterable[str]) -> Iterator[Sequence[Any]]:
        for some in batches(sorted(values)):
            yield from connection.execute(query, {**touched.repository._asdict(), "values": some})

    names = {name for name in touched.tags if tags.GRAMMAR.fullmatch(name)}
    names.update(name for (name,) in rows(_NAMES_BY_DIGEST, touched.digests))
    found = (*rows(_TAGS_BY_NAME, names), *rows(_MANIFESTS_BY_DIGEST, touched.digests))
    return {key: Seen(*seen) for key, *seen in found}
