"""The tables that only this node's own database needs: no other region sees them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, Table, Text

from seawall.metadata.schema import KEYED, METADATA, NAME, key

# METADATA is whole once this module is imported.
__all__ = [
    "EVENT",
    "INVITATION",
    "LOG",
    "METADATA",
    "NODE_KEY",
    "OPERATION",
    "PEER",
    "SETTINGS_VERSION",
    "SIGHTING",
    "WANT",
]

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
    Column("epoch", NAME, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("clock", BigInteger, nullable=False),
)
"""One row: the log's name, where its last transaction stands in it, and the last reading of the clock."""

PEER: Final = Table(
    "peer",
    METADATA,
    *key("region"),
    Column("epoch", NAME, nullable=False),
    Column("cursor", BigInteger, nullable=False),
    Column("head", BigInteger, nullable=False),
    Column("applied", BigInteger, nullable=False),
    Column("heard", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("followed_epoch", NAME, nullable=False),
    Column("followed", BigInteger, nullable=False),
    **KEYED,
)
"""How far this node has read other regions' logs, and they its own; times are milliseconds since 1970."""

WANT: Final = Table(
    "want",
    METADATA,
    *key("digest"),
    Column("size", BigInteger, nullable=False),
    Column("tagged", Boolean, nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
    Index("want_by_turn", "tagged", "size", "digest"),
    **KEYED,
)
"""Blobs that are known here and still to be copied from other regions; times are milliseconds since 1970."""

EVENT: Final = Table(
    "event",
    METADATA,
    *key("registry", "webhook", "identifier"),
    *(Column(name, BigInteger, nullable=False) for name in ("sequence", "number", "created", "attempts", "due")),
    *(Column(name, Text, nullable=False) for name in ("document", "error")),
    Column("aside", Boolean, nullable=False),
    Index("event_by_turn", "registry", "webhook", "aside", "sequence", "number"),
    **KEYED,
)
"""What webhooks are still to be told, in order of ``sequence`` and ``number``; see :mod:`seawall.metadata.events`."""

NODE_KEY: Final = Table("node_key", METADATA, *key("region"), Column("secret", LargeBinary, nullable=False))
"""The private key by which this node shows other regions who it is."""

INVITATION: Final = Table(
    "invitation",
    METADATA,
    *key("sha256"),
    Column("region", NAME, nullable=False),
    Column("ends", BigInteger, nullable=False),
)
"""Invitations for regions to join: the hash of what they must show, and until when (milliseconds since 1970)."""

SIGHTING: Final = Table(
    "sighting",
    METADATA,
    *key("registry", "kind", "door", "address", "subject"),
    *(Column(name, BigInteger, nullable=False) for name in ("times", "first", "last")),
    Index("sighting_by_time", "registry", "kind", "last"),
    **KEYED,
)
"""What the doors have seen of clients, how often, and when (milliseconds since 1970)."""

OPERATION: Final = Table(
    "operation",
    METADATA,
    *key("identifier"),
    Column("registry", NAME, nullable=False),
    Column("status", NAME, nullable=False),
    Column("answer", BigInteger, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("code", "message")),
    Column("heard", BigInteger, nullable=False),
    **KEYED,
)
"""What operators asked for that takes its time, and how it went; ``heard`` is when it last showed signs of life."""
