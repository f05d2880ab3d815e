"""Networking, service tags: our own, and Microsoft's as far as files were fetched, with how they have changed."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, NamedTuple

from seawall.metadata import regions
from seawall.neighbours import NEIGHBOURS
from seawall.portal.hosts import login_server
from seawall.portal.plot import Step, plot
from seawall.servicetags.own_tags import SERVICE
from seawall.servicetags.prefixes import AddressSet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup
    from starlette.responses import Response

    from seawall.metadata.regions import Region
    from seawall.portal.visit import Visit
    from seawall.servicetags.chronicle import Noted
    from seawall.servicetags.feed import Shelf
    from seawall.topology import Registry

__all__ = ["service_tags"]

_CLOUDS: Final = tuple(one.tags for one in NEIGHBOURS.values())
_FIRST: Final = "AzureContainerRegistry"
_SHOWN: Final = 12
"""Changes that are listed below a plot, the latest first."""


class Own(NamedTuple):
    """One of our own service tags: how many addresses it holds now, and since when."""

    tag: str
    v4: int
    v6: int
    since: date | None


class Told(NamedTuple):
    """What is known of a tag of Microsoft's.

    Attributes:
        steps: How it changed.
        newest: The last file in which anything has changed; ``None`` where none was fetched.
        close: Tags of like names, where there is none of this one.
    """

    steps: Sequence[Step]
    newest: Noted | None
    close: Sequence[str] = ()


async def service_tags(visit: Visit, registry: Registry) -> Response:
    """Show the page."""
    services = visit.services
    rules = registry.network.tags
    tag = visit.asked("tag").strip() or next((rule.tag for rule in rules), _FIRST)
    cloud = visit.asked("cloud")
    cloud = cloud if cloud in _CLOUDS else next((rule.cloud for rule in rules if rule.tag == tag), _CLOUDS[0])
    told = await asyncio.to_thread(_told, services.shelf, cloud, tag)
    known = await services.database.cached(regions.list_all)
    if all(one.name != services.region for one in known):
        # It takes part in no replication, so nobody but itself knows where it is.
        known = [*known, regions.Region(services.region, "", "", addresses=services.here.addresses)]
    today = datetime.now(UTC).date()
    return visit.page(
        "service-tags.html",
        registry=registry,
        own=_own(known),
        own_plot=_own_plot(visit, known, today),
        feed=f"https://{login_server(services.doors, registry)}/feeds/service-tags.json",
        tag=tag[:100],
        cloud=cloud,
        clouds=_CLOUDS,
        rules=rules,
        steps=[*reversed(told.steps)][:_SHOWN],
        first=next(iter(told.steps), None),
        newest=told.newest,
        close=told.close,
        plot=plot(visit.words, tag, told.steps, told.newest.day if told.newest else today),
    )


def _told(shelf: Shelf, cloud: str, tag: str) -> Told:
    chronicle = shelf.chronicle(cloud)
    points = chronicle.points([tag]).get(tag, [])
    # Where only IPv6 has changed, the line goes on as it was.
    steps = [Step(one.day, one.v4, one.added, one.removed) for one in points if one.added or one.removed]
    close = () if points else get_close_matches(tag, chronicle.tags(), n=4, cutoff=0.6)
    return Told(steps, chronicle.newest(), close)


def _own(known: Sequence[Region]) -> list[Own]:
    """List our own tags as their file has them: one for all, then one for each region that told addresses."""
    told = [one for one in known if one.addresses]
    tags = [(SERVICE, [address for one in told for address in one.addresses], _latest(told))] if told else []
    tags += [(f"{SERVICE}.{one.name}", list(one.addresses), _latest([one])) for one in told]
    found = []
    for name, addresses, since in tags:
        held = AddressSet.of(addresses)
        found.append(Own(name, held.v4.size, held.v6.size, since))
    return found


def _latest(known: Sequence[Region]) -> date | None:
    """Say when any of these regions last got other addresses, as far as somebody remembers."""
    return max((_day(one.former[-1].until) for one in known if one.former), default=None)


def _own_plot(visit: Visit, known: Sequence[Region], today: date) -> Markup | str:
    """Draw how many addresses all regions had together; nothing where they never changed."""
    moments = sorted({former.until for one in known for former in one.former})
    if not moments:
        return ""
    before = _held(known, moments[0] - 1)
    steps = [Step(_day(moments[0]), before.v4.size, before.v4.size, 0)]
    for moment in moments:
        after = _held(known, moment)
        added, removed = after - before, before - after
        steps.append(Step(_day(moment), after.v4.size, added.v4.size, removed.v4.size))
        before = after
    return plot(visit.words, SERVICE, steps, today)


def _held(known: Sequence[Region], moment: int) -> AddressSet:
    """Return the addresses that regions had at a moment."""
    return AddressSet.of(address for one in known for address in _addresses(one, moment))


def _addresses(region: Region, moment: int) -> tuple[str, ...]:
    then = next((former for former in region.former if moment < former.until), None)
    return then.addresses if then is not None else region.addresses


def _day(milliseconds: int) -> date:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date()
