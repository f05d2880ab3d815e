"""Registries and their settings, kept as one document each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from seawall.metadata.memo import reads_settings
from seawall.metadata.schema import REGISTRY
from seawall.network import EVERYBODY, Action, NetworkRules, parse_range
from seawall.topology import Registry, Replica, Tier

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from seawall.metadata.rows import Writer

__all__ = ["find", "list_all", "put", "the", "with_account"]


def put(writer: Writer, registry: Registry) -> None:
    """Keep a registry's settings."""
    document = {
        "home": registry.home,
        "replicas": {replica.region: replica.account for replica in registry.replicas},
        "tier": registry.tier.value,
        "data_endpoints": registry.data_endpoints,
        "anonymous_pull": registry.anonymous_pull,
        "admin": registry.admin,
        "deletes": registry.deletes,
        "network": {
            "default_action": registry.network.default_action.value,
            "ranges": [str(one) for one in registry.network.ranges],
        },
    }
    writer.put(REGISTRY, registry=registry.name, document=json.dumps(document, sort_keys=True))


@reads_settings
def find(connection: Connection, name: str) -> Registry | None:
    """Find a registry by name."""
    return next((registry for registry in list_all(connection) if registry.name == name), None)


@reads_settings
def the(connection: Connection, name: str) -> Registry:
    """Return a registry that is known to exist.

    Raises:
        LookupError: If it does not.
    """
    registry = find(connection, name)
    if registry is None:
        raise LookupError(name)
    return registry


@reads_settings
def with_account(connection: Connection, account: str) -> Registry | None:
    """Find the registry a storage account belongs to."""
    return next(
        (one for one in list_all(connection) if any(replica.account == account for replica in one.replicas)),
        None,
    )


@reads_settings
def list_all(connection: Connection) -> list[Registry]:
    """List every registry, by name."""
    query = (
        select(REGISTRY.c.registry, REGISTRY.c.document)
        .where(REGISTRY.c.deleted.is_(False))
        .order_by(REGISTRY.c.registry)
    )
    return [_read(row.registry, row.document) for row in connection.execute(query)]


def _read(name: str, document: str) -> Registry:
    values = json.loads(document)
    replicas = tuple(Replica(region, account) for region, account in sorted(values["replicas"].items()))
    return Registry(
        name=name,
        home=values["home"],
        replicas=replicas,
        tier=Tier(values["tier"]),
        data_endpoints=values["data_endpoints"],
        anonymous_pull=values["anonymous_pull"],
        admin=values["admin"],
        deletes=values["deletes"],
        network=_network(values),
    )


def _network(values: dict[str, Any]) -> NetworkRules:
    # Registries may be older than network rules.
    if "network" not in values:
        return EVERYBODY
    kept = values["network"]
    return NetworkRules(Action(kept["default_action"]), tuple(map(parse_range, kept["ranges"])))
