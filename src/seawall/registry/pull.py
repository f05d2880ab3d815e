"""Reading: manifests from here, layers by a redirect to the data door."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from starlette.responses import Response

from seawall.dataplane.links import Link, expiry, write_link
from seawall.elsewhere import ElsewhereError
from seawall.errors import ApiError
from seawall.identity.actions import Action
from seawall.metadata import keys, readiness, reading
from seawall.metadata.locks import Right
from seawall.preconditions import matches_etag
from seawall.registry import guard
from seawall.registry.call import Call, checked_digest
from seawall.registry.finding import find
from seawall.sightings import Kind as Seen
from seawall.sightings import Sighting
from seawall.topology import data_door, shared_door

if TYPE_CHECKING:
    from seawall.blobs.digest import Digest
    from seawall.metadata.reading import FoundManifest
    from seawall.naming import Host
    from seawall.topology import Registry, Replica

__all__ = ["get_blob", "get_manifest", "head_blob"]


async def get_manifest(call: Call) -> Response:
    """Send a manifest as it was pushed."""
    found = await find(call, lambda: _find(call), references=[call.route.argument])
    if found is None:
        raise ApiError(404, "MANIFEST_UNKNOWN", "there is no such manifest", detail={"reference": call.route.argument})
    manifest, locked = found
    if locked is not None:
        raise guard.refusal(locked, call.repository, Right.READ)
    etag = f'"{manifest.digest}"'
    headers = {"Docker-Content-Digest": manifest.digest, "ETag": etag, "Content-Type": manifest.media_type}
    if matches_etag(call.request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    if call.request.method == "HEAD":
        headers["Content-Length"] = str(len(manifest.body))
        return Response(headers=headers)
    return Response(manifest.body, headers=headers)


async def _find(call: Call) -> FoundManifest | None:
    reference = call.route.argument
    # A tag cannot contain a colon, a digest must.
    if ":" in reference:
        return await call.services.database.cached(
            reading.manifest_by_digest, call.repository, checked_digest(reference)
        )
    return await call.services.database.cached(reading.manifest_by_tag, call.repository, reference)


async def head_blob(call: Call) -> Response:
    """Say that a blob is here, without sending clients that only push to the data door.

    Those who may push are told so also where nothing may be read: they ask in order not to send it again.
    """
    digest, size, here = await _blob(call, anyway=Action.PUSH in call.access.on(call.route.repository))
    if not here and not await _is_elsewhere(call, digest, size):
        # A file that was lost is as good as none: told so, clients push it again.
        raise _unknown(digest)
    headers = {
        "Content-Length": str(size),
        "Content-Type": "application/octet-stream",
        "Docker-Content-Digest": digest,
        "ETag": f'"{digest}"',
        "Accept-Ranges": "bytes",
    }
    return Response(headers=headers)


async def get_blob(call: Call) -> Response:
    """Redirect to the data door of this region.

    307 keeps the method, and the address is whole, so a client needs no other knowledge to follow it. The rules a wall
    needs are made from the same :func:`~seawall.topology.data_door`, so they always list this host.
    """
    digest, size, here = await _blob(call)
    if not here and not await _is_elsewhere(call, digest, size, unsure=True):
        raise _unknown(digest)
    registry = call.site.registry
    replica = registry.replica(call.services.region)
    if replica is None:
        raise ApiError(503, "UNKNOWN", f"this registry has no replica in {call.services.region}")
    host = await _door(call, registry, replica)
    identity = call.access.identity
    call.services.watch.saw(Sighting(registry.name, Seen.SENT, host.role.value, call.address, identity.subject))
    ring = await call.services.database.cached(keys.newest_first, keys.LINK)
    link = Link(host, registry.name, call.route.repository, digest, identity, expiry(time.time()))
    location = f"https://{call.services.doors.authority(host)}{write_link(link, ring[0])}"
    headers = {"Location": location, "Docker-Content-Digest": digest, "Cache-Control": "no-store"}
    return Response(status_code=307, headers=headers)


async def _door(call: Call, registry: Registry, replica: Replica) -> Host:
    """Say where this client reads layers: while both kinds of endpoint are in use, where it has said that it can."""
    if registry.data_endpoints and registry.overlap:
        user, address = call.access.identity.subject, call.address
        if not await call.services.database.cached(readiness.is_ready, registry, user, address):
            return shared_door(replica)
    return data_door(registry, replica)


async def _blob(call: Call, *, anyway: bool = False) -> tuple[Digest, int, bool]:
    """Find the blob a request names: its digest, its size, and whether its bytes are in this region.

    Raises:
        ApiError: 404, or 405 where the repository is locked against reading, unless it is to be found anyway.
    """
    digest = checked_digest(call.route.argument)
    services = call.services
    found = await find(call, lambda: services.database.cached(reading.blob, call.repository, digest), blobs=[digest])
    if found is None:
        raise _unknown(digest)
    size, locked = found
    if locked is not None and not anyway:
        raise guard.refusal(locked, call.repository, Right.READ)
    return digest, size, services.store.size(digest) == size


async def _is_elsewhere(call: Call, digest: Digest, size: int, *, unsure: bool = False) -> bool:
    """Say whether another region holds a blob's bytes; ``unsure`` is the answer where that cannot be told now."""
    try:
        return await call.services.elsewhere.has(digest, size)
    except ElsewhereError:
        return unsure


def _unknown(digest: Digest) -> ApiError:
    return ApiError(404, "BLOB_UNKNOWN", "there is no such blob in this repository", detail={"digest": digest})
