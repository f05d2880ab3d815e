"""Manifests: listed, shown, locked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from seawall.acr.attributes import change, requested_changes
from seawall.acr.contents import read_contents
from seawall.acr.documents import of_manifest
from seawall.acr.listing import next_page, requested_span
from seawall.errors import ApiError
from seawall.metadata import paging, properties, repositories
from seawall.registry.call import checked_digest
from seawall.registry.finding import find

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.responses import Response

    from seawall.blobs.digest import Digest
    from seawall.metadata.locks import Right
    from seawall.metadata.properties import ManifestProperties
    from seawall.metadata.repositories import Repository
    from seawall.metadata.rows import Writer
    from seawall.registry.call import Call

__all__ = ["get", "get_page", "patch"]


async def get_page(call: Call) -> Response:
    """List manifests by digest or by time; a repository that is not to be listed is as one that is not there."""
    span = await requested_span(call)
    database = call.services.database
    page = await database.read(paging.manifests_of, call.repository, span)
    if not page.entries and not await database.cached(repositories.is_listed, call.repository):
        raise call.unknown_repository()
    headers = {}
    if page.entries and page.more:
        last = page.entries[-1]
        headers = next_page(call.request.scope["path"], span, last.digest, last.updated)
    told = {**_head(call), "manifests": await _described(call, page.entries)}
    return JSONResponse(told, headers=headers)


async def get(call: Call) -> Response:
    """Show a manifest."""
    digest, database = checked_digest(call.route.argument), call.services.database
    found = await find(
        call, lambda: database.read(properties.of_manifest, call.repository, digest), references=[digest]
    )
    return await _answer(call, found)


async def patch(call: Call) -> Response:
    """Change what may be done with a manifest, and show it."""
    changes = await requested_changes(call.request)
    digest, database = checked_digest(call.route.argument), call.services.database
    found = await find(call, lambda: database.write(_change, call.repository, digest, changes), references=[digest])
    return await _answer(call, found)


def _change(
    writer: Writer, repository: Repository, digest: Digest, changes: Mapping[Right, bool]
) -> ManifestProperties | None:
    if properties.of_manifest(writer.connection, repository, digest) is None:
        return None
    change(writer, repository, digest, changes)
    return properties.of_manifest(writer.connection, repository, digest)


async def _answer(call: Call, found: ManifestProperties | None) -> Response:
    if found is None:
        detail = {"reference": call.route.argument}
        raise ApiError(404, "MANIFEST_UNKNOWN", "there is no such manifest", detail=detail)
    [told] = await _described(call, [found])
    return JSONResponse({**_head(call), "manifest": told})


async def _described(call: Call, entries: Sequence[ManifestProperties]) -> list[dict[str, Any]]:
    # In a thread: a page may be many documents, and as many files.
    store = call.services.store
    return await asyncio.to_thread(
        lambda: [of_manifest(one, read_contents(store, one.media_type, one.body)) for one in entries]
    )


def _head(call: Call) -> dict[str, str]:
    return {"registry": call.site.authority, "imageName": call.route.repository}
