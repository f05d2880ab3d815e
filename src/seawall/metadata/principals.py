"""Who may sign in, and with what rights: the admin user, tokens, and scope maps.

A principal's passwords, its scope map and whether it is enabled are rows of their own: disabling somebody in one region
is not undone by renewing a password in another.

Passwords are kept as hashes only. They are always made by Seawall from 256 random bits, never chosen by people, so one
round of SHA-256 is enough: there is nothing to guess.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from seawall.metadata import fields
from seawall.metadata.memo import reads_settings
from seawall.metadata.schema import PRINCIPAL, SCOPE_MAP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from seawall.metadata.rows import Writer

__all__ = [
    "CLOUD",
    "Credential",
    "Principal",
    "delete",
    "delete_scope_map",
    "find",
    "find_scope_map",
    "list_all",
    "list_scope_maps",
    "put",
    "put_scope_map",
]


CLOUD: Final = ""
"""Stands for a registry where a principal may manage all of them: an operator."""

_CREDENTIAL: Final = "credential/"


@dataclass(frozen=True, slots=True)
class Credential:
    """One of a principal's passwords.

    Attributes:
        identifier: Names this very password; everything signed in with it carries the name, and is refused once the
            password is replaced.
        sha256: Hash of the password, in hex.
    """

    identifier: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who may sign in.

    Attributes:
        name: The user name.
        credentials: Passwords by slot (``password``, ``password2``).
        scope_map: The scope map that limits it; empty for the admin user, who is known by the registry's name.
        enabled: Whether it may be used now.
    """

    name: str
    credentials: dict[str, Credential]
    scope_map: str = ""
    enabled: bool = True

    def holds(self, identifier: str) -> bool:
        """Say whether what was signed in with a password still counts."""
        return self.enabled and any(one.identifier == identifier for one in self.credentials.values())


def put(writer: Writer, registry: str, principal: Principal) -> None:
    """Keep a principal."""
    values: dict[str, object] = {"scope_map": principal.scope_map, "enabled": principal.enabled}
    values |= {f"{_CREDENTIAL}{slot}": asdict(credential) for slot, credential in principal.credentials.items()}
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


def put_scope_map(writer: Writer, registry: str, name: str, actions: tuple[str, ...]) -> None:
    """Keep a scope map: actions such as ``repositories/team/app/content/read``."""
    writer.put(SCOPE_MAP, registry=registry, name=name, document=json.dumps({"actions": actions}))


def delete_scope_map(writer: Writer, registry: str, name: str) -> bool:
    """Remove a scope map; say whether it was there."""
    return writer.delete(SCOPE_MAP, registry=registry, name=name) > 0


@reads_settings
def find_scope_map(connection: Connection, registry: str, name: str) -> tuple[str, ...] | None:
    """Find a scope map's actions."""
    query = select(SCOPE_MAP.c.document).where(
        SCOPE_MAP.c.registry == registry, SCOPE_MAP.c.name == name, SCOPE_MAP.c.deleted.is_(False)
    )
    document = connection.execute(query).scalar_one_or_none()
    return tuple(json.loads(document)["actions"]) if document is not None else None


@reads_settings
def list_scope_maps(connection: Connection, registry: str) -> dict[str, tuple[str, ...]]:
    """List a registry's scope maps, by name."""
    query = (
        select(SCOPE_MAP.c.name, SCOPE_MAP.c.document)
        .where(SCOPE_MAP.c.registry == registry, SCOPE_MAP.c.deleted.is_(False))
        .order_by(SCOPE_MAP.c.name)
    )
    return {row.name: tuple(json.loads(row.document)["actions"]) for row in connection.execute(query)}


def _read(name: str, values: Mapping[str, Any]) -> Principal | None:
    # Where one region deleted it and another gave it a new password at once, the deletion must stand.
    if not {"scope_map", "enabled"} <= values.keys():
        return None
    credentials = {
        field.removeprefix(_CREDENTIAL): Credential(value["identifier"], value["sha256"])
        for field, value in values.items()
        if field.startswith(_CREDENTIAL)
    }
    return Principal(name, credentials, values["scope_map"], values["enabled"])
