"""A registry's repositories and their tags, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.metadata.browsing import Turn, repository_page, tag_page
from seawall.metadata.repositories import Repository
from seawall.portal.hosts import login_server
from seawall.portal.visit import RefusedError

if TYPE_CHECKING:
    from starlette.responses import Response

    from seawall.portal.visit import Visit
    from seawall.topology import Registry

__all__ = ["every_repository", "one_repository"]

_REPOSITORIES: Final = 100
_TAGS: Final = 100


async def every_repository(visit: Visit, registry: Registry) -> Response:
    """List repositories."""
    turn = _turn(visit, _REPOSITORIES)
    part = await visit.services.database.cached(repository_page, registry.name, turn)
    return visit.page("repositories.html", registry=registry, part=part, begins=turn.begins)


async def one_repository(visit: Visit, registry: Registry, name: str) -> Response:
    """List the tags of one."""
    turn = _turn(visit, _TAGS)
    repository = Repository(registry.name, name)
    part = await visit.services.database.cached(tag_page, repository, turn) if "\0" not in name else None
    if part is None:
        raise RefusedError(404, "There is no repository {name} in {registry}.", name=name[:200], registry=registry.name)
    return visit.page(
        "repository.html",
        registry=registry,
        repository=name,
        part=part,
        begins=turn.begins,
        login=login_server(visit.services.doors, registry),
    )


def _turn(visit: Visit, limit: int) -> Turn:
    return Turn(limit, visit.asked("after"), visit.asked("before"), visit.asked("begins").strip())
