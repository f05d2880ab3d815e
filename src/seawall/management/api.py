"""The API of Azure Resource Manager, as far as registries need it.

Any ``api-version`` is answered alike, since every release of the Azure CLI asks for another one. Names of types and of
resources are compared without regard to case, as Azure Resource Manager does.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse, Response

from seawall import bodies
from seawall.errors import ApiError
from seawall.identity.gate import SignInError
from seawall.identity.operators import OperatorGate
from seawall.identity.sign_in import PREFIX as SIGN_IN
from seawall.identity.sign_in import SignInService
from seawall.management.account import GROUP, TYPE, Account
from seawall.management.changes import changed, check_replica, not_replicated, replicated
from seawall.management.documents import registry_document, replica_document, replicas_document, resource_document
from seawall.management.errors import ManagementError, not_found
from seawall.metadata import regions, registries
from seawall.naming import Host, NamingError, Role, check_registry

if TYPE_CHECKING:
    from starlette.requests import Request

    from seawall.doors import Doors
    from seawall.metadata.database import Database
    from seawall.metadata.rows import Writer
    from seawall.naming import Cloud
    from seawall.topology import Registry

__all__ = ["ManagementApi"]

_LARGEST: Final = 1024 * 1024
_PROVIDER: Final = "microsoft.containerregistry"
_TYPE_FILTER: Final = re.compile(r"resourceType\s+eq\s+'([^']*)'", re.IGNORECASE)
_NAME_FILTER: Final = re.compile(r"\bname\s+eq\s+'([^']*)'", re.IGNORECASE)


class ManagementApi:
    """Answers at the operators' host."""

    def __init__(self, cloud: Cloud, doors: Doors, database: Database) -> None:
        """Take what is managed, and under which names clients reach it."""
        self._account = Account(f"https://{doors.authority(Host(Role.OPERATORS))}", cloud, SIGN_IN)
        self._doors = doors
        self._database = database
        self._gate = OperatorGate(database)
        self._sign_in = SignInService(database, self._gate)

    async def handle(self, request: Request) -> Response:
        """Answer a request."""
        try:
            return await self._answer(request)
        except ManagementError as error:
            return error.response()
        except ApiError as error:
            return ManagementError(error.status, "InvalidRequest", error.message, error.headers).response()

    async def _answer(self, request: Request) -> Response:
        path: str = request.scope["path"]
        if path.startswith(f"{SIGN_IN}/"):
            return await self._sign_in.handle(self._account.origin, request)
        words = [word.lower() for word in path.split("/") if word]
        if words == ["metadata", "endpoints"]:
            return JSONResponse(self._account.endpoints())
        try:
            await self._gate.admit(self._account.origin, request.headers.get("authorization"))
        except SignInError as error:
            where = f'Bearer authorization_uri="{self._account.origin}{SIGN_IN}"'
            raise ManagementError(401, "AuthenticationFailed", error.message, {"WWW-Authenticate": where}) from None
        match words:
            case ["tenants"]:
                return JSONResponse({"value": [self._account.tenant_document()]})
            case ["subscriptions"]:
                return JSONResponse({"value": [self._account.subscription_document()]})
            case ["subscriptions", subscription, *rest]:
                if subscription != self._account.subscription:
                    why = f"The subscription '{subscription}' could not be found."
                    raise ManagementError(404, "SubscriptionNotFound", why)
                return await self._in_subscription(rest, request)
        raise _no_such_path(request)

    async def _in_subscription(self, words: list[str], request: Request) -> Response:
        known = await self._database.cached(registries.list_all)
        match (request.method, words):
            case ("GET", []):
                return JSONResponse(self._account.subscription_document())
            case ("GET", ["resources"]):
                return JSONResponse({"value": self._resources(known, request.query_params.get("$filter", ""))})
            case ("GET", ["resourcegroups"]):
                return JSONResponse({"value": [self._account.group_document(_location(known))]})
            case ("GET", ["resourcegroups", group]):
                _check_group(group)
                return JSONResponse(self._account.group_document(_location(known)))
            case ("GET", ["providers", provider]) if provider == _PROVIDER:
                return JSONResponse({"namespace": "Microsoft.ContainerRegistry", "registrationState": "Registered"})
            case ("GET", ["providers", provider, "registries"]) if provider == _PROVIDER:
                return JSONResponse({"value": [self._document(registry) for registry in known]})
            case ("POST", ["providers", provider, "checknameavailability"]) if provider == _PROVIDER:
                return JSONResponse(_availability(known, await _body(request)))
            case (_, ["resourcegroups", group, "providers", provider, "registries", *rest]) if provider == _PROVIDER:
                _check_group(group)
                if not rest and request.method == "GET":
                    return JSONResponse({"value": [self._document(registry) for registry in known]})
                if rest:
                    return await self._registry(rest, request)
        raise _no_such_path(request)

    async def _registry(self, words: list[str], request: Request) -> Response:
        name, *rest = words
        registry = await self._database.cached(registries.find, name)
        if registry is None:
            raise not_found("registries", name, GROUP)
        match (request.method, rest):
            case ("GET", []):
                return JSONResponse(self._document(registry))
            case ("PATCH", []):
                wanted = await _body(request)
                # Every write makes all other regions look what is new.
                if changed(registry, self._document(registry), wanted) != registry:
                    registry = await self._database.write(self._change, name, wanted)
                return JSONResponse(self._document(registry))
            case ("GET", ["replications"]):
                return JSONResponse(replicas_document(self._account, registry))
            case ("GET", ["replications", region]):
                return JSONResponse(self._replica(registry, region))
            case ("PUT", ["replications", region]):
                check_replica(region, await _body(request))
                there = registry.replica(region) is not None
                registry = registry if there else await self._database.write(self._add_replica, name, region)
                return JSONResponse(self._replica(registry, region), 200 if there else 201)
            case ("DELETE", ["replications", region]):
                if registry.replica(region) is None:
                    return Response(status_code=204)
                await self._database.write(self._remove_replica, name, region)
                return Response(status_code=200)
        raise _no_such_path(request)

    def _replica(self, registry: Registry, region: str) -> dict[str, Any]:
        replica = registry.replica(region)
        if replica is None or len(registry.replicas) == 1:
            raise not_found("registries", f"{registry.name}/replications/{region}", GROUP)
        return replica_document(self._account, registry, replica)

    def _add_replica(self, writer: Writer, name: str, region: str) -> Registry:
        found = _find(writer, name)
        with_it = replicated(found, region, {one.name for one in regions.list_all(writer.connection)})
        registries.put(writer, with_it)
        return with_it

    def _remove_replica(self, writer: Writer, name: str, region: str) -> None:
        registries.put(writer, not_replicated(_find(writer, name), region))

    def _change(self, writer: Writer, name: str, wanted: object) -> Registry:
        found = _find(writer, name)
        new = changed(found, self._document(found), wanted)
        registries.put(writer, new)
        return new

    def _document(self, registry: Registry) -> dict[str, Any]:
        return registry_document(self._account, self._doors, registry)

    def _resources(self, known: list[Registry], condition: str) -> list[dict[str, Any]]:
        kind, name = _TYPE_FILTER.search(condition), _NAME_FILTER.search(condition)
        if kind is not None and kind[1].lower() != TYPE.lower():
            return []
        chosen = [one for one in known if name is None or one.name == name[1].lower()]
        return [resource_document(self._account, registry) for registry in chosen]


