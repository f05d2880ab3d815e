"""Registries: their settings, replicas and network rules, each a row of its own.

Two regions may change two of these at once, and each change must be good by itself; both together need not make a
registry that could have been described so. Reading therefore never fails: what cannot be together is read as the
nearest thing that can, the same in every region.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from seawall.metadata import fields
from seawall.metadata.memo import reads_settings
from seawall.metadata.schema import SETTING
from seawall.naming import check_account, check_region
from seawall.network import Action, NetworkRules, in_order, parse_range
from seawall.private_endpoint import PrivateEndpoint, PrivateEndpointError, Status
from seawall.tag_rule import read_tag_rule
from seawall.topology import Registry, Replica, Tier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from seawall.metadata.rows import Writer
    from seawall.tag_rule import TagRule

__all__ = ["ALWAYS", "REPLICA", "check_setting", "find", "list_all", "put", "the", "with_account"]

REPLICA: Final = "replica/"
"""What the names of settings begin with that are replicas; the region follows, and the value is the account."""

_RANGE: Final = "range/"
_TAG: Final = "service_tag/"
_PRIVATE: Final = "private_endpoint/"
_LABEL: Final = "label/"

_REMEMBERED: Final = 256
"""How many registries' network rules stay as they were read."""

_ALWAYS_SWITCHES: Final = frozenset(("data_endpoints", "anonymous_pull", "admin", "deletes"))
_SWITCHES: Final = _ALWAYS_SWITCHES | {"overlap", "public_access"}
ALWAYS: Final = _ALWAYS_SWITCHES | {"home", "tier", "default_action"}
"""Settings that every registry has; until all of them are here it cannot be served."""


def put(writer: Writer, registry: Registry) -> None:
    """Keep a registry's settings."""
    values: dict[str, object] = {
        "home": registry.home,
        "tier": registry.tier.value,
        "data_endpoints": registry.data_endpoints,
        "anonymous_pull": registry.anonymous_pull,
        "admin": registry.admin,
        "deletes": registry.deletes,
        "default_action": registry.network.default_action.value,
    }
    values |= {f"{REPLICA}{replica.region}": replica.account for replica in registry.replicas}
    values |= {f"{_RANGE}{one}": True for one in registry.network.ranges}
    values |= {f"{_TAG}{one.tag}": one.document() for one in registry.network.tags}
    values |= {f"{_PRIVATE}{one.name}": _written(one) for one in registry.private_endpoints}
    values |= {f"{_LABEL}{name}": value for name, value in registry.labels}
    values |= {"created": registry.created} if registry.created else {}
    values |= {} if registry.public_access else {"public_access": False}
    values |= {"overlap": True} if registry.overlap else {}
    fields.put(writer, SETTING, (registry.name,), values)


def check_setting(name: str, value: object) -> None:
    """Refuse a setting from another region that could not be read; ones of a newer Seawall are let pass.

    Raises:
        ValueError: With what is wrong.
    """
    good = True
    if name in _SWITCHES:
        good = isinstance(value, bool)
    elif name == "home" or name.startswith(REPLICA):
        good = isinstance(value, str)
        check_region(str(value) if name == "home" else name.removeprefix(REPLICA))
    elif name == "tier":
        Tier(str(value))
    elif name == "default_action":
        Action(str(value))
    elif name.startswith(_RANGE):
        parse_range(name.removeprefix(_RANGE))
    elif name.startswith(_TAG):
        read_tag_rule(name.removeprefix(_TAG), value)
    elif name.startswith(_PRIVATE):
        _private_endpoint(name.removeprefix(_PRIVATE), value)
    elif name == "created" or name.startswith(_LABEL):
        good = isinstance(value, str)
    if good and name.startswith(REPLICA) and value:
        check_account(str(value))
    if not good:
        raise ValueError(f"setting {name!r} cannot be {str(value)[:80]!r}")


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
    kept = fields.read_all(connection, SETTING)
    found = [_read(name, values) for (name,), values in kept.items()]
    return [registry for registry in found if registry is not None]


def _read(name: str, values: Mapping[str, Any]) -> Registry | None:
    replicas = tuple(
        Replica(setting.removeprefix(REPLICA), account)
        for setting, account in sorted(values.items())
        if setting.startswith(REPLICA)
    )
    # While half of what another region says is on its way, nothing is guessed: a missing rule would let people in.
    if not replicas or not values.keys() >= ALWAYS:
        return None
    home = values["home"] if values["home"] in {replica.region for replica in replicas} else replicas[0].region
    endpoints = tuple(
        _private_endpoint(name.removeprefix(_PRIVATE), value)
        for name, value in sorted(values.items())
        if name.startswith(_PRIVATE)
    )
    return Registry(
        name=name,
        home=home,
        replicas=replicas,
        tier=Tier(values["tier"]),
        data_endpoints=values["data_endpoints"] or any(endpoint.approved for endpoint in endpoints),
        anonymous_pull=values["anonymous_pull"],
        admin=values["admin"],
        deletes=values["deletes"],
        network=_network(values),
        overlap=values.get("overlap", False),
        public_access=values.get("public_access", True),
        private_endpoints=endpoints,
        labels=tuple(
            (name.removeprefix(_LABEL), value) for name, value in sorted(values.items()) if name.startswith(_LABEL)
        ),
        created=values.get("created", ""),
    )


def _network(values: Mapping[str, Any]) -> NetworkRules:
    texts = tuple(setting.removeprefix(_RANGE) for setting in values if setting.startswith(_RANGE))
    tags = sorted(setting for setting in values if setting.startswith(_TAG))
    rules = tuple(read_tag_rule(setting.removeprefix(_TAG), values[setting]) for setting in tags)
    return _rules(values["default_action"], texts, rules)


# Any setting that changes has all of them read again, and to read hundreds of ranges takes longest of all.
@lru_cache(_REMEMBERED)
def _rules(action: str, texts: tuple[str, ...], tags: tuple[TagRule, ...]) -> NetworkRules:
    return NetworkRules(Action(action), tuple(in_order(map(parse_range, texts))), tags)


def _written(endpoint: PrivateEndpoint) -> dict[str, object]:
    return {
        "network": str(endpoint.network),
        "addresses": dict(endpoint.addresses),
        "status": endpoint.status.value,
        "description": endpoint.description,
    }


def _private_endpoint(name: str, value: object) -> PrivateEndpoint:
    """Read a private endpoint.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(value, dict) or not isinstance(value.get("addresses"), dict):
        raise PrivateEndpointError(f"private endpoint {name[:80]!r} must be an object with addresses")
    return PrivateEndpoint(
        name,
        parse_range(str(value.get("network"))),
        tuple(sorted((str(member), str(address)) for member, address in value["addresses"].items())),
        Status(str(value.get("status"))),
        str(value.get("description", "")),
    )
