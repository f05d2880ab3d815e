"""How registries come and go."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from seawall.identity.credentials import create_admin
from seawall.metadata import registries, webhooks
from seawall.metadata.clock import seconds_of
from seawall.metadata.schema import REPLICATED
from seawall.naming import account_name
from seawall.topology import Registry, Replica

if TYPE_CHECKING:
    from seawall.metadata.rows import Writer

__all__ = ["blank", "create", "delete"]


def blank(name: str, region: str, **settings: Any) -> Registry:  # noqa: ANN401 - settings have many types
    """Describe a registry that is to be, with one replica.

    Raises:
        ValueError: There can be no such registry.
    """
    return Registry(name, region, (Replica(region, account_name(secrets.token_bytes(16))),), **settings)


def create(writer: Writer, registry: Registry) -> tuple[Registry, str]:
    """Create a registry and its admin user.

    Returns:
        The registry as it is kept, and the first of the admin user's passwords.

    Raises:
        ValueError: If there is a registry of that name.
    """
    if registries.find(writer.connection, registry.name) is not None:
        raise ValueError(f"there is a registry {registry.name} already")
    moment = datetime.fromtimestamp(seconds_of(writer.clock), UTC)
    registry = replace(registry, created=moment.isoformat(timespec="milliseconds"))
    registries.put(writer, registry)
    return registry, create_admin(writer, registry.name)


def delete(writer: Writer, name: str) -> bool:
    """Delete a registry with everything it has; say whether it was there.

    Layers that no other registry has stay on the disk, where nobody can read them any more.
    """
    if registries.find(writer.connection, name) is None:
        return False
    for webhook in webhooks.of(writer.connection, name):
        webhooks.delete(writer, name, webhook.name)
    for table in REPLICATED:
        if "registry" in table.c:
            writer.delete(table, registry=name)
    return True
