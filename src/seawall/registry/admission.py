"""Letting a request in to the handler it is for: the method, the name, and the rights that its bearer must have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from seawall.errors import ApiError
from seawall.identity.gate import SignInError, challenge
from seawall.naming import NamingError, check_repository
from seawall.rates import Kind
from seawall.registry.call import Call

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from seawall.identity.actions import Action
    from seawall.identity.gate import Access, Gate, Site
    from seawall.registry.call import Services
    from seawall.registry.routes import Route

    Handler = Callable[[Call], Awaitable[Response]]

__all__ = ["Operation", "Reception"]


@dataclass(frozen=True, slots=True)
class Operation:
    """A handler and the rights it needs.

    Attributes:
        handler: What answers.
        any_of: One of these actions must be allowed on the repository; empty where no repository is concerned.
        ask_for: What a challenge tells the client to ask for.
        catalog: Whether it needs the right to list repositories.
        kind: What it does besides what its method says, where that has a rate of its own.
    """

    handler: Handler
    any_of: tuple[Action, ...] = ()
    ask_for: tuple[Action, ...] = ()
    catalog: bool = False
    kind: Kind | None = None


_KINDS: Final = {"GET": Kind.READ, "HEAD": Kind.READ, "DELETE": Kind.DELETE}
"""What requests do by their method; all others write."""


class Reception:
    """Lets requests in, and has them answered."""

    def __init__(self, services: Services, gate: Gate) -> None:
        self._services = services
        self._gate = gate

    async def answer(self, site: Site, request: Request, route: Route, operations: Mapping[str, Operation]) -> Response:
        """Have a request answered by the one of a path's operations that its method names.

        Raises:
            ApiError: 405 for another method, 400 for a name that is none, 401 with the challenge that says what to ask
                for, 429 for too many, and whatever the handler refuses.
        """
        operation = operations.get(request.method)
        if operation is None:
            allowed = ", ".join(operations)
            raise ApiError(405, "UNSUPPORTED", f"use {allowed} here", headers={"Allow": allowed})
        access = await self._admit(site, request, route.repository, operation)
        kind = _KINDS.get(request.method, Kind.WRITE)
        for one in (kind,) if operation.kind is None else (operation.kind, kind):
            self._services.rates.take(site.registry, one, access.identity.subject)
        return await operation.handler(Call(self._services, site, access, request, route))

    async def _admit(self, site: Site, request: Request, repository: str, operation: Operation) -> Access:
        wanted = []
        if operation.any_of:
            try:
                wanted = [(check_repository(repository), frozenset(operation.ask_for))]
            except NamingError as error:
                raise ApiError(400, "NAME_INVALID", str(error)) from None
        catalog = operation.catalog
        try:
            access = await self._gate.admit(site, request.headers.get("authorization"))
        except SignInError as error:
            raise challenge(site, wanted, catalog=catalog, error=error.error, message=error.message) from None
        if catalog:
            enough = access.grant is None or access.grant.catalog
        else:
            enough = not wanted or not access.on(repository).isdisjoint(operation.any_of)
        if not enough:
            # The same for repositories that do not exist, so that nobody learns which do.
            message = f"this needs the right to {', '.join(operation.ask_for) or 'the catalog'}"
            raise challenge(site, wanted, catalog=catalog, error="insufficient_scope", message=message)
        return access
