"""What clients do, in words of one region."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support import content

if TYPE_CHECKING:
    from tests.replication.regions import Region

__all__ = ["delete", "pull", "push_blob", "push_image", "push_manifest"]


async def push_blob(region: Region, repository: str, blob: bytes) -> str:
    """Push a blob with one request; return its digest."""
    digest = content.digest_of(blob)
    answer = await region.call("POST", f"/v2/{repository}/blobs/uploads/?digest={digest}", content=blob)
    assert answer.status_code == 201, answer.text
    return digest


async def push_manifest(region: Region, repository: str, tag: str | None, body: bytes) -> str:
    """Push a manifest; return its digest."""
    digest = content.digest_of(body)
    path = f"/v2/{repository}/manifests/{tag or digest}"
    kind = json.loads(body)["mediaType"]
    answer = await region.call("PUT", path, content=body, headers={"Content-Type": kind})
    assert answer.status_code == 201, answer.text
    return digest


async def push_image(region: Region, repository: str, tag: str | None, *layers: bytes) -> str:
    """Push an image of some layers; return its manifest's digest."""
    for blob in (b"{}", *layers):
        await push_blob(region, repository, blob)
    return await push_manifest(region, repository, tag, content.image(b"{}", *layers))


async def pull(region: Region, repository: str, reference: str) -> dict[str, bytes]:
    """Pull an image; return its blobs by digest."""
    answer = await region.call("GET", f"/v2/{repository}/manifests/{reference}")
    assert answer.status_code == 200, answer.text
    document = answer.json()
    found = {}
    for one in (document["config"], *document["layers"]):
        blob = await region.blob(repository, one["digest"])
        assert blob.status_code == 200, blob.text
        assert content.digest_of(blob.content) == one["digest"]
        found[one["digest"]] = blob.content
    return found


async def delete(region: Region, repository: str, reference: str) -> int:
    """Delete a tag or a manifest; return the status."""
    return (await region.call("DELETE", f"/v2/{repository}/manifests/{reference}")).status_code
