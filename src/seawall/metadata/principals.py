"""Who may sign in, and with what rights: the admin user, tokens, and scope maps.

Passwords are kept as hashes only. They are always made by Seawall from 256 random bits, never chosen by people, so one
round of SHA-256 is enough: there is nothing to guess.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from seawall.metadata.memo import reads_settings
from seawall.metadata.schema import PRINCIPAL, SCOPE_MAP

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from seawall.metadata.rows import Writer

__all__ = [
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


def put(writer: Writer, registry: str, principal: Principal) -> None:
    """Keep a principal."""
    values = asdict(principal)
    del values["name"]
    writer.put(PRINCIPAL, registry=registry, name=principal.name, document=json.dumps(values, sort_keys=True))


def delete(writer: Writer, registry: str, name: str) -> bool:
    """Remove a principal; say whether it was there."""
    return writer.delete(PRINCIPAL, registry=registry, name=name) > 0


@reads_settings
def find(connection: Connection, registry: str, name: str) -> Principal | None:
    """Find a principal by its user name."""
    if "\0" in name:  # PostgreSQL cannot even look for it
        return None
    query = select(PRINCIPAL.c.document).where(
        PRINCIPAL.c.registry == registry, PRINCIPAL.c.name == name, PRINCIPAL.c.deleted.is_(False)
    )
    document = connection.execute(query).scalar_one_or_none()
    return _read(name, document) if document is not None else None


@reads_settings
def list_all(connection: Connection, registry: str) -> list[Principal]:
    """List a registry's principals, by name."""
    query = (
        select(PRINCIPAL.c.name, PRINCIPAL.c.document)
        .where(PRINCIPAL.c.registry == registry, PRINCIPAL.c.deleted.is_(False))
        .order_by(PRINCIPAL.c.name)
    )
    return [_read(row.name, row.document) for row in connection.execute(query)]


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


def _read(name: str, document: str) -> Principal:
    values = json.loads(document)
    credentials = {slot: Credential(**credential) for slot, credential in values["credentials"].items()}
    return Principal(name, credentials, values["scope_map"], values["enabled"])