def _find(writer: Writer, name: str) -> Registry:
    found = registries.find(writer.connection, name)
    if found is None:
        raise not_found("registries", name, GROUP)
    return found


def _location(known: list[Registry]) -> str:
    return known[0].home if known else "local"


def _check_group(group: str) -> None:
    if group != GROUP:
        words = f"Resource group '{group}' could not be found; there is '{GROUP}'."
        raise ManagementError(404, "ResourceGroupNotFound", words)


def _availability(known: list[Registry], body: object) -> dict[str, Any]:
    name = str(body.get("name", "")) if isinstance(body, dict) else ""
    try:
        check_registry(name.lower())
    except NamingError as error:
        return {"nameAvailable": False, "reason": "Invalid", "message": str(error)}
    if any(registry.name == name.lower() for registry in known):
        words = f"The registry {name} is already in use."
        return {"nameAvailable": False, "reason": "AlreadyExists", "message": words}
    return {"nameAvailable": True}


async def _body(request: Request) -> object:
    body = await bodies.read(request, _LARGEST, "InvalidRequest")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ManagementError(400, "InvalidRequestContent", "the body is no JSON") from None


def _no_such_path(request: Request) -> ManagementError:
    words = f"{request.method} {request.scope['path'][:200]} is nothing that can be managed here"
    return ManagementError(404, "InvalidResourceType", words)
