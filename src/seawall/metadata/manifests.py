"""Manifests: kept byte for byte under their digest, found by it, by tag and by subject."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import and_, bindparam, func, select

from seawall.metadata import tags
from seawall.metadata.batches import batches
from seawall.metadata.locks import Right, withholding
from seawall.metadata.schema import MANIFEST, TAG

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from seawall.blobs.digest import Digest
    from seawall.metadata.repositories import Repository
    from seawall.metadata.rows import Writer

__all__ = [
    "IS_LISTED",
    "Descriptor",
    "Manifest",
    "by_digest",
    "by_tag",
    "delete",
    "delete_all",
    "first",
    "missing",
    "put",
    "referrers",
]


LARGEST_LIST: Final = 3 * 1024 * 1024
DESCRIPTOR_ROOM: Final = 512


class Manifest(NamedTuple):
    """A manifest as clients get it."""

    digest: Digest
    media_type: str
    body: bytes


class Descriptor(NamedTuple):
    """What a referrers list says of one manifest."""

    digest: Digest
    media_type: str
    artifact_type: str
    size: int
    annotations: Mapping[str, str]


IS_LISTED: Final = and_(
    MANIFEST.c.deleted.is_(False),
    ~withholding(Right.LIST, MANIFEST.c.registry, MANIFEST.c.repository, MANIFEST.c.digest).exists(),
)
"""A manifest is listed if it is there, unless a lock on it or on its repository is against that."""

_HERE: Final = select(MANIFEST.c.digest, MANIFEST.c.media_type, MANIFEST.c.body).where(
    MANIFEST.c.registry == bindparam("registry"),
    MANIFEST.c.repository == bindparam("name"),
    MANIFEST.c.deleted.is_(False),
)
_BY_DIGEST: Final = _HERE.where(MANIFEST.c.digest == bindparam("digest"))
_CREATED: Final = _BY_DIGEST.with_only_columns(MANIFEST.c.created)
_BY_TAG: Final = _HERE.where(tags.IS_SHOWN, TAG.c.name == bindparam("tag"))


def put(
    writer: Writer,
    repository: Repository,
    manifest: Manifest,
    *,
    artifact_type: str,
    subject: str,
    annotations: Mapping[str, str],
) -> None:
    """Keep a manifest; to push one again that is there is a write too, and outdoes a delete in another region."""
    known = writer.connection.execute(_CREATED, {**repository._asdict(), "digest": manifest.digest}).scalar()
    writer.put(
        MANIFEST,
        registry=repository.registry,
        repository=repository.name,
        digest=manifest.digest,
        created=known or writer.clock,
        buried=0,
        media_type=manifest.media_type,
        artifact_type=artifact_type,
        subject=subject,
        size=len(manifest.body),
        annotations=json.dumps(annotations, sort_keys=True),
        body=manifest.body,
    )


def by_digest(connection: Connection, repository: Repository, digest: Digest) -> Manifest | None:
    """Find a manifest by its digest."""
    row = connection.execute(_BY_DIGEST, {**repository._asdict(), "digest": digest}).first()
    return Manifest(*row) if row else None


def by_tag(connection: Connection, repository: Repository, tag: str) -> Manifest | None:
    """Find the manifest that a tag stands for."""
    if not tags.GRAMMAR.fullmatch(tag):
        return None
    row = connection.execute(_BY_TAG, {**repository._asdict(), "tag": tag}).first()
    return Manifest(*row) if row else None


def missing(connection: Connection, repository: Repository, digests: Iterable[Digest]) -> list[Digest]:
    """Return those of some digests that are no manifests of a repository."""
    wanted = list(dict.fromkeys(digests))
    found: set[str] = set()
    for some in batches(wanted):
        query = select(MANIFEST.c.digest).where(
            MANIFEST.c.registry == repository.registry,
            MANIFEST.c.repository == repository.name,
            MANIFEST.c.digest.in_(some),
            MANIFEST.c.deleted.is_(False),
        )
        found.update(connection.execute(query).scalars())
    return [digest for digest in wanted if digest not in found]


def delete(writer: Writer, repository: Repository, digest: Digest) -> bool:
    """Remove a manifest and with it the tags that stand for it; say whether it was there."""
    return writer.delete(MANIFEST, registry=repository.registry, repository=repository.name, digest=digest) > 0


def delete_all(writer: Writer, repository: Repository, digests: Sequence[Digest]) -> None:
    """Remove manifests, and with them the tags that stand for them."""
    for some in batches(digests):
        writer.delete(MANIFEST, registry=repository.registry, repository=repository.name, digest=list(some))


def first(connection: Connection, repository: Repository, limit: int) -> Sequence[Digest]:
    """Return the first manifests of a repository, at most ``limit``, to be listed or not."""
    query = select(MANIFEST.c.digest).where(
        MANIFEST.c.registry == repository.registry,
        MANIFEST.c.repository == repository.name,
        MANIFEST.c.deleted.is_(False),
    )
    return connection.execute(query.order_by(MANIFEST.c.digest).limit(limit)).scalars().all()


def referrers(
    connection: Connection,
    repository: Repository,
    subject: Digest,
    artifact_type: str | None,
    last: str,
    limit: int,
) -> tuple[Sequence[Descriptor], bool]:
    """List at most ``limit`` manifests that refer to a subject, with digests behind ``last``, in order of digest.

    Those that are not to be listed are left out.
    Fewer are listed where their annotations are so large that the list would be larger than a manifest may be (OCI
    distribution specification, "Listing Referrers").

    Returns:
        The manifests, and whether there are more.
    """
    query = (
        select(MANIFEST.c.digest, func.length(MANIFEST.c.annotations).label("length"))
        .where(
            MANIFEST.c.registry == repository.registry,
            MANIFEST.c.repository == repository.name,
            MANIFEST.c.subject == subject,
            MANIFEST.c.digest > last,
            IS_LISTED,
        )
        .order_by(MANIFEST.c.digest)
        .limit(limit + 1)
    )
    if artifact_type is not None:
        if "\0" in artifact_type:  # PostgreSQL cannot even look for it
            return [], False
        query = query.where(MANIFEST.c.artifact_type == artifact_type)
    rows = connection.execute(query).all()
    listed: list[str] = []
    room = LARGEST_LIST
    for row in rows[:limit]:
        room -= row.length + DESCRIPTOR_ROOM
        # One is listed however large it is: it was smaller than a manifest may be when it came.
        if listed and room < 0:
            break
        listed.append(row.digest)
    details = (
        select(
            MANIFEST.c.digest,
            MANIFEST.c.media_type,
            MANIFEST.c.artifact_type,
            MANIFEST.c.size,
            MANIFEST.c.annotations,
        )
        .where(
            MANIFEST.c.registry == repository.registry,
            MANIFEST.c.repository == repository.name,
            MANIFEST.c.digest.in_(listed),
        )
        .order_by(MANIFEST.c.digest)
    )
    found = [Descriptor(*row[:-1], json.loads(row.annotations)) for row in connection.execute(details)]
    return found, len(rows) > len(listed)
