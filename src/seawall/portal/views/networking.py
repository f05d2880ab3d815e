"""Networking, public access: dedicated data endpoints, and the addresses that clients may come from."""

from __future__ import annotations

import time
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from seawall.metadata import registries
from seawall.metadata.readiness import DAYS, Readiness, recent, summary
from seawall.network import Action, NetworkRules, NetworkRulesError, Range, parse_range
from seawall.portal.hosts import data_endpoints, login_server, needs
from seawall.portal.visit import RefusedError
from seawall.portal.words import marked
from seawall.tiers import TierError, check
from seawall.topology import TopologyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from starlette.responses import Response

    from seawall.metadata.rows import Writer
    from seawall.portal.visit import Visit
    from seawall.tiers import TiersOf
    from seawall.topology import Registry

__all__ = ["change", "public_access"]

_Apply: TypeAlias = "Callable[[NetworkRules, Iterable[Range]], NetworkRules]"

_SHOWN_CLIENTS: Final = 10
_LONGEST: Final = 100


class Access(StrEnum):
    """Who may come but by a private endpoint."""

    ALL = "all"
    SELECTED = "selected"
    NOBODY = "nobody"

    @classmethod
    def of(cls, registry: Registry) -> Access:
        """Say what a registry's is."""
        if not registry.public_access:
            return cls.NOBODY
        return cls.SELECTED if registry.network.default_action is Action.DENY else cls.ALL


async def public_access(visit: Visit, registry: Registry) -> Response:
    """Show the page."""
    return await _page(visit, registry)


async def _page(visit: Visit, registry: Registry, status: int = 200, **values: Any) -> Response:  # noqa: ANN401
    services = visit.services
    reports = await services.database.read(recent, registry, time.time())
    shown = {"wrong": "", "range": "", "range_wrong": "", **values}
    return visit.page(
        "networking.html",
        status,
        registry=registry,
        access=Access.of(registry).value,
        login=login_server(services.doors, registry),
        endpoints=data_endpoints(services.doors, registry) if registry.data_endpoints else [],
        needs=needs(services.doors, registry),
        reports=reports[:_SHOWN_CLIENTS],
        counts=summary(reports),
        more=max(0, len(reports) - _SHOWN_CLIENTS),
        blocked=sum(one.verdict is Readiness.BLOCKED for one in reports),
        days=DAYS,
        now=time.time(),
        limits=services.tiers[registry.tier],
        **shown,
    )


async def change(visit: Visit, registry: Registry) -> Response:
    """Change what one of the page's forms asks for."""
    fields = await visit.form()
    for name, apply in (("add", NetworkRules.adding), ("remove", NetworkRules.removing)):
        if name in fields:
            return await _change_range(visit, registry, fields[name].strip(), apply)
    return await _save(visit, registry, fields)


async def _save(visit: Visit, registry: Registry, fields: Mapping[str, str]) -> Response:
    """Save who may come, and whether dedicated data endpoints are used.

    Only what the operator changed on the page is changed: what somebody else changed meanwhile stays.
    """
    changes: dict[str, Any] = {}
    dedicated = "dedicated" in fields
    if dedicated != (fields.get("was_dedicated") == "yes"):
        changes["data_endpoints"] = dedicated
    wanted = fields.get("access", "")
    if wanted and wanted != fields.get("was_access"):
        if wanted not in set(Access):
            raise RefusedError(400, "What was sent is not one of the portal's forms.")
        changes["public_access"] = wanted != Access.NOBODY
        if wanted != Access.NOBODY:
            changes["default_action"] = Action.DENY if wanted == Access.SELECTED else Action.ALLOW
    if not changes:
        return visit.go(visit.path, "Nothing was changed: everything is so already.")
    try:
        saved = await _write(visit, registry, lambda found: _with(found, changes))
    except (TierError, TopologyError) as error:
        return await _page(visit, registry, 400, wrong=str(error))
    return visit.go(visit.path, _told(changes, saved), registry=registry.name)


async def _change_range(visit: Visit, registry: Registry, text: str, apply: _Apply) -> Response:
    try:
        one = parse_range(text)
        saved = await _write(visit, registry, lambda found: replace(found, network=apply(found.network, (one,))))
    except (NetworkRulesError, TierError, TopologyError) as error:
        return await _page(visit, registry, 400, range=text[:_LONGEST], range_wrong=str(error))
    there = one in saved.network.ranges
    words = marked("Added: clients may come from {range}.") if there else marked("Removed: {range}.")
    return visit.go(visit.path, words, range=str(one))


async def _write(visit: Visit, registry: Registry, change: Callable[[Registry], Registry]) -> Registry:
    services = visit.services
    # Every write makes all other regions look what is new, so what is refused is not even begun.
    _changed(registry, change, services.tiers)
    saved = await services.database.write(_change, registry.name, change, services.tiers)
    if saved is None:
        raise RefusedError(404, "There is no registry {name}.", name=registry.name)
    return saved


def _change(writer: Writer, name: str, change: Callable[[Registry], Registry], tiers: TiersOf) -> Registry | None:
    # Read and written in one transaction, so that two changes at once do not undo each other.
    before = registries.find(writer.connection, name)
    if before is None:
        return None
    after = _changed(before, change, tiers)
    if after != before:
        registries.put(writer, after)
    return after


def _changed(before: Registry, change: Callable[[Registry], Registry], tiers: TiersOf) -> Registry:
    after = change(before)
    check(after, tiers, before)
    return after


def _with(registry: Registry, changes: Mapping[str, Any]) -> Registry:
    values = dict(changes)
    if "default_action" in values:
        values["network"] = replace(registry.network, default_action=values.pop("default_action"))
    return replace(registry, **values)


def _told(changes: Mapping[str, Any], saved: Registry) -> str:
    """Say what was saved; what breaks clients most easily comes first."""
    if changes.get("data_endpoints"):
        return marked("Saved. {registry} uses dedicated data endpoints now; they are listed below.")
    if "data_endpoints" in changes:
        return marked("Saved. Clients of {registry} are sent to shared storage again.")
    if not saved.public_access:
        return marked("Saved. {registry} answers nobody but private endpoints now.")
    if saved.network.default_action is Action.ALLOW:
        return marked("Saved. {registry} answers clients from everywhere.")
    if saved.network.ranges:
        return marked("Saved. {registry} answers the addresses below and refuses everybody else.")
    return marked("Saved. {registry} refuses everybody until you add addresses below.")
