"""The tables.

Every row that other regions will need is one of two kinds, so that replication is only shipping rows:

* *immutable*: a manifest's body under its digest never changes;
* *last writer wins*: everything else is a small document under a key.

Both carry ``clock`` (a hybrid logical clock, see :mod:`seawall.metadata.clock`), ``origin`` (the region that wrote it)
and ``deleted`` (a delete is a write too). ``blob`` and ``settings_version`` alone are local.

Names compare by code point on every database (tags are listed in that order), hence the ``C`` collation.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects import postgresql

__all__ = [
    "BLOB",
    "BLOB_LINK",
    "MANIFEST",
    "METADATA",
    "PRINCIPAL",
    "READINESS",
    "REGISTRY",
    "REPOSITORY",
    "SCOPE_MAP",
    "SETTINGS",
    "SETTINGS_VERSION",
    "SIGNING_KEY",
    "TAG",
]

METADATA: Final = MetaData()

_NAME: Final = String().with_variant(postgresql.VARCHAR(collation="C"), "postgresql")


def _key(*names: str) -> list[Column[str]]:
    return [Column(name, _NAME, primary_key=True) for name in names]


def _written() -> tuple[Column[int], Column[str], Column[bool]]:
    return (
        Column("clock", BigInteger, nullable=False),
        Column("origin", _NAME, nullable=False),
        Column("deleted", Boolean, nullable=False),
    )


# Rows are found by their natural keys, so SQLite needs no hidden row number beside them.
_KEYED: Final[dict[str, Any]] = {"sqlite_with_rowid": False}

REGISTRY: Final = Table(
    "registry", METADATA, *_key("registry"), Column("document", Text, nullable=False), *_written(), **_KEYED
)
"""A registry's settings; the document is that of :class:`seawall.topology.Registry`, its name left out."""

SCOPE_MAP: Final = Table(
    "scope_map",
    METADATA,
    *_key("registry", "name"),
    Column("document", Text, nullable=False),
    *_written(),
    **_KEYED,
)
"""Named lists of actions on repositories."""

PRINCIPAL: Final = Table(
    "principal",
    METADATA,
    *_key("registry", "name"),
    Column("document", Text, nullable=False),
    *_written(),
    **_KEYED,
)
"""Who may sign in: the admin user and tokens, with hashes of their passwords."""

SIGNING_KEY: Final = Table(
    "signing_key",
    METADATA,
    *_key("purpose", "name"),
    Column("secret", LargeBinary, nullable=False),
    *_written(),
    **_KEYED,
)
"""Keys that sign tokens and links; the clock tells their age."""

REPOSITORY: Final = Table("repository", METADATA, *_key("registry", "repository"), *_written(), **_KEYED)
"""Repositories that have had a manifest."""

MANIFEST: Final = Table(
    "manifest",
    METADATA,
    *_key("registry", "repository", "digest"),
    *_written(),
    Column("media_type", _NAME, nullable=False),
    Column("artifact_type", _NAME, nullable=False),
    Column("subject", _NAME, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("annotations", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("manifest_by_subject", "registry", "repository", "subject", "digest"),
)
"""Manifests, byte for byte; ``subject`` is empty for those that refer to none."""

TAG: Final = Table(
    "tag",
    METADATA,
    *_key("registry", "repository", "name"),
    Column("digest", _NAME, nullable=False),
    *_written(),
    Index("tag_by_digest", "registry", "repository", "digest"),
    **_KEYED,
)
"""Tags and the manifests they stand for."""

BLOB_LINK: Final = Table(
    "blob_link",
    METADATA,
    *_key("registry", "repository", "digest"),
    *_written(),
    Index("blob_link_by_digest", "registry", "digest", "repository"),
    **_KEYED,
)
"""Which repositories a blob may be read through."""

READINESS: Final = Table(
    "readiness",
    METADATA,
    *_key("registry", "principal", "client"),
    Column("address", _NAME, nullable=False),
    Column("document", Text, nullable=False),
    *_written(),
    **_KEYED,
)
"""What clients last reported about dedicated data endpoints; the clock tells when."""

SETTINGS: Final = frozenset((REGISTRY, SCOPE_MAP, PRINCIPAL, SIGNING_KEY))
"""Tables that change rarely and that every request reads."""

SETTINGS_VERSION: Final = Table(
    "settings_version",
    METADATA,
    Column("one", BigInteger, primary_key=True),
    Column("version", BigInteger, nullable=False),
)
"""One row, whose number grows with every change of a settings table. Local, like ``blob``."""

BLOB: Final = Table("blob", METADATA, *_key("digest"), Column("size", BigInteger, nullable=False), **_KEYED)
"""Blobs whose bytes this node holds."""
