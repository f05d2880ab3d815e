"""Tags: names that move between manifests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, select

from seawall.metadata.schema import TAG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from seawall.blobs.digest import Digest
    from seawall.metadata.repositories import Repository
    from seawall.metadata.rows import Writer

__all__ = ["GRAMMAR", "delete", "delete_all_of", "page", "put"]


GRAMMAR: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
"""What a tag looks like; OCI distribution specification, "Pulling manifests"."""


_PAGE: Final = (
    select(TAG.c.name)
    .where(
        TAG.c.registry == bindparam("registry"),
        TAG.c.repository == bindparam("name"),
        TAG.c.name > bindparam("last"),
        TAG.c.deleted.is_(False),
    )
    .order_by(TAG.c.name)
    .limit(bindparam("limit"))
)


def put(writer: Writer, repository: Repository, name: str, digest: Digest) -> None:
    """Let a tag stand for a manifest from now on."""
    writer.put(TAG, registry=repository.registry, repository=repository.name, name=name, digest=digest)


def delete(writer: Writer, repository: Repository, name: str) -> bool:
    """Remove a tag; say whether it was there."""
    if not GRAMMAR.fullmatch(name):
        return False
    return writer.delete(TAG, registry=repository.registry, repository=repository.name, name=name) > 0


def delete_all_of(writer: Writer, repository: Repository, digest: Digest) -> None:
    """Remove every tag that stands for a manifest."""
    writer.delete(TAG, registry=repository.registry, repository=repository.name, digest=digest)


def page(connection: Connection, repository: Repository, last: str, limit: int) -> Sequence[str]:
    """List at most ``limit`` tags behind ``last``, in lexical order."""
    values = {**repository._asdict(), "last": last, "limit": limit}
    return connection.execute(_PAGE, values).scalars().all()
