"""The tables.

Every row that other regions will need is one of two kinds, so that replication is only shipping rows:

* *immutable*: a manifest's body under its digest never changes;
* *last writer wins*: everything else is a small document under a key.

Both carry ``clock`` (a hybrid logical clock, see :mod:`seawall.metadata.clock`), ``origin`` (the region that wrote it),
``deleted`` (a delete is a write too) and ``sequence`` (where the row was last written in *this* database's log). So the
log that other regions read is the rows themselves, in order of ``sequence``: it holds every row once, in its present
form, and never grows beyond them.

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
)
from sqlalchemy.dialects import postgresql

__all__ = [
    "BLOB_LINK",
    "EVENT",
    "INVITATION",
    "LOCK",
    "LOG",
    "MANIFEST",
    "METADATA",
    "NODE_KEY",
    "PEER",
    "PRINCIPAL",
    "READINESS",
    "REGION",
    "REPLICATED",
    "REPOSITORY",
    "SCOPE_MAP",
    "SETTING",
    "SETTINGS",
    "SETTINGS_VERSION",
    "SIGNING_KEY",
    "TAG",
    "WANT",
    "WEBHOOK",
]

METADATA: Final = MetaData()

_NAME: Final = String().with_variant(postgresql.VARCHAR(collation="C"), "postgresql")


def _key(*names: str) -> list[Column[str]]:
    return [Column(name, _NAME, primary_key=True) for name in names]


def _written(table: str) -> tuple[Column[int], Column[str], Column[bool], Column[int], Index]:
    return (
        Column("clock", BigInteger, nullable=False),
        Column("origin", _NAME, nullable=False),
        Column("deleted", Boolean, nullable=False),
        Column("sequence", BigInteger, nullable=False),
        Index(f"{table}_by_sequence", "sequence"),
    )


# Rows are found by their natural keys, so SQLite needs no hidden row number beside them.
_KEYED: Final[dict[str, Any]] = {"sqlite_with_rowid": False}

SETTING: Final = Table(
    "setting",
    METADATA,
    *_key("registry", "name"),
    Column("document", Text, nullable=False),
    *_written("setting"),
    **_KEYED,
)
"""A registry's settings, replicas and network rules; see :mod:`seawall.metadata.registries`."""

SCOPE_MAP: Final = Table(
    "scope_map",
    METADATA,
    *_key("registry", "name"),
    Column("document", Text, nullable=False),
    *_written("scope_map"),
    **_KEYED,
)
"""Named lists of actions on repositories."""

PRINCIPAL: Final = Table(
    "principal",
    METADATA,
    *_key("registry", "name", "field"),
    Column("document", Text, nullable=False),
    *_written("principal"),
    **_KEYED,
)
"""Who may sign in: the admin user and tokens, with hashes of their passwords."""

SIGNING_KEY: Final = Table(
    "signing_key",
    METADATA,
    *_key("purpose", "name"),
    Column("secret", LargeBinary, nullable=False),
    *_written("signing_key"),
    **_KEYED,
)
"""Keys that sign tokens and links; the clock tells their age."""

REPOSITORY: Final = Table("repository", METADATA, *_key("registry", "repository"), *_written("repository"), **_KEYED)
"""Repositories that have had a manifest."""

