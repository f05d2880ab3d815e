"""From a request's ``Host`` to the application that answers it: the one ASGI application behind every door."""

from __future__ import annotations

import errno
import secrets
import sqlite3
import time
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import OperationalError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse

from seawall.acr.routes import PREFIX
from seawall.bodies import discard, has_body, linger
from seawall.errors import ApiError
from seawall.feeds.door import PREFIX as FEEDS
from seawall.identity.gate import Site
from seawall.metadata import registries
from seawall.naming import Host, Role
from seawall.openapi.door import PATH as OPENAPI
from seawall.openapi.door import OpenApiDoor
from seawall.server.operations import HEALTH_PATHS
from seawall.server.proxies import client_address
from seawall.sightings import Kind, Nobody, Sighting

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from seawall.acr.api import AcrApi
    from seawall.dataplane.door import DataDoor
    from seawall.doors import Doors
    from seawall.feeds.door import FeedDoor
    from seawall.identity.service import TokenService
    from seawall.management.api import ManagementApi
    from seawall.metadata.database import Database
    from seawall.network import Range
    from seawall.portal.portal import Portal
    from seawall.registry.api import RegistryApi
    from seawall.replication.door import ReplicationDoor
    from seawall.server.observer import Observer
    from seawall.server.operations import Health
    from seawall.sightings import Watch
    from seawall.topology import Registry

__all__ = ["Application"]

_DATA_ROLES: Final = {Role.DATA, Role.BLOB}
_OPERATORS: Final = Host(Role.OPERATORS)
_NO_REGISTRIES: Final = _DATA_ROLES | {Role.OPERATORS}
"""Where no client would take an answer for a registry's."""


