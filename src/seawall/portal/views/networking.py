"""Networking, public access: dedicated data endpoints, and the addresses that clients may come from."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from seawall.metadata import sightings
from seawall.metadata.readiness import DAYS, recent
from seawall.naming import PUBLIC
from seawall.neighbours import NEIGHBOURS
from seawall.network import Action, NetworkRules, NetworkRulesError, Range, parse_range
from seawall.portal.hosts import data_endpoints, login_server, needs
from seawall.portal.saving import save
from seawall.portal.visit import RefusedError
from seawall.portal.words import marked
from seawall.servicetags.feed import FeedError
from seawall.servicetags.snapshot import SnapshotError, TagMissingError
from seawall.sightings import Kind
from seawall.switching import Standing, clients
from seawall.tag_rule import is_tag_name, tag_rule
from seawall.tiers import TierError
from seawall.topology import TopologyError, with_data_endpoints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy import Connection
    from starlette.responses import Response

    from seawall.metadata.sightings import Seen
    from seawall.portal.visit import Visit
    from seawall.servicetags.feed import Shelf
    from seawall.switching import Client
    from seawall.tag_rule import TagRule
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
    hosts = [one.name for one in data_endpoints(services.doors, registry)]
    # There may be thousands, so nobody else at this worker waits for them.
    known, refused = await services.database.read(_seen, registry, hosts)
    shown = {"wrong": "", "range": "", "range_wrong": "", **values}
    return visit.page(
        "networking.html",
        status,
        registry=registry,
        access=Access.of(registry).value,
        rules=[
            *((str(one), None) for one in registry.network.ranges),
            *((one.tag, one) for one in registry.network.tags),
        ],
        login=login_server(services.doors, registry),
        endpoints=data_endpoints(services.doors, registry) if registry.data_endpoints else [],
        needs=needs(services.doors, registry),
        clients=known[:_SHOWN_CLIENTS],
        counts={standing.value: sum(one.standing is standing for one in known) for standing in Standing},
        more=max(0, len(known) - _SHOWN_CLIENTS),
        refused=refused,
        days=DAYS,
        now=time.time(),
        limits=services.tiers[registry.tier],
        **shown,
    )


def _seen(connection: Connection, registry: Registry, hosts: Sequence[str]) -> tuple[list[Client], list[Seen]]:
    """Find what is known of a registry's clients, and the last ones that were refused and would be still."""
    sent, came, refused = (
        sightings.seen(connection, registry.name, kind) for kind in (Kind.SENT, Kind.CAME, Kind.REFUSED)
    )
    known = clients(hosts, sent, came, recent(connection, registry, time.time()))
    still = (one for one in refused if not registry.admits(one.sighting.address))
    return known, list(islice(still, _SHOWN_CLIENTS))


async def change(visit: Visit, registry: Registry) -> Response:
    """Change what one of the page's forms asks for."""
    fields = await visit.form()
    for name, of_ranges, of_tags in (("add", NetworkRules.adding, True), ("remove", NetworkRules.removing, False)):
        text = fields.get(name, "").strip()
        if is_tag_name(text):
            return await _change_tag(visit, registry, text, add=of_tags)
        if name in fields:
            return await _change_range(visit, registry, text, of_ranges)
    return await _save(visit, registry, fields)


async def _save(visit: Visit, registry: Registry, fields: Mapping[str, str]) -> Response:
    """Save who may come, and whether dedicated data endpoints are used.

    Only what the operator changed on the page is changed: what somebody else changed meanwhile stays.
    """
    changes: dict[str, Any] = {}
    dedicated = "dedicated" in fields
    overlap = "overlap" in fields
    if (dedicated, dedicated and overlap) != (fields.get("was_dedicated") == "yes", registry.overlap):
        changes |= {"data_endpoints": dedicated, "overlap": overlap}
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
        saved = await save(visit, registry, lambda found: _with(found, changes))
    except (TierError, TopologyError) as error:
        return await _page(visit, registry, 400, wrong=str(error))
    return visit.go(visit.path, _told(changes, saved), registry=registry.name)


async def _change_range(visit: Visit, registry: Registry, text: str, apply: _Apply) -> Response:
    try:
        one = parse_range(text)
        saved = await save(visit, registry, lambda found: replace(found, network=apply(found.network, (one,))))
    except (NetworkRulesError, TierError, TopologyError) as error:
        return await _page(visit, registry, 400, range=text[:_LONGEST], range_wrong=str(error))
    there = one in saved.network.ranges
    words = marked("Added: clients may come from {range}.") if there else marked("Removed: {range}.")
    return visit.go(visit.path, words, range=str(one))


async def _change_tag(visit: Visit, registry: Registry, tag: str, *, add: bool) -> Response:
    """Let clients come from where a service tag of Azure's public cloud says, or not any more."""
    try:
        # A weekly file is large to read.
        rule = await asyncio.to_thread(_tag_rule, visit.services.shelf, tag) if add else None
        saved = await save(visit, registry, lambda found: replace(found, network=_with_tag(found.network, tag, rule)))
    except (FeedError, SnapshotError, TagMissingError, NetworkRulesError, TierError, TopologyError) as error:
        return await _page(visit, registry, 400, range=tag, range_wrong=str(error))
    there = saved.network.tag(tag) is not None
    words = marked("Added: clients may come from {range}.") if there else marked("Removed: {range}.")
    return visit.go(visit.path, words, range=tag)


def _tag_rule(shelf: Shelf, tag: str) -> TagRule:
    return tag_rule(shelf.load(NEIGHBOURS[PUBLIC.domain].tags), tag)


def _with_tag(rules: NetworkRules, tag: str, rule: TagRule | None) -> NetworkRules:
    return rules.without_tag(tag) if rule is None else rules.adding_tag(rule)


def _with(registry: Registry, changes: Mapping[str, Any]) -> Registry:
    values = dict(changes)
    if "default_action" in values:
        values["network"] = replace(registry.network, default_action=values.pop("default_action"))
    if "data_endpoints" in values:
        registry = with_data_endpoints(registry, on=values.pop("data_endpoints"), overlap=values.pop("overlap", False))
    return replace(registry, **values)


def _told(changes: Mapping[str, Any], saved: Registry) -> str:
    """Say what was saved; what breaks clients most easily comes first."""
    if changes.get("data_endpoints") and saved.overlap:
        return marked("Saved. Clients of {registry} that told that they reach dedicated data endpoints use them now.")
    if changes.get("data_endpoints"):
        return marked("Saved. {registry} uses dedicated data endpoints now; they are listed below.")
    if "data_endpoints" in changes:
        return marked("Saved. Clients of {registry} are sent to shared storage again.")
    if not saved.public_access:
        return marked("Saved. {registry} answers nobody but private endpoints now.")
    if saved.network.default_action is Action.ALLOW:
        return marked("Saved. {registry} answers clients from everywhere.")
    if saved.network.count:
        return marked("Saved. {registry} answers the addresses below and refuses everybody else.")
    return marked("Saved. {registry} refuses everybody until you add addresses below.")
