"""Which hosts clients of a registry reach: now, and after dedicated data endpoints were switched. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from seawall.naming import Host, Role
from seawall.topology import data_door

if TYPE_CHECKING:
    from seawall.doors import Doors
    from seawall.topology import Registry

__all__ = ["DataEndpoint", "Need", "data_endpoints", "login_server", "needs", "reached"]


class DataEndpoint(NamedTuple):
    """A dedicated data endpoint: its region, its name, and where that is reached if not by the name."""

    region: str
    name: str
    reached: str


class Need(NamedTuple):
    """A host that clients reach, what for, and whether they need it now and after the switch."""

    host: str
    role: Role
    region: str
    now: bool
    then: bool


def reached(doors: Doors, host: Host) -> str:
    """Write the authority under which clients reach a host."""
    try:
        return doors.authority(host)
    except KeyError:
        # On one machine, where hosts are ports: this one is not running.
        return doors.name(host)


def login_server(doors: Doors, registry: Registry) -> str:
    """Write the authority of the login server."""
    return reached(doors, Host(Role.LOGIN, registry=registry.name))


def data_endpoints(doors: Doors, registry: Registry) -> list[DataEndpoint]:
    """List the dedicated data endpoints that a registry has while they are on, by region."""
    found = []
    for replica in registry.replicas:
        host = Host(Role.DATA, registry=registry.name, region=replica.region)
        found.append(DataEndpoint(replica.region, doors.name(host), reached(doors, host)))
    return found


def needs(doors: Doors, registry: Registry) -> list[Need]:
    """List what clients need now, and what they need once dedicated data endpoints are switched the other way."""
    switched = replace(registry, data_endpoints=not registry.data_endpoints, private_endpoints=())
    found = [Need(login_server(doors, registry), Role.LOGIN, "", now=True, then=True)]
    for one, now in ((switched, False), (registry, True)):
        for replica in one.replicas:
            door = data_door(one, replica)
            found.append(Need(reached(doors, door), door.role, replica.region, now=now, then=not now))
    return found
