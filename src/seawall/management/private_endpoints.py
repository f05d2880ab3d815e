"""Private endpoints: ``…/registries/{name}/privateEndpointConnections`` and ``…/privateLinkResources``.

They are made where their network is, by ``seawall private-endpoint create``; here they are approved and rejected.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from seawall.management.call import gone, listed, present
from seawall.management.errors import ManagementError
from seawall.management.reading import text
from seawall.metadata import registries
from seawall.private_endpoint import LOGIN, Status, members
from seawall.topology import TopologyError, with_private_endpoint, without_private_endpoint

if TYPE_CHECKING:
    from starlette.responses import Response

    from seawall.management.account import Account
    from seawall.management.call import Call
    from seawall.metadata.rows import Writer
    from seawall.private_endpoint import PrivateEndpoint
    from seawall.topology import Registry

__all__ = ["answer_connections", "answer_resources", "connection_document"]

_CONNECTIONS = "privateEndpointConnections"
_RESOURCES = "privateLinkResources"
_LONGEST_DESCRIPTION = 1000


async def answer_connections(call: Call) -> Response:
    """Answer a request about private endpoints."""
    registry, account, database = call.registry, call.services.account, call.services.database
    match call.question:
        case ("GET", ()):
            return listed([connection_document(account, registry, one) for one in registry.private_endpoints])
        case ("GET", (name,)):
            return JSONResponse(connection_document(account, registry, _found(call, name)))
        case ("PUT", (name,)):
            status, description = _decision(await call.body())
            decided = replace(_found(call, name), status=status, description=description)
            if decided != registry.private_endpoint(name):
                await database.write(_put, registry.name, decided)
            return JSONResponse(connection_document(account, registry, decided))
        case ("DELETE", (name,)):
            there = registry.private_endpoint(name) is not None
            if there:
                await database.write(_remove, registry.name, name)
            return gone(was_there=there)
    raise call.no_such_path()


async def answer_resources(call: Call) -> Response:
    """Say what a private endpoint of this registry needs."""
    registry, cloud = call.registry, call.services.account.cloud
    document = call.identity(_RESOURCES, LOGIN) | {
        "properties": {
            "groupId": LOGIN,
            "requiredMembers": list(members(replica.region for replica in registry.replicas)),
            "requiredZoneNames": [cloud.private_zone],
        }
    }
    match call.question:
        case ("GET", ()):
            return listed([document])
        case ("GET", (name,)) if name == LOGIN:
            return JSONResponse(document)
        case ("GET", (name,)):
            raise call.not_found(_RESOURCES, name)
    raise call.no_such_path()


def connection_document(account: Account, registry: Registry, endpoint: PrivateEndpoint) -> dict[str, Any]:
    """Describe a private endpoint's connection to its registry."""
    return account.thing(registry.name, _CONNECTIONS, endpoint.name) | {
        "properties": {
            "provisioningState": "Succeeded",
            "privateEndpoint": {"id": account.private_endpoint_path(registry.name, endpoint.name)},
            "privateLinkServiceConnectionState": {
                "status": endpoint.status.value,
                "description": endpoint.description,
                "actionsRequired": "None",
            },
        },
    }


def _found(call: Call, name: str) -> PrivateEndpoint:
    endpoint = call.registry.private_endpoint(name)
    if endpoint is None:
        raise call.not_found(_CONNECTIONS, name)
    return endpoint


def _decision(body: dict[str, Any]) -> tuple[Status, str]:
    properties = body.get("properties")
    state = properties.get("privateLinkServiceConnectionState") if isinstance(properties, dict) else None
    if not isinstance(state, dict):
        raise ManagementError(400, "InvalidRequest", "'privateLinkServiceConnectionState' must be a JSON object")
    try:
        status = Status(str(state.get("status")).capitalize())
    except ValueError:
        words = f"'status' must be one of {', '.join(Status)}"
        raise ManagementError(400, "InvalidRequest", words) from None
    description = state.get("description")
    return status, "" if description is None else text("description", description, _LONGEST_DESCRIPTION)


def _put(writer: Writer, name: str, endpoint: PrivateEndpoint) -> None:
    registry = present(writer, name)
    if registry.private_endpoint(endpoint.name) is None:
        raise ManagementError(404, "ResourceNotFound", f"the private endpoint {endpoint.name} was deleted meanwhile")
    try:
        registries.put(writer, with_private_endpoint(registry, endpoint))
    except TopologyError as error:
        raise ManagementError(400, "InvalidRequest", str(error)) from None


def _remove(writer: Writer, name: str, endpoint: str) -> None:
    registries.put(writer, without_private_endpoint(present(writer, name), endpoint))