MANIFEST: Final = Table(
    "manifest",
    METADATA,
    *_key("registry", "repository", "digest"),
    *_written("manifest"),
    Column("buried", BigInteger, nullable=False, default=0),
    Column("media_type", _NAME, nullable=False),
    Column("artifact_type", _NAME, nullable=False),
    Column("subject", _NAME, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("annotations", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("manifest_by_subject", "registry", "repository", "subject", "digest"),
)
"""Manifests, byte for byte; ``subject`` is empty for those that refer to none.

``buried`` is the clock of the last delete. It takes every tag with it that was written before, in whichever region:
such a tag is not shown, also not when the manifest is pushed again.
"""

TAG: Final = Table(
    "tag",
    METADATA,
    *_key("registry", "repository", "name"),
    Column("digest", _NAME, nullable=False),
    *_written("tag"),
    Index("tag_by_digest", "registry", "repository", "digest"),
    **_KEYED,
)
"""Tags and the manifests they stand for."""

BLOB_LINK: Final = Table(
    "blob_link",
    METADATA,
    *_key("registry", "repository", "digest"),
    Column("size", BigInteger, nullable=False),
    *_written("blob_link"),
    Index("blob_link_by_digest", "registry", "digest", "repository"),
    **_KEYED,
)
"""Which repositories a blob may be read through, and its size; its bytes may still be in another region only."""

LOCK: Final = Table(
    "lock",
    METADATA,
    *_key("registry", "repository", "name", "field"),
    Column("allowed", Boolean, nullable=False),
    *_written("lock"),
    **_KEYED,
)
"""What may be done with a repository (whose ``name`` is empty), a tag or a manifest."""

WEBHOOK: Final = Table(
    "webhook",
    METADATA,
    *_key("registry", "name", "field"),
    Column("document", Text, nullable=False),
    *_written("webhook"),
    **_KEYED,
)
"""Who is told of pushes and deletes; see :mod:`seawall.metadata.webhooks`."""

REGION: Final = Table(
    "region",
    METADATA,
    *_key("region", "field"),
    Column("document", Text, nullable=False),
    *_written("region"),
    **_KEYED,
)
"""The regions whose nodes replicate from one another."""

READINESS: Final = Table(
    "readiness",
    METADATA,
    *_key("registry", "principal", "client"),
    Column("address", _NAME, nullable=False),
    Column("document", Text, nullable=False),
    *_written("readiness"),
    **_KEYED,
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

# From here on: what only this node's own database needs to know.

SETTINGS_VERSION: Final = Table(
    "settings_version",
    METADATA,
    Column("one", BigInteger, primary_key=True),
    Column("version", BigInteger, nullable=False),
)
"""One row, whose number grows with every change of a settings table."""

LOG: Final = Table(
    "log",
    METADATA,
    Column("epoch", _NAME, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("clock", BigInteger, nullable=False),
)
"""One row: the log's name, where its last transaction stands in it, and the last reading of the clock."""

PEER: Final = Table(
    "peer",
    METADATA,
    *_key("region"),
    Column("epoch", _NAME, nullable=False),
    Column("cursor", BigInteger, nullable=False),
    Column("head", BigInteger, nullable=False),
    Column("applied", BigInteger, nullable=False),
    Column("heard", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("followed_epoch", _NAME, nullable=False),
    Column("followed", BigInteger, nullable=False),
    **_KEYED,
)
"""How far this node has read other regions' logs, and they its own; times are milliseconds since 1970."""

WANT: Final = Table(
    "want",
    METADATA,
    *_key("digest"),
    Column("size", BigInteger, nullable=False),
    Column("tagged", Boolean, nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
    **_KEYED,
)
"""Blobs that are known here and still to be copied from other regions; times are milliseconds since 1970."""

EVENT: Final = Table(
    "event",
    METADATA,
    *_key("registry", "webhook", "identifier"),
    *(Column(name, BigInteger, nullable=False) for name in ("sequence", "number", "created", "attempts", "due")),
    *(Column(name, Text, nullable=False) for name in ("document", "error")),
    Column("aside", Boolean, nullable=False),
    Index("event_by_turn", "registry", "webhook", "aside", "sequence", "number"),
    **_KEYED,
)
"""What webhooks are still to be told, in order of ``sequence`` and ``number``; see :mod:`seawall.metadata.events`."""

NODE_KEY: Final = Table("node_key", METADATA, *_key("region"), Column("secret", LargeBinary, nullable=False))
"""The private key by which this node shows other regions who it is."""

INVITATION: Final = Table(
    "invitation",
    METADATA,
    *_key("sha256"),
    Column("region", _NAME, nullable=False),
    Column("ends", BigInteger, nullable=False),
)
"""Invitations for regions to join: the hash of what they must show, and until when (milliseconds since 1970)."""
