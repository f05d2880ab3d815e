"""The service's own API: from a request to its handler.

Routes and rights: Azure REST API specifications, ``containerregistry`` 2021-07-01. An ``api-version`` is passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.acr import deleted, manifests, repositories, tags
from seawall.acr.routes import Kind, find_route
from seawall.errors import ApiError
from seawall.identity.actions import Action
from seawall.registry.admission import Operation, Reception
from seawall.registry.deleting import delete_tag
from seawall.registry.listings import get_catalog

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import StrEnum

    from starlette.requests import Request
    from starlette.responses import Response

    from seawall.identity.gate import Gate, Site
    from seawall.registry.admission import Handler
    from seawall.registry.call import Services

__all__ = ["AcrApi"]


def _read(handler: Handler) -> Operation:
    return Operation(handler, (Action.METADATA_READ,), (Action.METADATA_READ,))


def _write(handler: Handler) -> Operation:
    # The answer shows what there is now, so clients ask for both.
    return Operation(handler, (Action.METADATA_WRITE,), (Action.METADATA_READ, Action.METADATA_WRITE))


def _delete(handler: Handler) -> Operation:
    return Operation(handler, (Action.DELETE,), (Action.DELETE,))


_OPERATIONS: Final[Mapping[StrEnum, Mapping[str, Operation]]] = {
    Kind.CATALOG: {"GET": Operation(get_catalog, catalog=True)},
    Kind.REPOSITORY: {
        "GET": _read(repositories.get),
        "PATCH": _write(repositories.patch),
        "DELETE": _delete(repositories.delete),
    },
    Kind.TAGS: {"GET": _read(tags.get_page)},
    Kind.TAG: {"GET": _read(tags.get), "PATCH": _write(tags.patch), "DELETE": _delete(delete_tag)},
    Kind.MANIFESTS: {"GET": _read(manifests.get_page)},
    Kind.MANIFEST: {"GET": _read(manifests.get), "PATCH": _write(manifests.patch)},
    Kind.DELETED_CATALOG: {"GET": Operation(deleted.get_repositories)},
    Kind.DELETED_TAGS: {"GET": Operation(deleted.get_tags)},
    Kind.DELETED_MANIFESTS: {"GET": Operation(deleted.get_manifests)},
    Kind.DELETED_MANIFEST: {"POST": Operation(deleted.restore)},
}


class AcrApi:
    """Answers below ``/acr/v1/``."""

    def __init__(self, services: Services, gate: Gate) -> None:
        self._reception = Reception(services, gate)

    async def handle(self, site: Site, request: Request) -> Response:
        """Answer a request.

        Raises:
            ApiError: As the service has it: in the shape of the registry API's errors.
        """
        route = find_route(request.scope["path"])
        if route is None:
            raise ApiError(404, "UNSUPPORTED", "the registry has no such path below /acr/v1/")
        return await self._reception.answer(site, request, route, _OPERATIONS[route.kind])
