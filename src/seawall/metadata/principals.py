"""Who may sign in: the admin user and tokens, whose rights are those of a scope map.

A principal's passwords, its scope map and whether it is enabled are rows of their own: disabling somebody in one region
is not undone by renewing a password in another.

Passwords are kept as hashes only. They are always made by Seawall from 256 random bits, never chosen by people, so one
round of SHA-256 is enough: there is nothing to guess.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, func, select

from seawall.metadata import fields
from seawall.metadata.memo import reads_settings
from seawall.metadata.schema import PRINCIPAL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from seawall.metadata.rows import Writer

__all__ = ["CLOUD", "Credential", "Principal", "count_tokens", "delete", "find", "list_all", "put"]

CLOUD: Final = ""
"""Stands for a registry where a principal may manage all of them: an operator."""

_CREDENTIAL: Final = "credential/"
_WHOLE: Final = frozenset(("scope_map", "enabled"))
"""What every principal has; one that lacks any of it was deleted in one region while another changed it."""

_TOKENS: Final = select(func.count()).select_from(
    select(PRINCIPAL.c.name)
    .where(
        PRINCIPAL.c.registry == bindparam("registry"),
        PRINCIPAL.c.name != bindparam("registry"),
        PRINCIPAL.c.field.in_(sorted(_WHOLE)),
        PRINCIPAL.c.deleted.is_(False),
    )
    .group_by(PRINCIPAL.c.name)
    .having(func.count() == len(_WHOLE))
    .subquery()
)


@dataclass(frozen=True, slots=True)
class Credential:
    """One of a principal's passwords.

    Attributes:
        identifier: Names this very password; everything signed in with it carries the name, and is refused once the
            password is replaced.
        sha256: Hash of the password, in hex.
        created: When it was made, in seconds since 1970; ``None`` where nobody remembers.
        expires: From when on it is none any more, in seconds since 1970; ``None`` for never.
    """

    identifier: str
    sha256: str
    created: float | None = None
    expires: float | None = None

    def counts(self, now: float) -> bool:
        """Say whether it is a password at a moment (seconds since 1970)."""
        return self.expires is None or now < self.expires


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who may sign in.

    Attributes:
        name: The user name.
        credentials: Passwords by slot (``password``, ``password2``).
        scope_map: The scope map that limits it; empty for the admin user, who is known by the registry's name.
        enabled: Whether it may be used now.
        created: When it was made, in seconds since 1970; ``None`` where nobody remembers.
    """

    name: str
    credentials: dict[str, Credential]
    scope_map: str = ""
    enabled: bool = True
    created: float | None = None

    def credential(self, identifier: str) -> Credential | None:
        """Return the password that something was signed in with, if that may still be used, unless it has expired."""
        known = self.credentials.values() if self.enabled else ()
        return next((one for one in known if one.identifier == identifier), None)

    def holds(self, identifier: str, now: float) -> bool:
        """Say whether what was signed in with a password counts at a moment (seconds since 1970)."""
        found = self.credential(identifier)
        return found is not None and found.counts(now)


def put(writer: Writer, registry: str, principal: Principal) -> None:
    """Keep a principal."""
    values: dict[str, object] = {"scope_map": principal.scope_map, "enabled": principal.enabled}
    if principal.created is not None:
        values["created"] = principal.created
    values |= {f"{_CREDENTIAL}{slot}": _written(credential) for slot, credential in principal.credentials.items()}
    fields.put(writer, PRINCIPAL, (registry, principal.name), values)


def delete(writer: Writer, registry: str, name: str) -> bool:
    """Remove a principal; say whether it was there."""
    return fields.delete(writer, PRINCIPAL, (registry, name))


@reads_settings
def find(connection: Connection, registry: str, name: str) -> Principal | None:
    """Find a principal by its user name."""
    if "\0" in name:  # PostgreSQL cannot even look for it
        return None
    return _read(name, fields.read(connection, PRINCIPAL, (registry, name)))


@reads_settings
def list_all(connection: Connection, registry: str) -> list[Principal]:
    """List a registry's principals, by name."""
    kept = fields.read_all(connection, PRINCIPAL, (registry,))
    found = [_read(name, values) for (_, name), values in kept.items()]
    return [principal for principal in found if principal is not None]


@reads_settings
def count_tokens(connection: Connection, registry: str) -> int:
    """Count a registry's principals but for the admin user, who is called as the registry is."""
    return int(connection.execute(_TOKENS, {"registry": registry}).scalar_one())


def _written(credential: Credential) -> dict[str, Any]:
    # What is not said is left out, as it was before there was anything more to say.
    return {name: value for name, value in asdict(credential).items() if value is not None}


def _read(name: str, values: Mapping[str, Any]) -> Principal | None:
    # Where one region deleted it and another gave it a new password at once, the deletion must stand.
    if not values.keys() >= _WHOLE:
        return None
    credentials = {
        field.removeprefix(_CREDENTIAL): Credential(
            value["identifier"], value["sha256"], value.get("created"), value.get("expires")
        )
        for field, value in values.items()
        if field.startswith(_CREDENTIAL)
    }
    return Principal(name, credentials, values["scope_map"], values["enabled"], values.get("created"))
