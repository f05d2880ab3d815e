"""Lists: the catalog, tags, and referrers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse

from seawall.metadata import manifests, repositories, tags
from seawall.registry.call import Call, checked_digest
from seawall.registry.document import OCI_INDEX
from seawall.registry.pages import next_link, requested_page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection
    from starlette.responses import Response

    from seawall.identity.gate import Access

__all__ = ["get_catalog", "get_referrers", "get_tags"]

_MOST_REPOSITORIES: Final = 1000
# Some clients do not follow Link; only more tags than anybody reads are cut.
_MOST_TAGS: Final = 10_000
_MOST_REFERRERS: Final = 1000


async def get_catalog(call: Call) -> Response:
    """List the repositories that the caller may see; nobody learns of others."""
    page = requested_page(call.request, _MOST_REPOSITORIES)
    # One more than asked for tells whether there is another page.
    names = await call.services.database.read(
        visible_repositories, call.site.registry.name, call.access, page.last, page.limit + 1
    )
    shown = names[: page.limit]
    # There is a catalog below /v2/, and the service's own.
    path = call.request.scope["path"]
    headers = next_link(path, shown[-1], page.limit) if shown and len(names) > len(shown) else {}
    return JSONResponse({"repositories": shown}, headers=headers)


def visible_repositories(connection: Connection, registry: str, access: Access, last: str, limit: int) -> list[str]:
    """List at most ``limit`` repositories behind ``last`` that somebody may see."""
    found: list[str] = []
    while len(found) < limit:
        names = repositories.page(connection, registry, last, max(limit, 100))
        if not names:
            break
        last = names[-1]
        found += [name for name in names if access.may_list(name)]
    return found[:limit]


async def get_tags(call: Call) -> Response:
    """List a repository's tags in lexical order.

    A repository that is locked against listing is answered for as one that is not there.
    """
    page = requested_page(call.request, _MOST_TAGS)
    database = call.services.database
    names: Sequence[str] = await database.cached(tags.page, call.repository, page.last, page.limit + 1)
    if not names and not await database.cached(repositories.is_listed, call.repository):
        raise call.unknown_repository()
    shown = names[: page.limit]
    headers = next_link(call.path("tags", "list"), shown[-1], page.limit) if shown and len(names) > len(shown) else {}
    return JSONResponse({"name": call.route.repository, "tags": shown}, headers=headers)


async def get_referrers(call: Call) -> Response:
    """List the manifests that refer to a subject; the subject itself need not exist."""
    subject = checked_digest(call.route.argument)
    page = requested_page(call.request, _MOST_REFERRERS)
    artifact_type = call.request.query_params.get("artifactType")
    found, more = await call.services.database.read(
        manifests.referrers, call.repository, subject, artifact_type, page.last, page.limit
    )
    headers = {}
    if found and more:
        filters = {} if artifact_type is None else {"artifactType": artifact_type}
        headers = next_link(call.path("referrers", subject), found[-1].digest, page.limit, **filters)
    if artifact_type is not None:
        headers["OCI-Filters-Applied"] = "artifactType"
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [_descriptor(one) for one in found]}
    return JSONResponse(index, headers=headers, media_type=OCI_INDEX)


def _descriptor(one: manifests.Descriptor) -> dict[str, Any]:
    value: dict[str, Any] = {"mediaType": one.media_type, "digest": one.digest, "size": one.size}
    if one.artifact_type:
        value["artifactType"] = one.artifact_type
    if one.annotations:
        value["annotations"] = one.annotations
    return value
