"""The tables that regions share; those of a node's own are in :mod:`seawall.metadata.own`.

Every row that other regions will need is one of two kinds, so that replication is only shipping rows:

* *immutable*: a manifest's body under its digest never changes;
* *last writer wins*: everything else is a small document under a key.

Both carry ``clock`` (a hybrid logical clock, see :mod:`seawall.metadata.clock`), ``origin`` (the region that wrote it),
``deleted`` (a delete is a write too) and ``sequence`` (where the row was last written in *this* database's log). So the
log that other regions read is the rows themselves, in order of ``sequence``: it holds every row once, in its present
form, and never grows beyond them.

What clients ask the age of also carries ``created``: the clock of the write that made it, kept by the writes that
change it, until it is deleted. It is a part of the row like any other, so it is the winner's everywhere.

A thing with several settings has a row for each (``setting``, ``principal``, ``webhook``, ``region``), so that changes
of two of them in two regions do not undo each other.

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
    text,
)
from sqlalchemy.dialects import postgresql

__all__ = [
    "BLOB_LINK",
    "KEYED",
    "LOCK",
    "MANIFEST",
    "METADATA",
    "NAME",
    "PRINCIPAL",
    "READINESS",
    "REGION",
    "REPLICATED",
    "REPOSITORY",
    "SCOPE_MAP",
    "SETTING",
    "SETTINGS",
    "SIGNING_KEY",
    "TAG",
    "WEBHOOK",
    "key",
]

METADATA: Final = MetaData()

NAME: Final = String().with_variant(postgresql.VARCHAR(collation="C"), "postgresql")


def key(*names: str) -> list[Column[str]]:
    """Declare the columns by which rows are found."""
    return [Column(name, NAME, primary_key=True) for name in names]


def _written(table: str) -> tuple[Column[int], Column[str], Column[bool], Column[int], Index]:
    return (
        Column("clock", BigInteger, nullable=False),
        Column("origin", NAME, nullable=False),
        Column("deleted", Boolean, nullable=False),
        Column("sequence", BigInteger, nullable=False),
        Index(f"{table}_by_sequence", "sequence"),
    )


def _created() -> Column[int]:
    return Column("created", BigInteger, nullable=False)


def _of_those_there(name: str, *columns: str) -> Index:
    """Declare an index without what is deleted: in order of time, and for counting without a look at the rows.

    That ``deleted`` is the same in all of it SQLite does not see, and would look at the rows if it were not in it.
    """
    return Index(
        name, *columns, "deleted", sqlite_where=text("deleted IS 0"), postgresql_where=text("deleted IS false")
    )


KEYED: Final[dict[str, Any]] = {"sqlite_with_rowid": False}
"""Rows are found by their natural keys, so SQLite needs no hidden row number beside them."""

SETTING: Final = Table(
    "setting",
    METADATA,
    *key("registry", "name"),
    Column("document", Text, nullable=False),
    *_written("setting"),
    **KEYED,
)
"""A registry's settings, replicas and network rules; see :mod:`seawall.metadata.registries`."""

SCOPE_MAP: Final = Table(
    "scope_map",
    METADATA,
    *key("registry", "name"),
    Column("document", Text, nullable=False),
    *_written("scope_map"),
    **KEYED,
)
"""Named lists of actions on repositories."""

PRINCIPAL: Final = Table(
    "principal",
    METADATA,
    *key("registry", "name", "field"),
    Column("document", Text, nullable=False),
    *_written("principal"),
    **KEYED,
)
"""Who may sign in: the admin user and tokens, with hashes of their passwords."""

SIGNING_KEY: Final = Table(
    "signing_key",
    METADATA,
    *key("purpose", "name"),
    Column("secret", LargeBinary, nullable=False),
    *_written("signing_key"),
    **KEYED,
)
"""Keys that sign tokens and links; the clock tells their age."""

