"""Which repositories blobs may be read through. Their bytes are the store's business, and may be elsewhere only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, select

from seawall.metadata.batches import batches
from seawall.metadata.locks import Right, withholding
from seawall.metadata.schema import BLOB_LINK

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from seawall.blobs.digest import Digest
    from seawall.metadata.repositories import Repository
    from seawall.metadata.rows import Writer

__all__ = ["all_of", "link", "missing", "repositories_with", "size_in", "unlink"]


_LINKED: Final = select(BLOB_LINK.c.digest).where(
    BLOB_LINK.c.registry == bindparam("registry"),
    BLOB_LINK.c.repository == bindparam("name"),
    BLOB_LINK.c.deleted.is_(False),
)
_SIZE: Final = _LINKED.where(BLOB_LINK.c.digest == bindparam("digest")).with_only_columns(BLOB_LINK.c.size)


def link(writer: Writer, repository: Repository, digest: Digest, size: int) -> None:
    """Let a blob be read through a repository; to upload one again is a write too, and outdoes a delete elsewhere."""
    writer.put(BLOB_LINK, registry=repository.registry, repository=repository.name, digest=digest, size=size)


def unlink(writer: Writer, repository: Repository, digest: Digest) -> bool:
    """Let a blob no longer be read through a repository; say whether it could."""
    return writer.delete(BLOB_LINK, registry=repository.registry, repository=repository.name, digest=digest) > 0


def size_in(connection: Connection, repository: Repository, digest: Digest) -> int | None:
    """Return a blob's size in bytes if it may be read through a repository."""
    return connection.execute(_SIZE, {**repository._asdict(), "digest": digest}).scalar_one_or_none()


def all_of(connection: Connection, registry: str) -> dict[Digest, int]:
    """Return the blobs that may be read through any repository of a registry, and their sizes in bytes."""
    query = select(BLOB_LINK.c.digest, BLOB_LINK.c.size)
    rows = connection.execute(query.where(BLOB_LINK.c.registry == registry, BLOB_LINK.c.deleted.is_(False)))
    return {row.digest: row.size for row in rows}


def missing(connection: Connection, repository: Repository, digests: Iterable[Digest]) -> list[Digest]:
    """Return those of some digests that are no blobs of a repository."""
    wanted = list(dict.fromkeys(digests))
    found: set[str] = set()
    for some in batches(wanted):
        query = _LINKED.where(BLOB_LINK.c.digest.in_(some))
        found.update(connection.execute(query, repository._asdict()).scalars())
    return [digest for digest in wanted if digest not in found]


def repositories_with(connection: Connection, registry: str, digest: Digest) -> Sequence[str]:
    """List the repositories of a registry that a blob may be read through, without those locked against reading."""
    query = select(BLOB_LINK.c.repository).where(
        BLOB_LINK.c.registry == registry,
        BLOB_LINK.c.digest == digest,
        BLOB_LINK.c.deleted.is_(False),
        ~withholding(Right.READ, BLOB_LINK.c.registry, BLOB_LINK.c.repository).exists(),
    )
    return connection.execute(query).scalars().all()
