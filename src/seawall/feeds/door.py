"""Feeds at stable addresses below a login server's ``/feeds/``, for whoever may come to that.

``/feeds/`` lists them. Each has an entity tag, so that a firewall that polls is told that nothing has changed.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from seawall.errors import ApiError
from seawall.feeds.polled import answer
from seawall.feeds.rules import WAYS, FeedError, rules_text
from seawall.firewall.rules import Way
from seawall.firewall.targets.table import TargetUnknownError, find_target, target_names
from seawall.metadata import region_changes, regions
from seawall.portal.rules import need_of
from seawall.servicetags.own_tags import Addresses, service_tags
from seawall.topology import Replica

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from seawall.doors import Doors
    from seawall.firewall.targets.contract import Target
    from seawall.metadata.database import Database
    from seawall.naming import Cloud
    from seawall.topology import Registry

__all__ = ["PREFIX", "FeedDoor"]

PREFIX: Final = "/feeds/"
_TAGS: Final = f"{PREFIX}service-tags.json"
_RULES: Final = f"{PREFIX}rules/"


class FeedDoor:
    """Answers below ``/feeds/``."""

    def __init__(self, cloud: Cloud, doors: Doors, database: Database, here: Addresses) -> None:
        self._cloud = cloud
        self._doors = doors
        self._database = database
        self._here = here

    async def handle(self, registry: Registry, request: Request) -> Response:
        """Answer a request about a registry.

        Raises:
            ApiError: 404 for what is no feed, 405, 409 for rules that cannot be.
        """
        if request.method not in {"GET", "HEAD"}:
            raise ApiError(405, "UNSUPPORTED", "feeds are only read", headers={"Allow": "GET, HEAD"})
        path: str = request.scope["path"]
        if path == PREFIX:
            return answer(request, json.dumps(_index(), indent=2) + "\n", "application/json")
        if path == _TAGS:
            document = service_tags(self._cloud.domain, await self._addresses())
            return answer(request, json.dumps(document, indent=2) + "\n", "application/json")
        if path.startswith(_RULES):
            return await self._rules(registry, path.removeprefix(_RULES), request)
        raise ApiError(404, "UNSUPPORTED", f"there is no such feed; {PREFIX} lists them")

    async def _rules(self, registry: Registry, wanted: str, request: Request) -> Response:
        name, _, form = wanted.partition(":")
        try:
            target = find_target(name[:80])
        except TargetUnknownError as error:
            raise ApiError(404, "UNSUPPORTED", str(error)) from None
        form = form or next(iter(target.formats))
        if form not in target.formats:
            there = ", ".join(target.formats)
            raise ApiError(404, "UNSUPPORTED", f"{name} has no format {form[:40]!r}; there is {there}")
        query = request.query_params
        told = {one.region: one.addresses for one in await self._addresses()}
        # While both kinds of endpoint are in use, a wall needs both, as it does just before and after the switch.
        both = registry.overlap or query.get("switching") == "yes"
        need = need_of(self._cloud, self._doors, self._shown(registry, both=both), switching=both)
        try:
            text = rules_text(need, told, target, form, _way(target, query.get("by", "")))
        except FeedError as error:
            raise ApiError(409, "UNSUPPORTED", str(error)) from None
        return answer(request, text, "application/json" if text.startswith(("{", "[")) else "text/plain")

    def _shown(self, registry: Registry, *, both: bool) -> Registry:
        """Leave out what strangers must not read: where a storage account has a name, all of them are let through."""
        dedicated = registry.data_endpoints and not both
        replicas = registry.replicas
        if self._doors.several:
            replicas = tuple(Replica(replica.region) for replica in replicas)
        return replace(registry, replicas=replicas, data_endpoints=dedicated, private_endpoints=())

    async def _addresses(self) -> list[Addresses]:
        known = await self._database.cached(regions.list_all)
        changed = await self._database.cached(region_changes.changed)
        told = {one.name: Addresses(one.name, one.addresses, changed.get(one.name, 0)) for one in known}
        told.setdefault(self._here.region, self._here)
        return list(told.values())


def _way(target: Target, by: str) -> Way:
    if by and by not in WAYS:
        raise FeedError(f"{by[:40]!r} is none of {', '.join(WAYS)}")
    able = [way for way in target.ability.ways if way in WAYS]
    return Way(by) if by else (able or [Way.NAME])[0]


def _index() -> dict[str, object]:
    return {
        "serviceTags": _TAGS,
        "rules": [f"{_RULES}{name}" for name in target_names()],
        "by": [way.value for way in WAYS],
    }
