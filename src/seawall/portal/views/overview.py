"""The registries there are, and what there is to know of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seawall.metadata import registries
from seawall.metadata.browsing import MOST_COUNTED, totals
from seawall.portal.hosts import data_endpoints, login_server

if TYPE_CHECKING:
    from starlette.responses import Response

    from seawall.portal.visit import Visit
    from seawall.topology import Registry

__all__ = ["every_registry", "one_registry"]


async def every_registry(visit: Visit) -> Response:
    """List the registries."""
    known = await visit.services.database.cached(registries.list_all)
    doors = visit.services.doors
    return visit.page("registries.html", listed=[(one, login_server(doors, one)) for one in known])


async def one_registry(visit: Visit, registry: Registry) -> Response:
    """Show one registry."""
    services = visit.services
    return visit.page(
        "overview.html",
        registry=registry,
        login=login_server(services.doors, registry),
        endpoints=data_endpoints(services.doors, registry) if registry.data_endpoints else [],
        totals=await services.database.cached(totals, registry.name),
        most=MOST_COUNTED,
    )
