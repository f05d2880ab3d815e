"""From a request to the page that answers it; nobody gets past here who has not signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import RedirectResponse

from seawall.errors import ApiError
from seawall.metadata import registries
from seawall.naming import Host, Role
from seawall.portal import paths
from seawall.portal.assets import Assets
from seawall.portal.manners import comes_from_us
from seawall.portal.session import Sessions
from seawall.portal.views import (
    firewall,
    images,
    networking,
    overview,
    private,
    replicas,
    repositories,
    service_tags,
    signing,
)
from seawall.portal.visit import RefusedError, Services, Visit
from seawall.portal.words import LANGUAGE_COOKIE, LANGUAGES, marked
from seawall.servicetags.feed import Shelf

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from seawall.doors import Doors
    from seawall.metadata.database import Database
    from seawall.naming import Cloud
    from seawall.servicetags.own_tags import Addresses
    from seawall.tiers import TiersOf
    from seawall.topology import Registry

__all__ = ["Desk"]

_METHODS: Final = frozenset(("GET", "HEAD", "POST"))
_YEAR: Final = 365 * 24 * 3600
_TOO_LARGE: Final = 413
_NO_ANSWER: Final = 503
_REASONS: Final = {
    408: marked("What was sent did not come in time. Try again."),
    _TOO_LARGE: marked("What was sent is larger than any form of the portal."),
    415: marked("What was sent is not one of the portal's forms."),
    _NO_ANSWER: marked("The registry's database does not answer. Try again soon."),
    507: marked("The registry's disk is full. Free some space and try again."),
}


class Desk:
    """Answers what people ask with a browser."""

    def __init__(
        self, cloud: Cloud, doors: Doors, database: Database, here: Addresses, tiers: TiersOf, weekly: Path
    ) -> None:
        """Take what :class:`~seawall.portal.portal.Portal` was given."""
        sessions = Sessions(database, doors.authority(Host(Role.OPERATORS)))
        self._services = Services(cloud, doors, database, here, tiers, sessions, Assets(), Shelf(weekly))

    async def answer(self, request: Request) -> Response:
        """Answer a request."""
        path: str = request.scope["path"]
        if path == "/":
            return RedirectResponse(paths.ROOT, 303)
        if path.startswith(f"{paths.STATIC}/"):
            return self._services.assets.answer(request)
        visit = Visit(self._services, request)
        try:
            response = await self._admit(visit)
        except RefusedError as refused:
            response = visit.page("refused.html", refused.status, why=visit.words(refused.words, **refused.values))
        except ApiError as error:
            response = self.refuse(request, error)
        if (language := request.query_params.get("lang")) in LANGUAGES:
            response.set_cookie(LANGUAGE_COOKIE, str(language), _YEAR, secure=True, httponly=True, samesite="lax")
        return response

    def refuse(self, request: Request, error: ApiError) -> Response:
        """Say on a page what went wrong; this asks no database anything."""
        visit = Visit(self._services, request)
        words = _REASONS.get(error.status)
        why = visit.words(words) if words else error.message
        response = visit.page("refused.html", error.status, why=why)
        response.headers.update(error.headers)
        return response

    async def _admit(self, visit: Visit) -> Response:
        """Answer whoever is signed in; send everybody else to where one signs in."""
        request, sessions = visit.request, self._services.sessions
        if request.method not in _METHODS:
            raise RefusedError(405, "The portal has pages and forms, nothing else.")
        if request.method == "POST" and not comes_from_us(request):
            raise RefusedError(403, "This form was not sent by a page of the portal, so nothing was changed.")
        if visit.path == paths.SIGN_IN:
            return await signing.sign_in(visit)
        session = await sessions.find(request)
        if session is None:
            aim = visit.path if request.method == "GET" and visit.path != paths.ROOT else ""
            response = visit.go(paths.with_query(paths.SIGN_IN, {"to": aim if paths.is_own(aim) else ""}))
            sessions.end(response)
            return response
        visit = Visit(self._services, request, session)
        try:
            return await self._page(visit)
        except RefusedError as refused:
            return visit.page("refused.html", refused.status, why=visit.words(refused.words, **refused.values))

    async def _page(self, visit: Visit) -> Response:
        method = "GET" if visit.request.method == "HEAD" else visit.request.method
        words = [word for word in visit.request.scope["path"].split("/")[2:] if word]
        match method, words:
            case "GET", []:
                return await overview.every_registry(visit)
            case "POST", ["sign-out"]:
                return await signing.sign_out(visit)
            case _, ["registries", name, *rest]:
                registry = await self._services.database.cached(registries.find, name)
                if registry is None:
                    raise RefusedError(404, "There is no registry {name}.", name=name[:80])
                return await _of_registry(visit, method, registry, rest)
        raise _no_page()


async def _of_registry(visit: Visit, method: str, registry: Registry, words: list[str]) -> Response:
    match method, words:
        case "GET", []:
            return await overview.one_registry(visit, registry)
        case "GET", ["repositories"]:
            return await repositories.every_repository(visit, registry)
        case "GET", ["repositories", *names]:
            name = "/".join(names)
            if "@" in name or ":" in name:
                return await images.one_image(visit, registry, name)
            return await repositories.one_repository(visit, registry, name)
        case _, ["networking", *rest]:
            return await _networking(visit, method, registry, rest)
        case "GET", ["replicas"]:
            return await replicas.every_replica(visit, registry)
    raise _no_page()


async def _networking(visit: Visit, method: str, registry: Registry, words: list[str]) -> Response:
    match method, words:
        case "GET", []:
            return await networking.public_access(visit, registry)
        case "POST", []:
            return await networking.change(visit, registry)
        case "GET", ["private"]:
            return await private.private_access(visit, registry)
        case "POST", ["private"]:
            return await private.change(visit, registry)
        case "GET", ["rules"]:
            return await firewall.rules(visit, registry)
        case "GET", ["rules", "file"]:
            return await firewall.file(visit, registry)
        case "GET", ["service-tags"]:
            return await service_tags.service_tags(visit, registry)
    raise _no_page()


def _no_page() -> RefusedError:
    return RefusedError(404, "There is no such page.")
