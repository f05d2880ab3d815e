"""Blobs that break off, come wrongly or never end: nothing false is kept, and another region's are taken."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import httpx
import pytest

from seawall.blobs.digest import Digest
from seawall.metadata import blobs
from seawall.metadata.repositories import Repository
from seawall.replication.contract import PeerError
from seawall.replication.copying import copy, tee
from seawall.replication.throttle import Throttle
from tests.replication.clients import pull, push_blob, push_image
from tests.replication.regions import EAST, NORTH, REGISTRY, WEST
from tests.support import content

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.replication.regions import Region, Regions
    from tests.replication.roads import Fake

BLOB = b"".join(number.to_bytes(4, "big") for number in range(100_000))
DIGEST = Digest(content.digest_of(BLOB))
WRONG = bytes(len(BLOB))


class Parts(httpx.AsyncByteStream):
    """An answer in parts, which may break off or never end."""

    def __init__(self, *parts: bytes, breaks: bool = False, endless: bool = False) -> None:
        self._parts = parts
        self._breaks = breaks
        self._endless = endless

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part
        while self._endless:
            yield self._parts[-1]
        if self._breaks:
            raise httpx.ReadError("connection reset by peer")


def instead(status: int, stream: Parts) -> Fake:
    """Answer like this when a blob is asked for; everything else goes on to the region."""

    async def fake(request: httpx.Request) -> httpx.Response | None:
        if request.method == "GET" and "/blobs/" in request.url.path:
            return httpx.Response(status, stream=stream)
        return None

    return fake


FAKES = {
    "other bytes": lambda: instead(206, Parts(WRONG)),
    "half of other bytes": lambda: instead(206, Parts(WRONG[:200_000], breaks=True)),
    "half": lambda: instead(206, Parts(BLOB[:200_000], breaks=True)),
    "an end too early": lambda: instead(206, Parts(BLOB[:200_000])),
    "one octet too many": lambda: instead(206, Parts(BLOB, b"!")),
    "other bytes and too many": lambda: instead(206, Parts(WRONG, b"!")),
    "no end": lambda: instead(206, Parts(WRONG[:100_000], endless=True)),
    "nothing": lambda: instead(206, Parts(b"")),
    "an error page with 200": lambda: instead(200, Parts(b"<html>sorry</html>")),
    "an error page with 206": lambda: instead(206, Parts(b"<html>sorry</html>")),
    "an error": lambda: instead(500, Parts(b"oops")),
}


async def hear(region: Region, *others: str) -> None:
    for other in others:
        assert await region.follow(other)


@pytest.mark.parametrize("kind", FAKES)
def test_a_blob_that_one_region_sends_wrongly_is_got_from_another(world: Regions, kind: str) -> None:
    async def run() -> None:
        await push_blob(world[EAST], "app", BLOB)
        await hear(world[NORTH], EAST)
        await world[NORTH].copy()
        west = world[WEST]
        # Asked first, and still wrong when asked again.
        world.road(WEST, EAST).fake = FAKES[kind]()
        await hear(west, EAST)
        for _ in range(2):
            await west.copy()
        assert west.store.size(DIGEST) == len(BLOB)
        assert b"".join(west.store.read(DIGEST, 0, len(BLOB))) == BLOB
        assert not await west.wanted()

    world.run(run())


@pytest.mark.parametrize("kind", FAKES)
def test_a_blob_that_the_only_region_sends_wrongly_is_got_once_it_is_well(world: Regions, kind: str) -> None:
    async def run() -> None:
        await push_blob(world[EAST], "app", BLOB)
        west = world[WEST]
        world.road(WEST, EAST).fake = FAKES[kind]()
        await hear(west, EAST)
        await west.copy()
        assert west.store.size(DIGEST) is None
        (wanted,) = await west.wanted()
        assert wanted.error
        assert len(wanted.error) < 1000
        world.heal()
        for _ in range(2):
            await west.copy()
        assert b"".join(west.store.read(DIGEST, 0, len(BLOB))) == BLOB
        assert not await west.wanted()

    world.run(run())


@pytest.mark.parametrize("kind", FAKES)
def test_a_reader_gets_from_another_region_what_one_sends_wrongly(world: Regions, kind: str) -> None:
    async def run() -> None:
        await push_blob(world[EAST], "app", BLOB)
        await hear(world[NORTH], EAST)
        await world[NORTH].copy()
        west = world[WEST]
        await hear(west, EAST)
        world.road(WEST, EAST).fake = FAKES[kind]()
        # Clients verify, and ask again; they must not be given the same for ever.
        for _ in range(3):
            try:
                answer = await west.blob("app", DIGEST)
            except httpx.HTTPError:
                continue
            if answer.status_code == 200 and answer.content == BLOB:
                break
            await west.copier.drain()
        else:
            pytest.fail("three times in vain")
        await west.copy()
        assert b"".join(west.store.read(DIGEST, 0, len(BLOB))) == BLOB

    world.run(run())


def test_a_reader_who_leaves_writes_into_no_other_file(world: Regions, tmp_path: Path) -> None:
    async def run() -> None:
        await push_blob(world[EAST], "app", BLOB)
        west = world[WEST]
        reading = tee(west.store, await west.peer(EAST), DIGEST, len(BLOB))
        assert await anext(reading)
        await reading.aclose()
        # What is opened next gets the number that the upload's file had.
        files = [os.open(tmp_path / str(number), os.O_CREAT | os.O_RDWR) for number in range(8)]
        try:
            await asyncio.sleep(0.2)
            assert [os.fstat(file).st_size for file in files] == [0] * 8
        finally:
            for file in files:
                os.close(file)

    world.run(run())


def test_what_a_reader_left_in_the_middle_is_taken_up_by_the_next(world: Regions) -> None:
    async def run() -> None:
        await push_blob(world[EAST], "app", BLOB)
        west = world[WEST]
        await hear(west, EAST)
        reading = tee(west.store, await west.peer(EAST), DIGEST, len(BLOB))
        assert await anext(reading)
        await reading.aclose()
        assert (await west.blob("app", DIGEST)).content == BLOB
        await west.copy()
        assert b"".join(west.store.read(DIGEST, 0, len(BLOB))) == BLOB

    world.run(run())


def test_a_copy_that_breaks_off_goes_on_after_a_restart_where_it_stood(world: Regions) -> None:
    async def run() -> None:
        await push_blob(world[EAST], "app", BLOB)
        west = world[WEST]
        await hear(west, EAST)
        while await west.agenda.work():
            pass
        world.road(WEST, EAST).torn = 300_000
        with pytest.raises(PeerError):
            await copy(west.store, await west.peer(EAST), DIGEST, len(BLOB), Throttle(None))
        await west.restart()
        asked: list[str] = []

        async def listen(request: httpx.Request) -> None:
            asked.append(request.headers.get("range", ""))

        world.road(WEST, EAST).fake = listen
        world.road(WEST, NORTH).cut = True
        await west.copy()
        assert asked == [f"bytes=300000-{len(BLOB) - 1}"]
        assert b"".join(west.store.read(DIGEST, 0, len(BLOB))) == BLOB

    world.run(run())


def test_a_size_that_was_told_falsely_is_put_right(world: Regions) -> None:
    async def run() -> None:
        east, west = world[EAST], world[WEST]
        await push_blob(east, "app", BLOB)
        await east.database.write(blobs.link, Repository(REGISTRY, "app"), DIGEST, 5)
        await hear(west, EAST)
        await west.copy()
        assert west.store.size(DIGEST) is None
        await push_blob(east, "app", BLOB)
        await hear(west, EAST)
        await west.copy()
        assert (await pull_blob(west)) == BLOB
        assert west.store.size(DIGEST) == len(BLOB)
        assert not await west.wanted()

    world.run(run())


async def pull_blob(region: Region) -> bytes:
    return (await region.blob("app", DIGEST)).content


def test_many_readers_of_what_is_elsewhere_all_get_it_and_it_is_kept_once(world: Regions) -> None:
    async def run() -> None:
        await push_image(world[EAST], "app", "v1", BLOB)
        found = await asyncio.gather(*(pull(world[WEST], "app", "v1") for _ in range(8)))
        assert all(one[DIGEST] == BLOB for one in found)
        asked = world.road(WEST, EAST).asked
        assert asked.count("POST /replication/v1/lookup") == 1
        await world[WEST].copy()
        assert world[WEST].store.size(DIGEST) == len(BLOB)

    world.run(run())
