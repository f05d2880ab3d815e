"""One request about a registry or something that belongs to it, and what answering it takes."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from starlette.responses import JSONResponse, Response

from seawall import bodies
from seawall.management.account import GROUP
from seawall.management.errors import ManagementError, not_found
from seawall.metadata import registries

if TYPE_CHECKING:
    from starlette.requests import Request

    from seawall.doors import Doors
    from seawall.importing.importer import Importer
    from seawall.management.account import Account
    from seawall.management.jobs import Jobs
    from seawall.management.sizes import Sizes
    from seawall.metadata.database import Database
    from seawall.metadata.rows import Writer
    from seawall.tiers import Limits, TiersOf
    from seawall.topology import Registry, Tier

__all__ = ["Call", "Services", "gone", "listed", "location_of", "no_such_path", "present", "read_body"]

_LARGEST: Final = 1024 * 1024


class Services(NamedTuple):
    """What answers are made with."""

    account: Account
    doors: Doors
    database: Database
    tiers: TiersOf
    jobs: Jobs
    sizes: Sizes
    importer: Importer | None = None

    def limits(self, tier: Tier) -> Limits:
        """Return what a tier gives here."""
        return self.tiers[tier]


@dataclass(frozen=True, slots=True)
class Call:
    """A request by an operator.

    Attributes:
        services: What answers are made with.
        registry: The registry it is about.
        operator: Who asks.
        words: What the path says behind the registry's name and what was understood of it already, as it was written.
        request: The request.
    """

    services: Services
    registry: Registry
    operator: str
    words: tuple[str, ...]
    request: Request

    @property
    def question(self) -> tuple[str, tuple[str, ...]]:
        """The method and the words in lower case: what to match, since Azure compares names without regard to case."""
        return self.request.method, tuple(word.lower() for word in self.words)

    def inside(self) -> Call:
        """Go on behind the first word."""
        return replace(self, words=self.words[1:])

    async def body(self) -> dict[str, Any]:
        """Read the body, which must be a JSON object.

        Raises:
            ManagementError: 400.
        """
        body = await read_body(self.request)
        if not isinstance(body, dict):
            raise ManagementError(400, "InvalidRequestContent", "the body must be a JSON object")
        return body

    def identity(self, kind: str, name: str) -> dict[str, str]:
        """Write what every thing of a registry begins with: identifier, name and type."""
        return self.services.account.thing(self.registry.name, kind, name)

    def not_found(self, kind: str = "", name: str = "") -> ManagementError:
        """Say that the registry, or a thing of it, is not there."""
        return not_found("registries", "/".join(filter(None, (self.registry.name, kind, name))), GROUP)

    def no_such_path(self) -> ManagementError:
        """Say that this path and method mean nothing."""
        return no_such_path(self.request)


def present(writer: Writer, name: str) -> Registry:
    """Find a registry within the transaction that changes it.

    Raises:
        ManagementError: 404; it was deleted meanwhile.
    """
    registry = registries.find(writer.connection, name)
    if registry is None:
        raise not_found("registries", name, GROUP)
    return registry


async def read_body(request: Request) -> object:
    """Read a body that must be JSON.

    Raises:
        ManagementError: 400.
    """
    body = await bodies.read(request, _LARGEST, "InvalidRequest")
    try:
        read = json.loads(body)
        json.dumps(read, ensure_ascii=False).encode()  # JSON can hold halves of surrogate pairs, which no answer can
    except (ValueError, RecursionError):
        raise ManagementError(400, "InvalidRequestContent", "the body is no JSON") from None
    return read


def location_of(body: object, otherwise: str) -> str:
    """Read where something is to be; ``East US`` is ``eastus``.

    Raises:
        ManagementError: 400.
    """
    named = body.get("location") if isinstance(body, dict) else None
    if named is not None and not isinstance(named, str):
        raise ManagementError(400, "InvalidRequest", "'location' must be a text such as eastus")
    return (named or otherwise).lower().replace(" ", "")


def listed(documents: list[dict[str, Any]]) -> Response:
    """Answer with a list."""
    return JSONResponse({"value": documents})


def gone(*, was_there: bool) -> Response:
    """Answer a DELETE: to ask for it twice is no error."""
    return Response(status_code=200 if was_there else 204)


def no_such_path(request: Request) -> ManagementError:
    """Say that a path and method mean nothing."""
    words = f"{request.method} {request.scope['path'][:200]} is nothing that can be managed here"
    return ManagementError(404, "InvalidResourceType", words)
