"""What is in the subscription: the resource group, and registries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse

from seawall.management import network_api, registry_api
from seawall.management.account import GROUP, TYPE
from seawall.management.call import Call, listed, no_such_path, read_body
from seawall.management.documents import registry_document, resource_document
from seawall.management.errors import ManagementError, not_found
from seawall.metadata import registries
from seawall.naming import NamingError, check_registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from seawall.management.call import Services
    from seawall.topology import Registry

__all__ = ["answer"]

_PROVIDER: Final = "microsoft.containerregistry"
_TYPE_FILTER: Final = re.compile(r"resourceType\s+eq\s+'([^']*)'", re.IGNORECASE)
_NAME_FILTER: Final = re.compile(r"\bname\s+eq\s+'([^']*)'", re.IGNORECASE)


async def answer(services: Services, operator: str, words: tuple[str, ...], request: Request) -> Response:
    """Answer a request.

    Args:
        services: What answers are made with.
        operator: Who asks.
        words: The path behind the subscription.
        request: The request.

    Raises:
        ManagementError: A refusal.
    """
    known = await services.database.cached(registries.list_all)
    account = services.account
    match (request.method, [word.lower() for word in words]):
        case ("GET", []):
            return JSONResponse(account.subscription_document())
        case ("GET", ["resources"]):
            chosen = _chosen(known, request.query_params.get("$filter", ""))
            return listed([resource_document(account, registry) for registry in chosen])
        case ("GET", ["resourcegroups"]):
            return listed([account.group_document(_location(known))])
        case ("GET", ["resourcegroups", group]):
            _check_group(group)
            return JSONResponse(account.group_document(_location(known)))
        case ("GET", ["providers", provider]) if provider == _PROVIDER:
            return JSONResponse({"namespace": "Microsoft.ContainerRegistry", "registrationState": "Registered"})
        case ("GET", ["providers", provider, "registries"]) if provider == _PROVIDER:
            return _list(services, known)
        case ("POST", ["providers", provider, "checknameavailability"]) if provider == _PROVIDER:
            return JSONResponse(_availability(known, await read_body(request)))
        case ("GET", ["providers", provider, "locations", _, "operationresults", identifier]) if provider == _PROVIDER:
            return await services.jobs.answer(identifier, f"{account.origin}{request.scope['path']}")
        case ("GET", ["resourcegroups", group, "providers", "microsoft.network", kind, name]):
            _check_group(group)
            return await network_api.answer(services, kind, name)
        case (_, ["resourcegroups", group, "providers", provider, "registries", *_]) if provider == _PROVIDER:
            _check_group(group)
            return await _registries(services, operator, words[5:], request)
    raise no_such_path(request)


async def _registries(services: Services, operator: str, words: tuple[str, ...], request: Request) -> Response:
    if not words:
        if request.method != "GET":
            raise no_such_path(request)
        return _list(services, await services.database.cached(registries.list_all))
    name, *rest = words
    registry = await services.database.cached(registries.find, name.lower())
    if registry is None and request.method == "PUT" and not rest:
        return await registry_api.create(services, name.lower(), request)
    if registry is None:
        raise not_found("registries", name, GROUP)
    return await registry_api.answer(Call(services, registry, operator, tuple(rest), request))


def _list(services: Services, known: Sequence[Registry]) -> Response:
    return listed([registry_document(services.account, services.doors, registry) for registry in known])


def _chosen(known: Sequence[Registry], condition: str) -> list[Registry]:
    kind, name = _TYPE_FILTER.search(condition), _NAME_FILTER.search(condition)
    if kind is not None and kind[1].lower() != TYPE.lower():
        return []
    return [one for one in known if name is None or one.name == name[1].lower()]


def _location(known: Sequence[Registry]) -> str:
    return known[0].home if known else "local"


def _check_group(group: str) -> None:
    if group != GROUP:
        words = f"Resource group '{group}' could not be found; there is '{GROUP}'."
        raise ManagementError(404, "ResourceGroupNotFound", words)


def _availability(known: Sequence[Registry], body: object) -> dict[str, Any]:
    name = body.get("name") if isinstance(body, dict) else None
    if not isinstance(name, str):
        raise ManagementError(400, "InvalidRequest", "the body must be a JSON object with a 'name', which is a text")
    try:
        check_registry(name.lower())
    except NamingError as error:
        return {"nameAvailable": False, "reason": "Invalid", "message": str(error)}
    if any(registry.name == name.lower() for registry in known):
        words = f"The registry {name} is already in use."
        return {"nameAvailable": False, "reason": "AlreadyExists", "message": words}
    return {"nameAvailable": True}
