"""Reading: manifests from here, layers by a redirect to the data door."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from starlette.responses import Response

from seawall.dataplane.links import Link, expiry, write_link
from seawall.errors import ApiError
from seawall.metadata import blobs, keys, manifests
from seawall.preconditions import matches_etag
from seawall.registry.call import Call, checked_digest
from seawall.topology import data_door

if TYPE_CHECKING:
    from seawall.blobs.digest import Digest
    from seawall.metadata.manifests import Manifest

__all__ = ["get_blob", "get_manifest", "head_blob"]


async def get_manifest(call: Call) -> Response:
    """Send a manifest as it was pushed."""
    manifest = await _find(call)
    if manifest is None:
        raise ApiError(404, "MANIFEST_UNKNOWN", "there is no such manifest", detail={"reference": call.route.argument})
    etag = f'"{manifest.digest}"'
    headers = {"Docker-Content-Digest": manifest.digest, "ETag": etag, "Content-Type": manifest.media_type}
    if matches_etag(call.request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    if call.request.method == "HEAD":
        headers["Content-Length"] = str(len(manifest.body))
        return Response(headers=headers)
    return Response(manifest.body, headers=headers)


async def _find(call: Call) -> Manifest | None:
    reference = call.route.argument
    # A tag cannot contain a colon, a digest must.
    if ":" in reference:
        return await call.services.database.cached(manifests.by_digest, call.repository, checked_digest(reference))
    return await call.services.database.cached(manifests.by_tag, call.repository, reference)


async def head_blob(call: Call) -> Response:
    """Say that a blob is here, without sending clients that only push to the data door."""
    digest, size = await _blob(call)
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
    digest, _ = await _blob(call)
    registry = call.site.registry
    replica = registry.replica(call.services.region)
    if replica is None:
        raise ApiError(503, "UNKNOWN", f"this registry has no replica in {call.services.region}")
    host = data_door(registry, replica)
    ring = await call.services.database.cached(keys.newest_first, keys.LINK)
    link = Link(host, registry.name, call.route.repository, digest, call.access.identity, expiry(time.time()))
    location = f"https://{call.services.doors.authority(host)}{write_link(link, ring[0])}"
    headers = {"Location": location, "Docker-Content-Digest": digest, "Cache-Control": "no-store"}
    return Response(status_code=307, headers=headers)


async def _blob(call: Call) -> tuple[Digest, int]:
    digest = checked_digest(call.route.argument)
    size = await call.services.database.cached(blobs.size_in, call.repository, digest)
    # A file that was lost is as good as none: told so, clients push it again.
    if size is None or call.services.store.size(digest) != size:
        raise ApiError(404, "BLOB_UNKNOWN", "there is no such blob in this repository", detail={"digest": digest})
    return digest, size