REPOSITORY: Final = Table(
    "repository", METADATA, *key("registry", "repository"), *_written("repository"), _created(), **KEYED
)
"""Repositories that have had a manifest."""

MANIFEST: Final = Table(
    "manifest",
    METADATA,
    *key("registry", "repository", "digest"),
    *_written("manifest"),
    _created(),
    Column("buried", BigInteger, nullable=False, default=0),
    Column("media_type", NAME, nullable=False),
    Column("artifact_type", NAME, nullable=False),
    Column("subject", NAME, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("annotations", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("manifest_by_subject", "registry", "repository", "subject", "digest"),
    _of_those_there("manifest_by_time", "registry", "repository", "clock", "digest"),
    _of_those_there("manifest_by_digest", "registry", "digest", "size"),
    Index(
        "manifest_by_burial",
        *("registry", "repository", "digest", "buried", "deleted"),
        sqlite_where=text("buried > 0"),
        postgresql_where=text("buried > 0"),
    ),
)
"""Manifests, byte for byte; ``subject`` is empty for those that refer to none.

``buried`` is the clock of the last delete. It takes every tag with it that was written before, in whichever region:
such a tag is not shown, also not when the manifest is pushed again.
"""

TAG: Final = Table(
    "tag",
    METADATA,
    *key("registry", "repository", "name"),
    Column("digest", NAME, nullable=False),
    *_written("tag"),
    _created(),
    # With all that finding a manifest's tags takes: else SQLite would rather look at all tags of the repository.
    Index("tag_by_digest", "registry", "repository", "digest", "clock", "deleted"),
    _of_those_there("tag_by_time", "registry", "repository", "clock", "name"),
    **KEYED,
)
"""Tags and the manifests they stand for."""

BLOB_LINK: Final = Table(
    "blob_link",
    METADATA,
    *key("registry", "repository", "digest"),
    Column("size", BigInteger, nullable=False),
    *_written("blob_link"),
    # With all that counting layers and their octets takes: a look at each row takes many times as long.
    Index("blob_link_by_digest", "registry", "digest", "repository", "size", "deleted"),
    **KEYED,
)
"""Which repositories a blob may be read through, and its size; its bytes may still be in another region only."""

LOCK: Final = Table(
    "lock",
    METADATA,
    *key("registry", "repository", "name", "field"),
    Column("allowed", Boolean, nullable=False),
    *_written("lock"),
    **KEYED,
)
"""What may be done with a repository (whose ``name`` is empty), a tag or a manifest."""

WEBHOOK: Final = Table(
    "webhook",
    METADATA,
    *key("registry", "name", "field"),
    Column("document", Text, nullable=False),
    *_written("webhook"),
    **KEYED,
)
"""Who is told of pushes and deletes; see :mod:`seawall.metadata.webhooks`."""

REGION: Final = Table(
    "region",
    METADATA,
    *key("region", "field"),
    Column("document", Text, nullable=False),
    *_written("region"),
    **KEYED,
)
"""The regions whose nodes replicate from one another."""

READINESS: Final = Table(
    "readiness",
    METADATA,
    *key("registry", "principal", "client"),
    Column("address", NAME, nullable=False),
    Column("document", Text, nullable=False),
    *_written("readiness"),
    **KEYED,
)
"""What clients last reported about dedicated data endpoints; the clock tells when."""

REPLICATED: Final = (
    REGION,
    SETTING,
    SCOPE_MAP,
    PRINCIPAL,
    WEBHOOK,
    SIGNING_KEY,
    LOCK,
    REPOSITORY,
    BLOB_LINK,
    MANIFEST,
    TAG,
    READINESS,
)
"""What every region holds a copy of, in an order in which what is referred to comes before what refers to it."""

SETTINGS: Final = frozenset((REGION, SETTING, SCOPE_MAP, PRINCIPAL, WEBHOOK, SIGNING_KEY))
"""Tables that change rarely and that every request reads."""
