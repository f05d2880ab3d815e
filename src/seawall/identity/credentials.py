"""Giving the admin user and tokens passwords, in two slots so that one can be replaced while the other is in use.

The admin user's can be shown again; a token's is shown once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from seawall.identity.keyring import password_key
from seawall.identity.passwords import derived_password, new_password, shown_password
from seawall.metadata import keys, principals
from seawall.metadata.clock import seconds_of
from seawall.metadata.principals import Principal

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from seawall.metadata.rows import Writer

__all__ = ["SLOTS", "admin_passwords", "create_admin", "renew_password"]

SLOTS: Final = ("password", "password2")
"""The two passwords that everybody may have."""


def create_admin(writer: Writer, registry: str) -> str:
    """Give a new registry its admin user, with a password in each slot; return the first."""
    first, _ = (renew_password(writer, registry, registry, slot=slot) for slot in SLOTS)
    return first


def renew_password(
    writer: Writer,
    registry: str,
    username: str,
    *,
    slot: str = SLOTS[0],
    scope_map: str = "",
    expires: float | None = None,
) -> str:
    """Give somebody a new password; whatever was signed in with the old one is over.

    Args:
        writer: The transaction.
        registry: The registry.
        username: The admin user (called like the registry) or a token.
        slot: Which of the two passwords.
        scope_map: What a new token is limited to.
        expires: From when on a token's password is none any more, in seconds since 1970; an admin user's never ends.

    Returns:
        The password.
    """
    now = seconds_of(writer.clock)
    known = principals.find(writer.connection, registry, username) or Principal(username, {}, scope_map, created=now)
    if username == registry:
        password, credential = derived_password(password_key(writer), registry, slot, created=now)
    else:
        password, credential = new_password(created=now, expires=expires)
    principals.put(writer, registry, replace(known, credentials={**known.credentials, slot: credential}))
    return password


def admin_passwords(connection: Connection, registry: str) -> dict[str, str | None]:
    """Show the admin user's passwords by slot; ``None`` for one that is not there, or was made by an older Seawall."""
    admin = principals.find(connection, registry, registry)
    credentials = admin.credentials if admin is not None else {}
    ring = keys.newest_first(connection, keys.PASSWORD)
    return {
        slot: shown_password(ring, registry, slot, credentials[slot]) if slot in credentials else None for slot in SLOTS
    }
