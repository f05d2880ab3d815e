"""Saying which hosts this registry's clients need, for those who have to open a wall for them.

The answer has the shape of ``az acr show-endpoints``. It is an extension of the registry's own (OCI distribution
specification, "API Extensions": names that begin with an underscore), and for whoever may sign in: the names of storage
accounts are nobody else's business.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from seawall.naming import Host, Role
from seawall.topology import data_door

if TYPE_CHECKING:
    from starlette.responses import Response

    from seawall.doors import Doors
    from seawall.registry.call import Call
    from seawall.topology import Registry

__all__ = ["get_endpoints"]


async def get_endpoints(call: Call) -> Response:
    """List the login server, and where each replica's layers come from: now, and after a switch that is to come."""
    registry, doors = call.site.registry, call.services.doors
    told = {
        "loginServer": doors.authority(Host(Role.LOGIN, registry=registry.name)),
        "dataEndpoints": _data_endpoints(doors, registry),
    }
    if not registry.data_endpoints:
        # On one machine these are ports, which nobody could work out.
        told["dataEndpointsAfterSwitch"] = _data_endpoints(doors, replace(registry, data_endpoints=True))
    return JSONResponse(told)


def _data_endpoints(doors: Doors, registry: Registry) -> list[dict[str, str]]:
    return [
        {"region": replica.region, "endpoint": doors.authority(data_door(registry, replica))}
        for replica in registry.replicas
    ]
