"""Tags: listed, shown, locked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from seawall.acr.attributes import change, requested_changes
from seawall.acr.documents import of_tag
from seawall.acr.listing import next_page, requested_span
from seawall.errors import ApiError
from seawall.metadata import paging, properties, repositories
from seawall.registry.call import checked_digest
from seawall.registry.finding import find

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from seawall.metadata.locks import Right
    from seawall.metadata.properties import TagProperties
    from seawall.metadata.repositories import Repository
    from seawall.metadata.rows import Writer
    from seawall.registry.call import Call

__all__ = ["get", "get_page", "patch"]


async def get_page(call: Call) -> Response:
    """List tags by name or by time; a repository that is not to be listed is answered for as one that is not there."""
    span = await requested_span(call)
    digest = call.request.query_params.get("digest", "")
    if digest:
        checked_digest(digest)
    database = call.services.database
    page = await database.read(paging.tags_of, call.repository, span, digest)
    if not page.entries and not await database.cached(repositories.is_listed, call.repository):
        raise call.unknown_repository()
    headers = {}
    if page.entries and page.more:
        last, more = page.entries[-1], {"digest": digest} if digest else {}
        headers = next_page(call.request.scope["path"], span, last.name, last.updated, **more)
    told = {**_head(call), "tags": [of_tag(one) for one in page.entries]}
    return JSONResponse(told, headers=headers)


async def get(call: Call) -> Response:
    """Show a tag."""
    name, database = call.route.argument, call.services.database
    found = await find(call, lambda: database.read(properties.of_tag, call.repository, name), references=[name])
    return _answer(call, found)


async def patch(call: Call) -> Response:
    """Change what may be done with a tag, and show it."""
    changes = await requested_changes(call.request)
    name, database = call.route.argument, call.services.database
    found = await find(call, lambda: database.write(_change, call.repository, name, changes), references=[name])
    return _answer(call, found)


def _change(writer: Writer, repository: Repository, name: str, changes: Mapping[Right, bool]) -> TagProperties | None:
    if properties.of_tag(writer.connection, repository, name) is None:
        return None
    change(writer, repository, name, changes)
    return properties.of_tag(writer.connection, repository, name)


def _answer(call: Call, found: TagProperties | None) -> Response:
    if found is None:
        raise ApiError(404, "TAG_UNKNOWN", "there is no such tag", detail={"name": call.route.argument})
    return JSONResponse({**_head(call), "tag": of_tag(found)})


def _head(call: Call) -> dict[str, str]:
    return {"registry": call.site.authority, "imageName": call.route.repository}
