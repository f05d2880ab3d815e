"""Tags: names that move between manifests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, bindparam, select

from seawall.metadata.batches import batches
from seawall.metadata.locks import Right, withholding
from seawall.metadata.schema import MANIFEST, TAG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from seawall.blobs.digest import Digest
    from seawall.metadata.repositories import Repository
    from seawall.metadata.rows import Writer

__all__ = ["GRAMMAR", "IS_LISTED", "IS_SHOWN", "delete", "delete_all", "first", "of", "page", "put"]


GRAMMAR: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
"""What a tag looks like; OCI distribution specification, "Pulling manifests"."""


IS_SHOWN: Final = and_(
    TAG.c.deleted.is_(False),
    MANIFEST.c.registry == TAG.c.registry,
    MANIFEST.c.repository == TAG.c.repository,
    MANIFEST.c.digest == TAG.c.digest,
    MANIFEST.c.deleted.is_(False),
    MANIFEST.c.buried < TAG.c.clock,
)
"""A tag is there if its manifest is, and no delete of the manifest came after the tag.

So it is when a manifest is deleted in one region while another lets a tag stand for it: the later of the two counts.
"""

IS_LISTED: Final = and_(IS_SHOWN, ~withholding(Right.LIST, TAG.c.registry, TAG.c.repository, TAG.c.name).exists())
"""A tag is listed if it is there, unless a lock on it or on its repository is against that."""

_PAGE: Final = (
    select(TAG.c.name)
    .where(
        TAG.c.registry == bindparam("registry"),
        TAG.c.repository == bindparam("name"),
        TAG.c.name > bindparam("last"),
        IS_LISTED,
    )
    .order_by(TAG.c.name)
    .limit(bindparam("limit"))
)


_CREATED: Final = select(TAG.c.created).where(
    TAG.c.registry == bindparam("registry"),
    TAG.c.repository == bindparam("name"),
    TAG.c.name == bindparam("tag"),
    IS_SHOWN,
)
# In no order: asked for them by name, SQLite would rather look at all tags of the repository.
_OF: Final = select(TAG.c.name).where(
    TAG.c.registry == bindparam("registry"),
    TAG.c.repository == bindparam("name"),
    TAG.c.digest == bindparam("digest"),
    IS_SHOWN,
)


def put(writer: Writer, repository: Repository, name: str, digest: Digest) -> None:
    """Let a tag stand for a manifest from now on; one that is not there is made."""
    created = _created(writer.connection, repository, name) or writer.clock
    writer.put(TAG, registry=repository.registry, repository=repository.name, name=name, digest=digest, created=created)


def delete(writer: Writer, repository: Repository, name: str) -> bool:
    """Remove a tag; say whether it was there."""
    if not GRAMMAR.fullmatch(name):
        return False
    if _created(writer.connection, repository, name) is None:
        return False
    return writer.delete(TAG, registry=repository.registry, repository=repository.name, name=name) > 0


def delete_all(writer: Writer, repository: Repository, names: Sequence[str]) -> None:
    """Remove tags that are there."""
    for some in batches(names):
        writer.delete(TAG, registry=repository.registry, repository=repository.name, name=list(some))


def first(connection: Connection, repository: Repository, limit: int) -> Sequence[str]:
    """Return the first tags of a repository, at most ``limit``, to be listed or not."""
    query = select(TAG.c.name).where(
        TAG.c.registry == repository.registry, TAG.c.repository == repository.name, IS_SHOWN
    )
    return connection.execute(query.order_by(TAG.c.name).limit(limit)).scalars().all()


def of(connection: Connection, repository: Repository, digest: Digest) -> Sequence[str]:
    """List the tags that stand for a manifest, by name."""
    return sorted(connection.execute(_OF, {**repository._asdict(), "digest": digest}).scalars())


def page(connection: Connection, repository: Repository, last: str, limit: int) -> Sequence[str]:
    """List at most ``limit`` tags behind ``last``, in lexical order, without those that are not to be listed."""
    values = {**repository._asdict(), "last": last, "limit": limit}
    return connection.execute(_PAGE, values).scalars().all()


def _created(connection: Connection, repository: Repository, name: str) -> int | None:
    """Return when a tag was made; nothing if it is not there."""
    return connection.execute(_CREATED, {**repository._asdict(), "tag": name}).scalar()
