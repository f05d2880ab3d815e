"""Repositories: shown, locked, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from seawall.acr.attributes import change, requested_changes
from seawall.acr.documents import of_repository
from seawall.metadata import properties, repositories
from seawall.metadata.locks import REPOSITORY_ITSELF
from seawall.registry.deleting import delete_repository

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from seawall.metadata.locks import Right
    from seawall.metadata.properties import RepositoryProperties
    from seawall.metadata.repositories import Repository
    from seawall.metadata.rows import Writer
    from seawall.registry.call import Call

__all__ = ["delete", "get", "patch"]


async def get(call: Call) -> Response:
    """Show a repository."""
    return _answer(call, await call.services.database.read(properties.of_repository, call.repository))


async def patch(call: Call) -> Response:
    """Change what may be done with a repository, and show it."""
    changes = await requested_changes(call.request)
    return _answer(call, await call.services.database.write(_change, call.repository, changes))


async def delete(call: Call) -> Response:
    """Delete a repository with all that is in it, and tell what that was."""
    deleted = await delete_repository(call)
    return JSONResponse({"manifestsDeleted": deleted.manifests, "tagsDeleted": deleted.tags}, status_code=202)


def _change(writer: Writer, repository: Repository, changes: Mapping[Right, bool]) -> RepositoryProperties | None:
    if not repositories.exists(writer.connection, repository):
        return None
    change(writer, repository, REPOSITORY_ITSELF, changes)
    return properties.of_repository(writer.connection, repository)


def _answer(call: Call, found: RepositoryProperties | None) -> Response:
    if found is None:
        raise call.unknown_repository()
    return JSONResponse({"registry": call.site.authority, "imageName": call.route.repository, **of_repository(found)})
