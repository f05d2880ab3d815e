"""What clients read: manifests and blobs, and whether a lock keeps them from it, found in one look.

A lock on a repository is against reading anything in it. One on a manifest is against reading that manifest, by
whatever name; one on a tag is against reading by that tag, and what it stands for may be read by its digest or another
tag. Blobs may belong to several manifests, so only their repository's lock counts for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import bindparam, select

from seawall.metadata import tags
from seawall.metadata.locks import Right, withholding
from seawall.metadata.manifests import Manifest
from seawall.metadata.schema import BLOB_LINK, MANIFEST, TAG

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from seawall.blobs.digest import Digest
    from seawall.metadata.repositories import Repository

__all__ = ["FoundBlob", "FoundManifest", "blob", "manifest_by_digest", "manifest_by_tag"]


class FoundManifest(NamedTuple):
    """A manifest that is there.

    Attributes:
        manifest: The manifest.
        locked: What is locked against reading: a tag, a digest, the repository itself, or ``None`` for nothing.
    """

    manifest: Manifest
    locked: str | None


class FoundBlob(NamedTuple):
    """A blob that is linked.

    Attributes:
        size: Its size in bytes.
        locked: What is locked against reading, the repository itself; or ``None``.
    """

    size: int
    locked: str | None


_MANIFEST: Final = select(MANIFEST.c.digest, MANIFEST.c.media_type, MANIFEST.c.body).where(
    MANIFEST.c.registry == bindparam("registry"),
    MANIFEST.c.repository == bindparam("name"),
    MANIFEST.c.deleted.is_(False),
)
_LOCK: Final = withholding(Right.READ, MANIFEST.c.registry, MANIFEST.c.repository, MANIFEST.c.digest)
_TAG_LOCK: Final = withholding(Right.READ, MANIFEST.c.registry, MANIFEST.c.repository, MANIFEST.c.digest, TAG.c.name)
_BY_DIGEST: Final = _MANIFEST.add_columns(_LOCK.limit(1).scalar_subquery()).where(
    MANIFEST.c.digest == bindparam("digest")
)
_BY_TAG: Final = _MANIFEST.add_columns(_TAG_LOCK.limit(1).scalar_subquery()).where(
    tags.IS_SHOWN, TAG.c.name == bindparam("tag")
)
_BLOB: Final = select(
    BLOB_LINK.c.size,
    withholding(Right.READ, BLOB_LINK.c.registry, BLOB_LINK.c.repository).limit(1).scalar_subquery(),
).where(
    BLOB_LINK.c.registry == bindparam("registry"),
    BLOB_LINK.c.repository == bindparam("name"),
    BLOB_LINK.c.digest == bindparam("digest"),
    BLOB_LINK.c.deleted.is_(False),
)


def manifest_by_digest(connection: Connection, repository: Repository, digest: Digest) -> FoundManifest | None:
    """Find a manifest by its digest."""
    row = connection.execute(_BY_DIGEST, {**repository._asdict(), "digest": digest}).first()
    return FoundManifest(Manifest(*row[:3]), row[3]) if row else None


def manifest_by_tag(connection: Connection, repository: Repository, tag: str) -> FoundManifest | None:
    """Find the manifest that a tag stands for."""
    if not tags.GRAMMAR.fullmatch(tag):
        return None
    row = connection.execute(_BY_TAG, {**repository._asdict(), "tag": tag}).first()
    return FoundManifest(Manifest(*row[:3]), row[3]) if row else None


def blob(connection: Connection, repository: Repository, digest: Digest) -> FoundBlob | None:
    """Find a blob that is linked to a repository."""
    row = connection.execute(_BLOB, {**repository._asdict(), "digest": digest}).first()
    return FoundBlob(*row) if row else None
