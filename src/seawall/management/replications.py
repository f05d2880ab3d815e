"""Replicas: ``…/registries/{name}/replications``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from seawall.management.call import gone, listed, present
from seawall.management.changes import check_replica, not_replicated, replicated
from seawall.metadata import regions, registries

if TYPE_CHECKING:
    from starlette.responses import Response

    from seawall.management.call import Call
    from seawall.metadata.rows import Writer
    from seawall.tiers import TiersOf
    from seawall.topology import Registry, Replica

__all__ = ["answer"]

_KIND = "replications"


async def answer(call: Call) -> Response:
    """Answer a request."""
    registry, database = call.registry, call.services.database
    match call.question:
        case ("GET", ()):
            # A registry that is in one region only has no replica, as the service sees it.
            several = registry.replicas if len(registry.replicas) > 1 else ()
            return listed([_document(call, replica) for replica in several])
        case ("GET", (region,)):
            return JSONResponse(_found(call, registry, region))
        case ("PUT", (region,)):
            check_replica(region, await call.body())
            if registry.replica(region) is not None:
                return JSONResponse(_found(call, registry, region))
            registry = await database.write(_add, call.services.tiers, registry.name, region)
            return JSONResponse(_found(call, registry, region), 201)
        case ("PATCH", (region,)):
            document = _found(call, registry, region)
            check_replica(region, await call.body())
            return JSONResponse(document)
        case ("DELETE", (region,)):
            there = registry.replica(region) is not None
            if there:
                await database.write(_remove, registry.name, region)
            return gone(was_there=there)
    raise call.no_such_path()


def _found(call: Call, registry: Registry, region: str) -> dict[str, Any]:
    replica = registry.replica(region)
    if replica is None or len(registry.replicas) == 1:
        raise call.not_found(_KIND, region)
    return _document(call, replica)


def _document(call: Call, replica: Replica) -> dict[str, Any]:
    return call.identity(_KIND, replica.region) | {
        "location": replica.region,
        "tags": {},
        "properties": {
            "provisioningState": "Succeeded",
            "status": {"displayStatus": "Ready"},
            "regionEndpointEnabled": True,
            "zoneRedundancy": "Disabled",
        },
    }


def _add(writer: Writer, tiers: TiersOf, name: str, region: str) -> Registry:
    registry = present(writer, name)
    with_it = replicated(registry, region, {one.name for one in regions.list_all(writer.connection)}, tiers)
    registries.put(writer, with_it)
    return with_it


def _remove(writer: Writer, name: str, region: str) -> None:
    registries.put(writer, not_replicated(present(writer, name), region))
