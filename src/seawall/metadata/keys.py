"""Signing keys: what tokens and links are signed with, and admin users' passwords made with.

The newest key of a purpose signs; older ones still verify until they are removed, so changing keys logs nobody out. A
key that passwords were made with is never removed: they could not be shown again.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from seawall.metadata.clock import seconds_of
from seawall.metadata.memo import reads_settings
from seawall.metadata.schema import SIGNING_KEY

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from seawall.metadata.rows import Writer

__all__ = ["LINK", "PASSWORD", "TOKEN", "SigningKey", "add", "newest_first", "remove_superseded"]

TOKEN = "token"  # noqa: S105 - a purpose, not a secret
LINK = "link"
PASSWORD = "password"  # noqa: S105 - as above


class SigningKey(NamedTuple):
    """A key and its age; never print one."""

    name: str
    secret: bytes
    created: float

    def __repr__(self) -> str:
        return f"SigningKey({self.name!r})"


def add(writer: Writer, purpose: str, name: str, secret: bytes) -> None:
    """Add a key, which signs from now on."""
    writer.put(SIGNING_KEY, purpose=purpose, name=name, secret=secret)


@reads_settings
def newest_first(connection: Connection, purpose: str) -> tuple[SigningKey, ...]:
    """Return the keys of a purpose, the one that signs first."""
    query = (
        select(SIGNING_KEY.c.name, SIGNING_KEY.c.secret, SIGNING_KEY.c.clock)
        .where(SIGNING_KEY.c.purpose == purpose, SIGNING_KEY.c.deleted.is_(False))
        .order_by(SIGNING_KEY.c.clock.desc())
    )
    return tuple(SigningKey(row.name, row.secret, seconds_of(row.clock)) for row in connection.execute(query))


def remove_superseded(writer: Writer, purpose: str, moment: float) -> int:
    """Remove keys that have signed nothing since a moment (seconds since 1970); return how many.

    A key signs until the next one is added, so it is that one's age that counts.
    """
    ring = newest_first(writer.connection, purpose)
    stale = [older for newer, older in pairwise(ring) if newer.created < moment]
    for key in stale:
        writer.delete(SIGNING_KEY, purpose=purpose, name=key.name)
    return len(stale)
