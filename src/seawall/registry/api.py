"""The registry's REST interface: from a request to its handler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse

from seawall.errors import ApiError
from seawall.identity.actions import Action
from seawall.identity.gate import SignInError, challenge
from seawall.naming import NamingError, check_repository
from seawall.registry.call import Call
from seawall.registry.endpoints import get_endpoints
from seawall.registry.listings import get_catalog, get_referrers, get_tags
from seawall.registry.pull import get_blob, get_manifest, head_blob
from seawall.registry.push import delete_blob, delete_manifest, put_manifest
from seawall.registry.readiness import get_readiness, put_readiness
from seawall.registry.routes import Kind, Route, find_route
from seawall.registry.uploads import begin_upload, cancel_upload, finish_upload, get_upload, patch_upload

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from seawall.identity.gate import Access, Gate, Site
    from seawall.registry.call import Services

    Handler = Callable[[Call], Awaitable[Response]]

__all__ = ["RegistryApi"]


async def get_base(call: Call) -> Response:  # noqa: ARG001 - handlers are alike
    """Say that this is a registry, to somebody signed in."""
    return JSONResponse({})


@dataclass(frozen=True, slots=True)
class Operation:
    """A handler and the rights it needs.

    Attributes:
        handler: What answers.
        any_of: One of these actions must be allowed on the repository; empty where no repository is concerned.
        ask_for: What a challenge tells the client to ask for.
    """

    handler: Handler
    any_of: tuple[Action, ...] = ()
    ask_for: tuple[Action, ...] = ()


def _pull(handler: Handler, *also: Action) -> Operation:
    return Operation(handler, (Action.PULL, *also), (Action.PULL,))


def _push(handler: Handler) -> Operation:
    # Clients that push read as well, and expect to be told so at once.
    return Operation(handler, (Action.PUSH,), (Action.PULL, Action.PUSH))


def _delete(handler: Handler) -> Operation:
    return Operation(handler, (Action.DELETE,), (Action.DELETE,))


_OPERATIONS: Final[Mapping[Kind, Mapping[str, Operation]]] = {
    Kind.BASE: {"GET": Operation(get_base), "HEAD": Operation(get_base)},
    Kind.CATALOG: {"GET": Operation(get_catalog), "HEAD": Operation(get_catalog)},
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
    Kind.REFERRERS: {"GET": _pull(get_referrers), "HEAD": _pull(get_referrers)},
}


class RegistryApi:
    """Answers below ``/v2/``."""

    def __init__(self, services: Services, gate: Gate) -> None:
        self._services = services
        self._gate = gate

    async def handle(self, site: Site, request: Request) -> Response:
        """Answer a request.

        Raises:
            ApiError: As the specification has it.
        """
        # The path alone decides; request.url is partly the client's Host header (CVE-2026-48710).
        route = find_route(request.scope["path"])
        if route is None:
            raise ApiError(404, "UNSUPPORTED", "the registry has no such path; its API begins at /v2/")
        operations = _OPERATIONS[route.kind]
        operation = operations.get(request.method)
        if operation is None:
            allowed = ", ".join(operations)
            raise ApiError(405, "UNSUPPORTED", f"use {allowed} here", headers={"Allow": allowed})
        access = await self._admit(site, request, route, operation)
        return await operation.handler(Call(self._services, site, access, request, route))

    async def _admit(self, site: Site, request: Request, route: Route, operation: Operation) -> Access:
        catalog = route.kind is Kind.CATALOG
        wanted = []
        if operation.any_of:
            try:
                wanted = [(check_repository(route.repository), frozenset(operation.ask_for))]
            except NamingError as error:
                raise ApiError(400, "NAME_INVALID", str(error)) from None
        try:
            access = await self._gate.admit(site, request.headers.get("authorization"))
        except SignInError as error:
            raise challenge(site, wanted, catalog=catalog, error=error.error, message=error.message) from None
        if catalog:
            enough = access.grant is None or access.grant.catalog
        else:
            enough = not wanted or not access.on(route.repository).isdisjoint(operation.any_of)
        if not enough:
            # The same for repositories that do not exist, so that nobody learns which do.
            message = f"this needs the right to {', '.join(operation.ask_for) or 'the catalog'}"
            raise challenge(site, wanted, catalog=catalog, error="insufficient_scope", message=message)
        return access
