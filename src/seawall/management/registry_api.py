"""What is below one registry: itself, and everything that belongs to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse

from seawall.management import replications
from seawall.management.call import present
from seawall.management.changes import changed
from seawall.management.documents import registry_document
from seawall.metadata import registries

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.responses import Response

    from seawall.management.call import Call, Services
    from seawall.metadata.rows import Writer
    from seawall.topology import Registry

__all__ = ["answer"]

_THINGS: Final[Mapping[str, Callable[[Call], Awaitable[Response]]]] = {
    "replications": replications.answer,
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
        case "PATCH":
            wanted = await call.body()
            # Every write makes all other regions look what is new.
            if _changed(services, registry, wanted) != registry:
                registry = await services.database.write(_change, services, registry.name, wanted)
            return JSONResponse(registry_document(services.account, services.doors, registry))
    raise call.no_such_path()


def _change(writer: Writer, services: Services, name: str, wanted: object) -> Registry:
    registry = _changed(services, present(writer, name), wanted)
    registries.put(writer, registry)
    return registry


def _changed(services: Services, registry: Registry, wanted: object) -> Registry:
    return changed(registry, registry_document(services.account, services.doors, registry), wanted)
