"""Replicas: ``…/registries/{name}/replications``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse

from seawall.management.call import gone, listed, present
from seawall.management.changes import check_replica, not_replicated, replicated
from seawall.metadata import regions, registries
from seawall.replication.status import node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from seawall.management.call import Call
    from seawall.metadata.rows import Writer
    from seawall.tiers import TiersOf
    from seawall.topology import Registry, Replica

__all__ = ["answer"]

_KIND: Final = "replications"
_READY, _SYNCING = "Ready", "Syncing"


async def answer(call: Call) -> Response:
    """Answer a request."""
    registry, database = call.registry, call.services.database
    match call.question:
        case ("GET", ()):
            # A registry that is in one region only has no replica, as the service sees it.
            several = registry.replicas if len(registry.replicas) > 1 else ()
            facts = await database.read(node, database.region)
            return listed([_document(call, replica, facts) for replica in several])
        case ("GET", (region,)):
            return JSONResponse(await _found(call, registry, region))
        case ("PUT", (region,)):
            check_replica(region, await call.body())
            if registry.replica(region) is not None:
                return JSONResponse(await _found(call, registry, region))
            registry = await database.write(_add, call.services.tiers, registry.name, region)
            return JSONResponse(await _found(call, registry, region), 201)
        case ("PATCH", (region,)):
            document = await _found(call, registry, region)
            check_replica(region, await call.body())
            return JSONResponse(document)
        case ("DELETE", (region,)):
            there = registry.replica(region) is not None
            if there:
                await database.write(_remove, registry.name, region)
            return gone(was_there=there)
    raise call.no_such_path()


async def _found(call: Call, registry: Registry, region: str) -> dict[str, Any]:
    replica = registry.replica(region)
    if replica is None or len(registry.replicas) == 1:
        raise call.not_found(_KIND, region)
    database = call.services.database
    return _document(call, replica, await database.read(node, database.region))


def _document(call: Call, replica: Replica, facts: Mapping[str, Any]) -> dict[str, Any]:
    return call.identity(_KIND, replica.region) | {
        "location": replica.region,
        "tags": {},
        "properties": {
            "provisioningState": "Succeeded",
            "status": _status(replica.region, facts),
            "regionEndpointEnabled": True,
            "zoneRedundancy": "Disabled",
        },
    }


def _status(region: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Say how a replica stands, as this node sees it; ``message`` is there where something is not as it should be."""
    lacks = _lacks(region, facts)
    return {"displayStatus": _SYNCING, "message": lacks} if lacks else {"displayStatus": _READY}


def _lacks(region: str, facts: Mapping[str, Any]) -> str:
    if region == facts["region"]:
        queue = facts["queue"]
        return queue["error"] or (f"{queue['blobs']} layers are on their way" if queue["blobs"] else "")
    peer = next((one for one in facts["peers"] if one["region"] == region), None)
    if peer is None:
        return "no node of this region takes part"
    if peer["error"]:
        return f"cannot be followed: {peer['error']}"
    if not peer["reachable"]:
        # Nobody can ask it, so it comes by itself.
        return f"lacks {peer['it_is_behind']} changes" if peer["it_is_behind"] else ""
    if peer["heard_seconds_ago"] is None:
        return "never heard of"
    behind = peer["behind"] or peer["seconds"]
    return f"{facts['region']} lacks {peer['behind']} changes of it, for {peer['seconds']:.0f} s" if behind else ""


def _add(writer: Writer, tiers: TiersOf, name: str, region: str) -> Registry:
    registry = present(writer, name)
    with_it = replicated(registry, region, {one.name for one in regions.list_all(writer.connection)}, tiers)
    registries.put(writer, with_it)
    return with_it


def _remove(writer: Writer, name: str, region: str) -> None:
    registries.put(writer, not_replicated(present(writer, name), region))
