"""Tags: names that move between manifests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, bindparam, select

from seawall.metadata.schema import MANIFEST, TAG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from seawall.blobs.digest import Digest
    from seawall.metadata.repositories import Repository
    from seawall.metadata.rows import Writer

__all__ = ["GRAMMAR", "IS_SHOWN", "delete", "of", "page", "put"]


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

_PAGE: Final = (
    select(TAG.c.name)
    .where(
        TAG.c.registry == bindparam("registry"),
        TAG.c.repository == bindparam("name"),
        TAG.c.name > bindparam("last"),
        IS_SHOWN,
    )
    .order_by(TAG.c.name)
    .limit(bindparam("limit"))
)


_IS_THERE: Final = select(TAG.c.name).where(
    TAG.c.registry == bindparam("registry"),
    TAG.c.repository == bindparam("name"),
    TAG.c.name == bindparam("tag"),
    IS_SHOWN,
)


def put(writer: Writer, repository: Repository, name: str, digest: Digest) -> None:
    """Let a tag stand for a manifest from now on."""
    writer.put(TAG, registry=repository.registry, repository=repository.name, name=name, digest=digest)


def delete(writer: Writer, repository: Repository, name: str) -> bool:
    """Remove a tag; say whether it was there."""
    if not GRAMMAR.fullmatch(name):
        return False
    if writer.connection.execute(_IS_THERE, {**repository._asdict(), "tag": name}).first() is None:
        return False
    return writer.delete(TAG, registry=repository.registry, repository=repository.name, name=name) > 0


def of(connection: Connection, repository: Repository, digest: Digest) -> Sequence[str]:
    """List the tags that stand for a manifest."""
    query = select(TAG.c.name).where(
        TAG.c.registry == repository.registry,
        TAG.c.repository == repository.name,
        TAG.c.digest == digest,
        IS_SHOWN,
    )
    return connection.execute(query.order_by(TAG.c.name)).scalars().all()


def page(connection: Connection, repository: Repository, last: str, limit: int) -> Sequence[str]:
    """List at most ``limit`` tags behind ``last``, in lexical order."""
    values = {**repository._asdict(), "last": last, "limit": limit}
    return connection.execute(_PAGE, values).scalars().all()
