"""Networking, private access: the private endpoints of a registry."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from seawall.portal.saving import save
from seawall.portal.visit import RefusedError
from seawall.portal.words import marked
from seawall.private_endpoint import Status
from seawall.privatelink import FORMS, missing, private_records
from seawall.tiers import TierError
from seawall.topology import TopologyError, with_private_endpoint, without_private_endpoint

if TYPE_CHECKING:
    from starlette.responses import Response

    from seawall.portal.visit import Visit
    from seawall.private_endpoint import PrivateEndpoint
    from seawall.privatelink import PrivateRecord
    from seawall.topology import Registry

__all__ = ["change", "private_access"]

_DECISIONS: Final = {"approve": Status.APPROVED, "reject": Status.REJECTED}


class Shown(NamedTuple):
    """A private endpoint as it is shown: what it is, its records, those in every form, and who has no address."""

    endpoint: PrivateEndpoint
    records: list[PrivateRecord]
    forms: dict[str, str]
    missing: tuple[str, ...]


async def private_access(visit: Visit, registry: Registry) -> Response:
    """Show the page."""
    return _page(visit, registry)


async def change(visit: Visit, registry: Registry) -> Response:
    """Approve, reject or delete a private endpoint."""
    fields = await visit.form()
    [(action, name), *_] = [(one, fields[one]) for one in (*_DECISIONS, "delete") if one in fields] or [("", "")]
    if not action or registry.private_endpoint(name) is None:
        raise RefusedError(400, "What was sent is not one of the portal's forms.")

    def changed(before: Registry) -> Registry:
        endpoint = before.private_endpoint(name)
        if endpoint is None or action == "delete":
            return without_private_endpoint(before, name)
        return with_private_endpoint(before, replace(endpoint, status=_DECISIONS[action]))

    try:
        saved = await save(visit, registry, changed)
    except (TierError, TopologyError) as error:
        return _page(visit, registry, 400, wrong=str(error))
    if action == "delete":
        words = marked("Deleted {name}. Dedicated data endpoints stay as they are.")
    elif action == "reject":
        words = marked("Rejected {name}: clients of its network come in no longer.")
    elif saved.data_endpoints and not registry.data_endpoints:
        words = marked("Approved {name}. Dedicated data endpoints are on now: a private endpoint needs them.")
    else:
        words = marked("Approved {name}: clients of its network come in.")
    return visit.go(visit.path, words, name=name)


def _page(visit: Visit, registry: Registry, status: int = 200, **values: Any) -> Response:  # noqa: ANN401 - templates
    cloud = visit.services.cloud
    shown = []
    for endpoint in registry.private_endpoints:
        records = private_records(cloud, registry, endpoint)
        forms = {form: write(cloud, records) for form, write in FORMS.items()}
        shown.append(Shown(endpoint, records, forms, missing(registry, endpoint)))
    return visit.page("private.html", status, registry=registry, shown=shown, **{"wrong": "", **values})
