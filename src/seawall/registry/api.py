"""The registry's REST interface: from a request to its handler."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse

from seawall.errors import ApiError
from seawall.identity.actions import Action
from seawall.rates import Kind as Rated
from seawall.registry.admission import Operation, Reception
from seawall.registry.deleting import delete_blob, delete_manifest
from seawall.registry.endpoints import get_endpoints
from seawall.registry.listings import get_catalog, get_referrers, get_tags
from seawall.registry.pull import get_blob, get_manifest, head_blob
from seawall.registry.push import put_manifest
from seawall.registry.readiness import get_readiness, put_readiness
from seawall.registry.routes import Kind, find_route
from seawall.registry.uploads import begin_upload, cancel_upload, finish_upload, get_upload, patch_upload

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import StrEnum

    from starlette.requests import Request
    from starlette.responses import Response

    from seawall.identity.gate import Gate, Site
    from seawall.registry.admission import Handler
    from seawall.registry.call import Call, Services

__all__ = ["RegistryApi"]


async def get_base(call: Call) -> Response:  # noqa: ARG001 - handlers are alike
    """Say that this is a registry, to somebody signed in."""
    return JSONResponse({})


def _pull(handler: Handler, *also: Action) -> Operation:
    return Operation(handler, (Action.PULL, *also), (Action.PULL,))


def _push(handler: Handler) -> Operation:
    # Clients that push read as well, and expect to be told so at once.
    return Operation(handler, (Action.PUSH,), (Action.PULL, Action.PUSH))


def _delete(handler: Handler) -> Operation:
    return Operation(handler, (Action.DELETE,), (Action.DELETE,))


_REFERRERS: Final = replace(_pull(get_referrers), kind=Rated.REFERRERS)

_OPERATIONS: Final[Mapping[StrEnum, Mapping[str, Operation]]] = {
    Kind.BASE: {"GET": Operation(get_base), "HEAD": Operation(get_base)},
    Kind.CATALOG: {"GET": Operation(get_catalog, catalog=True), "HEAD": Operation(get_catalog, catalog=True)},
    Kind.ENDPOINTS: {"GET": Operation(get_endpoints), "HEAD": Operation(get_endpoints)},
    Kind.READINESS: {
        "GET": Operation(get_readiness),
        "HEAD": Operation(get_readiness),
        "PUT": Operation(put_readiness),
    },
    Kind.TAGS: {"GET": _pull(get_tags, Action.METADATA_READ), "HEAD": _pull(get_tags, Action.METADATA_READ)},
    Kind.MANIFEST: {
        "GET": _pull(get_manifest),
        "HEAD": _pull(get_manifest),
        "PUT": _push(put_manifest),
        "DELETE": _delete(delete_manifest),
    },
    # Pushing clients ask with HEAD before each upload, and some have no right to read.
    Kind.BLOB: {
        "GET": _pull(get_blob),
        "HEAD": _pull(head_blob, Action.PUSH),
        "DELETE": _delete(delete_blob),
    },
    Kind.UPLOADS: {"POST": _push(begin_upload)},
    Kind.UPLOAD: {
        "GET": _push(get_upload),
        "PATCH": _push(patch_upload),
        "PUT": _push(finish_upload),
        "DELETE": _push(cancel_upload),
    },
    Kind.REFERRERS: dict.fromkeys(("GET", "HEAD"), _REFERRERS),
}


class RegistryApi:
    """Answers below ``/v2/``."""

    def __init__(self, services: Services, gate: Gate) -> None:
        self._reception = Reception(services, gate)

    async def handle(self, site: Site, request: Request) -> Response:
        """Answer a request.

        Raises:
            ApiError: As the specification has it.
        """
        # The path alone decides; request.url is partly the client's Host header (CVE-2026-48710).
        route = find_route(request.scope["path"])
        if route is None:
            raise ApiError(404, "UNSUPPORTED", "the registry has no such path; its API begins at /v2/")
        return await self._reception.answer(site, request, route, _OPERATIONS[route.kind])
