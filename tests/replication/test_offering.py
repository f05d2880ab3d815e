"""A region that nobody can reach: it brings its log and its blobs itself, and none of that is lost on the way."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Final

import httpx
import pytest

from seawall.blobs.digest import Digest, digest_of
from seawall.metadata import log, wants
from seawall.metadata.wants import Want
from seawall.replication import http_peer
from seawall.replication.contract import Changes, PeerError
from seawall.replication.giving import give_once
from seawall.replication.offering import offer_once
from seawall.replication.throttle import Throttle
from tests.replication.clients import delete, pull, push_blob, push_image
from tests.replication.regions import EAST, NORTH, WEST
from tests.replication.roads import plain, send_to
from tests.support import content
from tests.support.server import CLOUD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send

    from seawall.replication.http_peer import HttpPeer
    from tests.replication.regions import Region, Regions

LAYER: Final = bytes(range(256)) * 1000
DIGEST: Final = digest_of(LAYER)


async def wanted(region: Region) -> list[str]:
    """Let a region work out what it wants, and try in vain to get it."""
    await region.copy()
    return [want.digest for want in await region.wanted()]


async def post(region: Region, peer: HttpPeer, body: bytes) -> int:
    """Offer something as a region that takes part would; return the status."""
    url = f"https://{CLOUD.node(region.name)}{http_peer.PREFIX}/changes"
    answer = await send_to(region.application, httpx.Request("POST", url, content=body, headers=peer._headers))
    try:
        await answer.aread()
    finally:
        await answer.aclose()
    return answer.status_code


def test_what_an_edge_region_has_comes_to_all(edge_world: Regions) -> None:
    world = edge_world

    async def run() -> None:
        await push_image(world[WEST], "app", "v1", LAYER)
        await world.rest()
        world.road(WEST, EAST).cut = world.road(WEST, NORTH).cut = True
        for region in world.regions.values():
            assert await pull(region, "app", "v1")
            assert not await region.wanted()
        # Nobody went to it.
        assert not world.road(EAST, WEST).asked
        assert not world.road(NORTH, WEST).asked

    world.run(run())


@pytest.mark.parametrize("octets", [0, 1000, 200_000])
def test_a_blob_whose_giving_broke_off_is_given_again(edge_world: Regions, octets: int) -> None:
    world = edge_world

    async def run() -> None:
        east, west = world[EAST], world[WEST]
        await push_image(west, "app", "v1", LAYER)
        assert await west.offer(EAST)
        assert DIGEST in await wanted(east)

        async def parts(limit: int) -> AsyncIterator[bytes]:
            yield LAYER[:limit]
            raise httpx.WriteError("connection reset by peer")

        with pytest.raises(PeerError):
            await (await west.peer(EAST)).give(DIGEST, len(LAYER), parts(octets))
        assert await west.offer(EAST)
        assert await pull(east, "app", "v1")
        assert not await wanted(east)

    world.run(run())


def test_a_blob_that_is_refused_keeps_no_other(edge_world: Regions) -> None:
    world = edge_world

    async def run() -> None:
        east, west = world[EAST], world[WEST]
        blobs = [b"blob %d" % number for number in range(5)]
        await push_image(west, "app", "v1", *blobs)
        assert await west.offer(EAST)
        await wanted(east)

        async def fake(request: httpx.Request) -> httpx.Response | None:
            return plain(409, "{}") if content.digest_of(blobs[2]) in request.url.path else None

        world.road(WEST, EAST).fake = fake
        assert not await west.offer(EAST)
        assert "409" in (await west.heard_of(EAST)).error
        assert await wanted(east) == [content.digest_of(blobs[2])]
        world.heal()
        assert await west.offer(EAST)
        assert await wanted(east) == []

    world.run(run())


def test_blobs_that_nobody_has_hide_none_that_an_edge_region_has(edge_world: Regions) -> None:
    world = edge_world

    async def run() -> None:
        east, west = world[EAST], world[WEST]
        lost = [Want(digest_of(b"lost %d" % number), 1, tagged=True) for number in range(2500)]
        await east.database.note(wants.add, lost)
        await push_image(west, "app", "v1", LAYER)
        assert await west.offer(EAST)
        while await east.agenda.work():
            pass
        assert await west.offer(EAST)
        assert east.store.size(DIGEST) == len(LAYER)

    world.run(run())


def test_other_bytes_are_not_taken(edge_world: Regions) -> None:
    world = edge_world

    async def run() -> None:
        east, west = world[EAST], world[WEST]
        await push_image(west, "app", "v1", LAYER)
        assert await west.offer(EAST)
        await wanted(east)
        peer = await west.peer(EAST)
        for wrong in (bytes(len(LAYER)), LAYER[:-1], LAYER + b"!", b""):

            async def parts(wrong: bytes = wrong) -> AsyncIterator[bytes]:
                yield wrong

            with pytest.raises(PeerError):
                await peer.give(DIGEST, len(wrong), parts())
            assert east.store.size(DIGEST) is None
        assert await west.offer(EAST)
        assert east.store.size(DIGEST) == len(LAYER)

    world.run(run())


def test_what_nobody_wants_is_not_taken(edge_world: Regions) -> None:
    world = edge_world

    async def run() -> None:
        await push_blob(world[WEST], "app", LAYER)

        async def parts() -> AsyncIterator[bytes]:
            yield LAYER

        with pytest.raises(PeerError, match="409"):
            await (await world[WEST].peer(EAST)).give(DIGEST, len(LAYER), parts())
        assert world[EAST].store.size(DIGEST) is None

    world.run(run())


def test_a_region_that_never_answers_does_not_hold_what_is_given_for_ever(
    edge_world: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_peer, "_GIVING_SECONDS", 0.3)
    world = edge_world

    async def run() -> None:
        await push_image(world[WEST], "app", "v1", LAYER)
        assert await world[WEST].offer(EAST)
        await wanted(world[EAST])

        async def fake(request: httpx.Request) -> httpx.Response | None:
            return await send_to(_silent, request) if request.method == "PUT" else None

        world.road(WEST, EAST).fake = fake
        async with asyncio.timeout(5):
            with pytest.raises(PeerError):
                await give_once(world[WEST].store, await world[WEST].peer(EAST), Throttle(None))

    world.run(run())


async def _silent(_scope: Scope, _receive: Receive, _send: Send) -> None:
    await asyncio.sleep(60)


def test_parts_that_come_late_twice_or_out_of_order_do_no_harm(edge_world: Regions) -> None:
    world = edge_world

    async def run() -> None:
        east, west = world[EAST], world[WEST]
        seen: list[bytes] = []

        async def fake(request: httpx.Request) -> None:
            if request.method == "POST" and request.url.path.endswith("/changes"):
                seen.append(await request.aread())

        world.road(WEST, EAST).fake = fake
        for name in (b"one", b"two", b"three"):
            await push_image(west, "app", "v1", name)
            assert await west.offer(EAST)
        digest = content.digest_of(content.image(b"{}", b"three"))
        assert await delete(west, "app", digest) == 202
        assert await west.offer(EAST)
        peer = await west.peer(EAST)
        for body in (*seen, *reversed(seen), *seen[:2], seen[0]):
            assert await post(east, peer, body) in {200, 409}
            assert (await east.call("GET", "/v2/app/tags/list")).json()["tags"] == []
        await world.rest()
        assert await east.rows() == await west.rows()
        head = await west.database.read(log.head)
        assert (await east.heard_of(WEST)).cursor == head.sequence

    world.run(run())


def test_a_part_that_would_leave_a_gap_is_refused(edge_world: Regions) -> None:
    world = edge_world

    async def run() -> None:
        east, west = world[EAST], world[WEST]
        before = (await east.heard_of(WEST)).cursor
        await push_image(west, "app", "v1", b"one")
        peer = await west.peer(EAST)
        head = await west.database.read(log.head)
        part = await west.database.read(log.read, head.sequence - 1)
        with pytest.raises(PeerError, match="409"):
            await peer.offer(head.sequence - 1, Changes(head, head.sequence, part.rows))
        assert (await east.heard_of(WEST)).cursor == before
        assert await west.offer(EAST)
        assert (await east.call("GET", "/v2/app/tags/list")).json()["tags"] == ["v1"]

    world.run(run())


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"epoch": "e", "after": 0, "upto": 5, "head": 5},
        {"epoch": "e", "after": 0, "upto": 5, "head": 5, "rows": 5},
        {"epoch": "e", "after": 0, "upto": 5, "head": 5, "rows": [["log", {}]]},
        {"epoch": "e", "after": 0, "upto": -1, "head": 5, "rows": []},
        {"epoch": "e", "after": 0, "upto": 10**400, "head": 10**400, "rows": []},
        {"epoch": "e", "after": None, "upto": 5, "head": 5, "rows": []},
        {"epoch": "\ud800", "after": 0, "upto": 5, "head": 5, "rows": []},
        {"epoch": "e" * 10_000, "after": 0, "upto": 5, "head": 5, "rows": []},
        {"epoch": 5, "after": 0, "upto": 5, "head": 5, "rows": []},
        {"epoch": "e", "after": 0, "upto": float("inf"), "head": 5, "rows": []},
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_what_is_falsely_offered_is_refused(edge_world: Regions, document: object) -> None:
    world = edge_world

    async def run() -> None:
        east, west = world[EAST], world[WEST]
        peer = await west.peer(EAST)
        before = await east.rows(), await east.heard_of(WEST)
        assert await post(east, peer, json.dumps(document).encode()) == 400
        assert (await east.rows(), await east.heard_of(WEST)) == before

    world.run(run())


def test_a_hub_that_follows_nobody_knows_what_it_wants(edge_world: Regions) -> None:
    """The queue of a hub does not wait for the time at which the hub itself tries again."""
    world = edge_world

    async def run() -> None:
        east, west = world[EAST], world[WEST]
        await push_image(west, "app", "v1", LAYER)
        assert await west.offer(EAST)
        for _ in range(6):
            await wanted(east)
        assert min(want.due for want in await east.wanted()) > time.time() * 1000 + 5000
        assert not await offer_once(west.database, await west.peer(EAST))
        assert await west.offer(EAST)
        assert east.store.size(Digest(DIGEST)) == len(LAYER)

    world.run(run())
