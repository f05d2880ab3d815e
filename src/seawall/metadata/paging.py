"""Tags and manifests page by page, by name or by when they were last written.

A page begins behind an entry. By time that is a name and a reading of the clock: the name alone would say something
else as soon as what it names is written again, and somebody who reads on would miss what lies between.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from sqlalchemy import bindparam, select, tuple_

from seawall.metadata import manifests, properties, tags
from seawall.metadata.schema import MANIFEST, TAG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Column, Connection, Select
    from sqlalchemy import Row as SqlRow

    from seawall.metadata.properties import ManifestProperties, TagProperties
    from seawall.metadata.repositories import Repository

__all__ = ["Order", "Page", "Span", "last_write", "manifests_of", "tags_of"]

_T = TypeVar("_T")

_MOST_OCTETS: Final = 8 * 1024 * 1024
"""Octets of manifests that are read for one page; one more may go beyond."""


class Order(StrEnum):
    """In which order, as the service spells it."""

    NAME = ""
    OLDEST = "timeasc"
    NEWEST = "timedesc"


@dataclass(frozen=True, slots=True)
class Span:
    """At most ``limit`` entries behind ``last``, which was last written ``at``; that counts only by time."""

    order: Order
    last: str
    at: int
    limit: int


@dataclass(frozen=True, slots=True)
class Page(Generic[_T]):
    """Entries, and whether more follow."""

    entries: Sequence[_T]
    more: bool


_TAGS: Final = select(TAG.c.name, TAG.c.digest, TAG.c.created, TAG.c.clock).where(
    TAG.c.registry == bindparam("registry"), TAG.c.repository == bindparam("name"), tags.IS_LISTED
)
_MANIFESTS: Final = select(MANIFEST.c.digest, MANIFEST.c.size).where(
    MANIFEST.c.registry == bindparam("registry"), MANIFEST.c.repository == bindparam("name"), manifests.IS_LISTED
)


def tags_of(connection: Connection, repository: Repository, span: Span, digest: str = "") -> Page[TagProperties]:
    """List tags, all of them or those that stand for a manifest, without those that are not to be listed."""
    query = _TAGS.where(TAG.c.digest == digest) if digest else _TAGS
    rows = _rows(connection, repository, query, TAG.c.name, span)
    entries = properties.of_tags(connection, repository, rows[: span.limit])
    return Page(entries, len(rows) > span.limit)


def manifests_of(connection: Connection, repository: Repository, span: Span) -> Page[ManifestProperties]:
    """List manifests without those that are not to be listed; fewer where they are very large."""
    rows = _rows(connection, repository, _MANIFESTS, MANIFEST.c.digest, span)
    listed: list[str] = []
    room = _MOST_OCTETS
    for digest, size in rows[: span.limit]:
        if room <= 0:
            break
        listed.append(digest)
        room -= size
    return Page(properties.of_manifests(connection, repository, listed), len(rows) > len(listed))


def last_write(connection: Connection, repository: Repository, name: str) -> int | None:
    """Tell when a tag or a manifest was last written, there or not: where a page behind it begins."""
    table, column = (MANIFEST, MANIFEST.c.digest) if ":" in name else (TAG, TAG.c.name)
    query = select(table.c.clock).where(
        table.c.registry == repository.registry, table.c.repository == repository.name, column == name
    )
    return connection.execute(query).scalar()


def _rows(
    connection: Connection, repository: Repository, query: Select[*tuple[Any, ...]], name: Column[str], span: Span
) -> Sequence[SqlRow[*tuple[Any, ...]]]:
    """Find one entry more than the page has."""
    clock = name.table.c.clock
    place, last = tuple_(clock, name), tuple_(bindparam("at"), bindparam("last"))
    match span.order:
        case Order.NAME:
            query = query.where(name > bindparam("last")).order_by(name)
        case Order.OLDEST:
            query = query.where(place > last).order_by(clock, name)
        case Order.NEWEST if span.last:
            query = query.where(place < last).order_by(clock.desc(), name.desc())
        case Order.NEWEST:
            query = query.order_by(clock.desc(), name.desc())
    values = {**repository._asdict(), "last": span.last, "at": span.at, "limit": span.limit + 1}
    return connection.execute(query.limit(bindparam("limit")), values).all()
