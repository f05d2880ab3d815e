"""What is below one registry: itself, and everything that belongs to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse

from seawall.management import (
    creation,
    credentials,
    imports,
    private_endpoints,
    replications,
    scope_maps,
    tokens,
    usages,
    webhooks,
)
from seawall.management.call import gone, location_of, present, read_body
from seawall.management.changes import changed
from seawall.management.documents import registry_document
from seawall.management.errors import ManagementError
from seawall.metadata import regions, registries

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from seawall.management.call import Call, Services
    from seawall.metadata.rows import Writer
    from seawall.topology import Registry

__all__ = ["answer"]

_THINGS: Final[Mapping[str, Callable[[Call], Awaitable[Response]]]] = {
    "generatecredentials": tokens.generate,
    "listcredentials": credentials.show,
    "listusages": usages.answer,
    "importimage": imports.answer,
    "privateendpointconnections": private_endpoints.answer_connections,
    "privatelinkresources": private_endpoints.answer_resources,
    "regeneratecredential": credentials.renew,
    "replications": replications.answer,
    "scopemaps": scope_maps.answer,
    "tokens": tokens.answer,
    "webhooks": webhooks.answer,
}
"""What answers for each kind of thing a registry has, by the first word behind its name, in lower case."""


async def answer(call: Call) -> Response:
    """Answer a request."""
    if call.words:
        thing = _THINGS.get(call.words[0].lower())
        if thing is None:
            raise call.no_such_path()
        return await thing(call.inside())
    services, registry = call.services, call.registry
    match call.request.method:
        case "GET":
            return JSONResponse(registry_document(services.account, services.doors, registry))
        case "PATCH" | "PUT":
            wanted = await call.body()
            if location_of(wanted, registry.home) != registry.home:
                words = f"{registry.name} is at home in {registry.home}, and cannot move"
                raise ManagementError(409, "InvalidResourceLocation", words)
            # Every write makes all other regions look what is new.
            if _changed(services, registry, wanted) != registry:
                registry = await services.database.write(_change, services, registry.name, wanted)
            return JSONResponse(registry_document(services.account, services.doors, registry))
        case "DELETE":
            _check_several(services)
            return gone(was_there=await services.database.write(creation.delete, registry.name))
    raise call.no_such_path()


async def create(services: Services, name: str, request: Request) -> Response:
    """Answer a PUT for a registry that is not there."""
    _check_several(services)
    body = await read_body(request)
    here = services.database.region
    known = {region.name for region in await services.database.cached(regions.list_all)} or {here}
    location = location_of(body, here)
    if location not in known:
        words = f"no node of {location[:80]} takes part; there are: {', '.join(sorted(known))}"
        raise ManagementError(400, "LocationNotAvailableForResourceType", words)
    try:
        # Unlike one that is made on the command line, it has no admin user before somebody asks for one.
        registry = creation.blank(name, location, admin=False)
    except ValueError as error:
        raise ManagementError(400, "InvalidRequest", str(error)) from None
    registry = _changed(services, registry, body)
    try:
        made, _ = await services.database.write(creation.create, registry)
    except ValueError as error:
        raise ManagementError(409, "AlreadyExists", str(error)) from None
    return JSONResponse(registry_document(services.account, services.doors, made), 201)


def _check_several(services: Services) -> None:
    if not services.doors.several:
        words = "a registry on ports of localhost is the only one there; 'seawall serve' has as many as you like"
        raise ManagementError(409, "RegistryStatusConflict", words)


def _change(writer: Writer, services: Services, name: str, wanted: object) -> Registry:
    registry = _changed(services, present(writer, name), wanted)
    registries.put(writer, registry)
    return registry


def _changed(services: Services, registry: Registry, wanted: object) -> Registry:
    return changed(registry, registry_document(services.account, services.doors, registry), wanted, services.tiers)
