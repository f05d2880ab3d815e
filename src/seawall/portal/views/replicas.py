"""Where a registry is, and how far each region is behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from seawall.metadata import regions
from seawall.portal.hosts import data_endpoints
from seawall.portal.world import Dot, world
from seawall.replication.status import node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection
    from starlette.responses import Response

    from seawall.portal.visit import Visit
    from seawall.portal.words import Words
    from seawall.topology import Registry

__all__ = ["every_replica"]


class Standing(NamedTuple):
    """How a region stands, seen from this node.

    Attributes:
        kind: ``good``, ``late``, ``bad`` or ``quiet``: what it looks like.
        words: In words.
        error: What went wrong last, as the log has it.
    """

    kind: str
    words: str
    error: str = ""


class Place(NamedTuple):
    """A replica as it is shown."""

    region: str
    home: bool
    here: bool
    drained: bool
    endpoint: str
    standing: Standing


async def every_replica(visit: Visit, registry: Registry) -> Response:
    """Show the replicas."""
    services = visit.services
    facts, known = await services.database.read(_facts, services.region)
    peers = {peer["region"]: peer for peer in facts["peers"]}
    names = {one.region: one.name for one in data_endpoints(services.doors, registry)}
    places = [
        Place(
            replica.region,
            home=replica.region == registry.home,
            here=replica.region == services.region,
            drained=replica.region in known and known[replica.region].drained,
            endpoint=names[replica.region],
            standing=_standing(visit.words, visit.services.region, replica.region, facts, peers),
        )
        for replica in registry.replicas
    ]
    dots = [Dot(place.region, place.standing.kind, place.home) for place in places]
    return visit.page(
        "replicas.html",
        registry=registry,
        places=places,
        world=world(visit.words, dots),
        queue=facts["queue"],
        alone=not known,
    )


def _facts(connection: Connection, region: str) -> tuple[dict[str, Any], dict[str, regions.Region]]:
    return node(connection, region), {one.name: one for one in regions.list_all(connection)}


def _standing(
    words: Words, mine: str, region: str, facts: Mapping[str, Any], peers: Mapping[str, Mapping[str, Any]]
) -> Standing:
    if region == mine:
        return _own_standing(words, facts)
    peer = peers.get(region)
    if peer is None:
        return Standing("bad", words("no node of this region takes part"))
    if peer["error"]:
        return Standing("bad", words("cannot be followed"), peer["error"])
    if not peer["reachable"]:
        # Nobody can ask it, so it comes by itself.
        if peer["it_is_behind"]:
            return Standing("late", words("lacks {count} changes", count=peer["it_is_behind"]))
        return Standing("good", words("in step"))
    if peer["heard_seconds_ago"] is None:
        return Standing("late", words("never heard of"))
    if peer["behind"] or peer["seconds"]:
        return Standing(
            "late",
            words("{count} changes behind, for {seconds} s", count=peer["behind"], seconds=round(peer["seconds"])),
        )
    return Standing("good", words("in step"))


def _own_standing(words: Words, facts: Mapping[str, Any]) -> Standing:
    queue = facts["queue"]
    if queue["error"]:
        return Standing("bad", words("layers cannot be copied"), queue["error"])
    if queue["blobs"]:
        return Standing("late", words("{count} layers on their way", count=queue["blobs"]))
    return Standing("good", words("this node"))