class Application:
    """The registry and its doors as one ASGI application."""

    def __init__(
        self,
        *,
        region: str,
        doors: Doors,
        database: Database,
        api: RegistryApi,
        acr: AcrApi,
        tokens: TokenService,
        data: DataDoor,
        replication: ReplicationDoor,
        management: ManagementApi,
        portal: Portal,
        health: Health,
        observer: Observer,
        feeds: FeedDoor | None = None,
        watch: Watch | None = None,
        trusted: tuple[Range, ...] = (),
    ) -> None:
        self._region = region
        self._doors = doors
        self._database = database
        self._management = management
        self._portal = portal
        self._health = health
        self._api = api
        self._acr = acr
        self._tokens = tokens
        self._data = data
        self._replication = replication
        self._observer = observer
        self._feeds = feeds
        self._openapi = OpenApiDoor()
        self._watch = watch or Nobody()
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began = time.perf_counter()
        client = scope.get("client")
        if client is not None:
            # Whoever asks for the client's address from here on gets the one that counts.
            scope["client"] = client_address(client[0], scope["headers"], self._trusted), client[1]
        request = Request(scope, receive)
        identifier = secrets.token_hex(8)
        host = self._host(scope)
        response = await self._respond(host, request, identifier)
        headers = response.raw_headers
        whole = not has_body(scope) or await self._settle(request, response)
        headers.append((b"x-ms-correlation-request-id", identifier.encode()))
        if host is None or host.role not in _NO_REGISTRIES:
            headers.append((b"docker-distribution-api-version", b"registry/2.0"))
        try:
            await response(scope, receive, send)
            if not whole:
                await linger(request)
        except Exception as error:  # noqa: BLE001 - too late to tell the client, but not the log
            self._observer.failure(error, identifier)
        role = host.role if host else None
        self._observer.request(scope, role, response.status_code, identifier, time.perf_counter() - began)

    async def _settle(self, request: Request, response: Response) -> bool:
        """Make sure that nothing of a request's body is left on a connection that will be used again."""
        if "connection" not in response.headers and await discard(request):
            return True
        response.headers["Connection"] = "close"
        return False

    def _host(self, scope: Scope) -> Host | None:
        # Exactly one Host header, or none is believed (RFC 9112 section 3.2).
        named = [value for name, value in scope["headers"] if name == b"host"]
        return self._doors.locate(named[0].decode("latin-1")) if len(named) == 1 else None

    async def _respond(self, host: Host | None, request: Request, identifier: str) -> Response:
        # No error is kept in a variable: it holds this frame, the frame would hold it, and with both the request's
        # body, whose connection the server closes only once nobody holds it.
        try:
            return await self._dispatch(host, request)
        except ApiError as error:
            return await self._refuse(host, request, error)
        except ClientDisconnect:
            # Nobody is there to read it; 499 is what proxies log for it.
            return PlainTextResponse("", status_code=499)
        except Exception as error:  # noqa: BLE001 - the last resort: log it, tell the client its number
            return await self._refuse(host, request, _failure(error, identifier, self._observer))

    async def _refuse(self, host: Host | None, request: Request, error: ApiError) -> Response:
        if host == _OPERATORS and self._portal.serves(request):
            return await self._portal.refuse(request, error)
        return self._management.refuse(error) if host == _OPERATORS else error.response()

    async def _dispatch(self, host: Host | None, request: Request) -> Response:
        path = request.scope["path"]
        if path in HEALTH_PATHS:
            return await self._health.answer(path)
        if host == Host(Role.NODE, region=self._region):
            return await self._replication.handle(request)
        if host == _OPERATORS:
            return await self._manage(request)
        registry = await self._registry(host)
        if host is None or registry is None:
            raise ApiError(421, "UNSUPPORTED", "no registry is served under this host name; check the name in the URL")
        self._let_in(request.scope.get("client"), registry)
        if host.role in _DATA_ROLES:
            return await self._data.handle(host, registry, request)
        site = Site(registry, self._doors.authority(host))
        if path.startswith("/oauth2/"):
            return await self._tokens.handle(site, request)
        if self._feeds is not None and path.startswith(FEEDS):
            return await self._feeds.handle(registry, request)
        if path == OPENAPI:
            return await self._openapi.handle("acr", request)
        if path.startswith(PREFIX):
            return await self._acr.handle(site, request)
        return await self._api.handle(site, request)

    async def _manage(self, request: Request) -> Response:
        """Answer an operator."""
        if self._portal.serves(request):
            return await self._portal.handle(request)
        if request.scope["path"] == OPENAPI:
            return await self._openapi.handle("management", request)
        return await self._management.handle(request)

    async def _registry(self, host: Host | None) -> Registry | None:
        """Find the registry a host belongs to, if this node serves that host."""
        if host is None:
            return None
        if host.role is Role.BLOB:
            registry = await self._database.cached(registries.with_account, host.account)
            replica = registry.replica(self._region) if registry else None
            return registry if replica is not None and replica.account == host.account else None
        if host.region not in {"", self._region}:
            return None
        registry = await self._database.cached(registries.find, host.registry)
        # Other regions' registries are known here, but only those with a replica are served.
        return registry if registry is not None and registry.replica(self._region) is not None else None

    def _let_in(self, client: tuple[str, int] | None, registry: Registry) -> None:
        """Refuse a client that may not come from where it comes."""
        address = client[0] if client else "unknown"
        if registry.admits(address):
            return
        self._watch.saw(Sighting(registry.name, Kind.REFUSED, "", address, ""))
        # Up to the semicolon these are Azure's words, which tools look for. Strangers are not told which registry this
        # is.
        raise ApiError(
            403,
            "DENIED",
            f"client with IP '{address}' is not allowed access; ask whoever runs this registry to let the address in "
            "('seawall network-rule add'), or come from one that is allowed",
        )


def _failure(error: Exception, identifier: str, observer: Observer) -> ApiError:
    observer.failure(error, identifier)
    full = isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
    if full or (isinstance(error, OperationalError) and "full" in str(error.orig)):
        return ApiError(
            507,
            "UNKNOWN",
            "the registry's disk is full; what it has received is kept, so free some and resume",
        )
    if isinstance(error, OperationalError | sqlite3.OperationalError):
        message = "the registry's database does not answer; try again soon"
        return ApiError(503, "UNKNOWN", message, headers={"Retry-After": "5"})
    return ApiError(500, "UNKNOWN", f"something went wrong in the registry; its log says what, under {identifier}")
