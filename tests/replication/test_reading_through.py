"""Reading through: a region that lacks something gets it from one that has it, while the client waits."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Final

import pytest

from seawall.blobs.digest import digest_of
from seawall.metadata import locks
from seawall.metadata.locks import Right
from seawall.metadata.repositories import Repository
from seawall.replication import reading
from seawall.replication.reading import PATIENCE_SECONDS
from tests.replication.clients import delete, pull, push_blob, push_image, push_manifest
from tests.replication.regions import EAST, NORTH, REGISTRY, WEST
from tests.replication.roads import plain, send_to
from tests.support import content

if TYPE_CHECKING:
    import httpx

    from tests.replication.regions import Region, Regions

LAYER: Final = bytes(range(256)) * 1000
DIGEST: Final = digest_of(LAYER)
IMAGE: Final = content.image(b"{}", LAYER)
BOUND: Final = PATIENCE_SECONDS + 1.5
"""What a client may wait for, on a machine that has other work."""


async def status(region: Region, path: str) -> int:
    return (await region.call("GET", path)).status_code


async def silent(_: httpx.Request) -> httpx.Response:
    """Answer nothing for as long as anybody waits."""
    await asyncio.sleep(60)
    raise AssertionError


def test_an_image_pushed_elsewhere_is_pulled_at_once(world: Regions) -> None:
    async def run() -> None:
        digest = await push_image(world[EAST], "app", "v1", LAYER)
        for region in (world[WEST], world[NORTH]):
            assert await pull(region, "app", "v1") == {DIGEST: LAYER, content.digest_of(b"{}"): b"{}"}
            assert await status(region, f"/v2/app/manifests/{digest}") == 200
            assert (await region.call("GET", "/v2/app/tags/list")).json() == {"name": "app", "tags": ["v1"]}
            assert (await region.call("GET", "/v2/_catalog")).json() == {"repositories": ["app"]}

    world.run(run())


def test_an_index_comes_with_its_children_and_their_signatures(world: Regions) -> None:
    other = content.image(b"{}", b"other")
    index = content.index(IMAGE, other)
    signature = content.artifact("application/x.signature", subject=IMAGE)
    about = content.artifact("application/x.about", subject=index)

    async def run() -> None:
        east, west = world[EAST], world[WEST]
        await push_image(east, "app", None, LAYER)
        await push_image(east, "app", None, b"other")
        await push_manifest(east, "app", "v1", index)
        await push_manifest(east, "app", None, signature)
        await push_manifest(east, "app", None, about)
        assert (await west.call("GET", "/v2/app/manifests/v1")).content == index
        world.road(WEST, EAST).cut = world.road(WEST, NORTH).cut = True
        for body in (IMAGE, other, signature, about):
            answer = await west.call("GET", f"/v2/app/manifests/{content.digest_of(body)}")
            assert answer.content == body
        for subject, referrer in ((IMAGE, signature), (index, about)):
            answer = await west.call("GET", f"/v2/app/referrers/{content.digest_of(subject)}")
            assert [one["digest"] for one in answer.json()["manifests"]] == [content.digest_of(referrer)]

    world.run(run())


@pytest.mark.parametrize("tag", ["v1", None])
def test_layers_pushed_in_one_region_and_the_manifest_in_another(world: Regions, tag: str | None) -> None:
    async def run() -> None:
        await push_blob(world[EAST], "app", LAYER)
        await push_blob(world[NORTH], "app", b"{}")
        digest = await push_manifest(world[WEST], "app", tag, IMAGE)
        assert await pull(world[WEST], "app", digest)
        await world.rest()
        for region in world.regions.values():
            assert await pull(region, "app", digest)

    world.run(run())


def test_an_index_whose_children_are_in_other_regions(world: Regions) -> None:
    other = content.image(b"{}", b"other")

    async def run() -> None:
        await push_image(world[EAST], "app", None, LAYER)
        await push_image(world[NORTH], "app", None, b"other")
        await push_manifest(world[WEST], "app", "v1", content.index(IMAGE, other))
        for body in (IMAGE, other):
            assert await pull(world[WEST], "app", content.digest_of(body))

    world.run(run())


@pytest.mark.parametrize("reference", ["v1", content.digest_of(IMAGE)])
def test_what_only_another_region_has_can_be_deleted_here(world: Regions, reference: str) -> None:
    async def run() -> None:
        await push_image(world[EAST], "app", "v1", LAYER)
        assert await delete(world[WEST], "app", reference) == 202
        await world.rest()
        for region in world.regions.values():
            assert await status(region, f"/v2/app/manifests/{reference}") == 404

    world.run(run())


def test_what_was_deleted_is_not_brought_back(world: Regions) -> None:
    async def run() -> None:
        digest = await push_image(world[EAST], "app", "v1", LAYER)
        await world.rest()
        assert await delete(world[WEST], "app", digest) == 202
        for reference in (digest, "v1"):
            assert await status(world[WEST], f"/v2/app/manifests/{reference}") == 404
        await world.rest()
        for region in world.regions.values():
            assert await status(region, f"/v2/app/manifests/{digest}") == 404

    world.run(run())


def test_a_whole_blob_is_kept_and_a_part_is_relayed_and_wanted(world: Regions) -> None:
    async def run() -> None:
        await push_image(world[EAST], "app", "v1", LAYER)
        west, north = world[WEST], world[NORTH]
        assert (await west.blob("app", DIGEST)).content == LAYER
        assert west.store.size(DIGEST) == len(LAYER)
        part = await north.blob("app", DIGEST, range="bytes=1000-1999")
        assert (part.status_code, part.content) == (206, LAYER[1000:2000])
        assert part.headers["content-range"] == f"bytes 1000-1999/{len(LAYER)}"
        assert north.store.size(DIGEST) is None
        assert DIGEST in [want.digest for want in await north.wanted()]
        await north.copy()
        assert north.store.size(DIGEST) == len(LAYER)

    world.run(run())


def test_an_empty_blob_is_read_through(world: Regions) -> None:
    async def run() -> None:
        digest = await push_blob(world[EAST], "app", b"")
        answer = await world[WEST].blob("app", digest)
        assert (answer.status_code, answer.content) == (200, b"")

    world.run(run())


@pytest.mark.parametrize("first", [EAST, NORTH])
def test_a_region_that_does_not_answer_bounds_the_wait_and_is_then_passed_over(world: Regions, first: str) -> None:
    async def run() -> None:
        (other,) = {EAST, NORTH} - {first}
        await push_image(world[other], "app", "v1", LAYER)
        west = world[WEST]
        world.road(WEST, first).fake = silent
        began = time.monotonic()
        assert await status(west, "/v2/app/manifests/v1") == 200
        # The other one's answer is enough.
        assert time.monotonic() - began < PATIENCE_SECONDS
        assert await status(west, "/v2/app/manifests/v2") == 404
        assert time.monotonic() - began < BOUND
        began = time.monotonic()
        for reference in ("v3", "v4", "v5"):
            assert await status(west, f"/v2/app/manifests/{reference}") == 404
        assert (await west.blob("app", DIGEST)).content == LAYER
        assert time.monotonic() - began < PATIENCE_SECONDS

    world.run(run())


def test_a_blob_whose_holder_says_nothing_is_waited_for_so_long_and_no_longer(world: Regions) -> None:
    async def run() -> None:
        await push_image(world[EAST], "app", "v1", LAYER)
        west = world[WEST]
        assert await status(west, "/v2/app/manifests/v1") == 200

        async def fake(request: httpx.Request) -> httpx.Response | None:
            return await silent(request) if request.method == "GET" and "/blobs/" in request.url.path else None

        world.road(WEST, EAST).fake = fake
        began = time.monotonic()
        answer = await west.blob("app", DIGEST)
        assert (answer.status_code, answer.headers.get("retry-after")) == (503, "5")
        assert time.monotonic() - began < BOUND

    world.run(run())


@pytest.mark.parametrize("holder", [EAST, NORTH])
def test_a_blob_whose_holder_is_cut_off_will_be_there_later(world: Regions, holder: str) -> None:
    async def run() -> None:
        await push_image(world[holder], "app", "v1", LAYER)
        west = world[WEST]
        assert await status(west, "/v2/app/manifests/v1") == 200
        world.road(WEST, holder).cut = True
        for _ in range(2):
            answer = await west.blob("app", DIGEST)
            assert (answer.status_code, answer.headers.get("retry-after")) == (503, "5")
        # Whoever pushes is told that it is not there, and pushes it.
        head = await west.call("HEAD", f"/v2/app/blobs/{DIGEST}")
        assert head.status_code == 404
        world.heal()
        assert (await west.blob("app", DIGEST)).content == LAYER

    world.run(run())


@pytest.mark.parametrize("holder", [EAST, NORTH])
def test_a_blob_that_its_holder_fails_to_give_is_not_said_to_be_gone(world: Regions, holder: str) -> None:
    async def run() -> None:
        await push_image(world[holder], "app", "v1", LAYER)
        west = world[WEST]
        assert await status(west, "/v2/app/manifests/v1") == 200

        async def fake(request: httpx.Request) -> httpx.Response | None:
            return plain(500, "") if request.method == "GET" and "/blobs/" in request.url.path else None

        world.road(WEST, holder).fake = fake
        assert (await west.blob("app", DIGEST)).status_code == 503

    world.run(run())


def test_a_blob_that_nobody_has_is_unknown(world: Regions) -> None:
    async def run() -> None:
        await push_image(world[EAST], "app", "v1", LAYER)
        assert await status(world[WEST], "/v2/app/manifests/v1") == 200
        world[EAST].store.delete(DIGEST)
        assert (await world[WEST].blob("app", DIGEST)).status_code == 404
        assert (await world[EAST].blob("app", DIGEST)).status_code == 404

    world.run(run())


def test_a_blob_that_an_edge_region_has_will_be_there_later(edge_world: Regions) -> None:
    world = edge_world

    async def run() -> None:
        await push_image(world[WEST], "app", "v1", LAYER)
        # The log has come, the blob has not.
        world.road(WEST, EAST).fake = _no_blobs
        await world[WEST].offer(EAST)
        answer = await world[EAST].blob("app", DIGEST)
        assert (answer.status_code, answer.headers.get("retry-after")) == (503, "5")
        world.heal()
        await world.rest()
        for region in world.regions.values():
            assert await pull(region, "app", "v1")

    world.run(run())


async def _no_blobs(request: httpx.Request) -> httpx.Response | None:
    return plain(503, "") if "/blobs/" in request.url.path else None


def test_many_readers_of_one_image_are_one_question(world: Regions) -> None:
    async def run() -> None:
        await push_image(world[EAST], "app", "v1", LAYER)
        found = await asyncio.gather(*(pull(world[WEST], "app", "v1") for _ in range(8)))
        assert all(one[DIGEST] == LAYER for one in found)
        for other in (EAST, NORTH):
            assert world.road(WEST, other).asked.count("POST /replication/v1/lookup") == 1
        await world[WEST].copy()
        assert world[WEST].store.size(DIGEST) == len(LAYER)

    world.run(run())


def test_a_lazy_region_copies_what_was_asked_for_only(world: Regions) -> None:
    async def run() -> None:
        west = world[WEST]
        west.lazy = True
        await west.restart()
        await push_image(world[EAST], "app", "v1", LAYER)
        await push_image(world[EAST], "app", "v2", b"never read")
        await world.rest()
        assert west.store.size(DIGEST) is None
        assert await pull(west, "app", "v1")
        assert west.store.size(DIGEST) == len(LAYER)
        assert west.store.size(content.digest_of(b"never read")) is None  # type: ignore[arg-type]

    world.run(run())


def test_an_image_with_a_thousand_signatures_is_read_through(world: Regions, monkeypatch: pytest.MonkeyPatch) -> None:
    # What counts is that the answer can be used; this machine may be slow.
    monkeypatch.setattr(reading, "PATIENCE_SECONDS", 60.0)
    big = {"a": "x" * 100_000}

    async def run() -> None:
        east, west = world[EAST], world[WEST]
        digest = await push_image(east, "app", "v1", LAYER)
        for number in range(700):
            body = content.artifact("application/x", subject=IMAGE, annotations=big | {"n": str(number)})
            await push_manifest(east, "app", None, body)
        answer = await west.call("GET", f"/v2/app/manifests/{digest}")
        assert (answer.status_code, answer.content) == (200, IMAGE)

    world.run(run())


def test_a_pull_by_tag_is_a_matter_of_one_question(world: Regions) -> None:
    """Manifest, children and links come at once; nothing more is asked for, but the blobs."""

    async def run() -> None:
        await push_image(world[EAST], "app", "v1", LAYER)
        await pull(world[WEST], "app", "v1")
        asked = [one for one in world.road(WEST, EAST).asked if "/blobs/" not in one]
        assert asked == ["POST /replication/v1/lookup"]

    world.run(run())


@pytest.mark.parametrize("what", ["", "v1", content.digest_of(IMAGE)], ids=["repository", "tag", "manifest"])
def test_what_is_locked_in_one_region_is_not_read_by_way_of_another(world: Regions, what: str) -> None:
    async def run() -> None:
        east, west = world[EAST], world[WEST]
        await push_image(east, "app", "v1", LAYER)
        app = Repository(REGISTRY, "app")

        async def lock(*, allowed: bool) -> None:
            for right in (Right.READ, Right.LIST):
                await east.database.write(locks.put, app, what, right, allowed=allowed)

        await lock(allowed=False)
        # Nothing of it is here yet: the lock comes with what it is on.
        assert await status(west, "/v2/app/manifests/v1") == 405
        listed = (await west.call("GET", "/v2/app/tags/list")).json()
        assert listed.get("tags") == {"": None, "v1": []}.get(what, ["v1"])
        for method in ("GET", "HEAD"):
            for reference in ("v1", content.digest_of(IMAGE)):
                answer = await west.call(method, f"/v2/app/manifests/{reference}")
                assert answer.status_code == (200 if what == "v1" and reference != "v1" else 405)
        # Regions go on copying from one another all the same.
        await world.rest()
        assert west.store.size(DIGEST) == len(LAYER)
        assert await status(west, f"/v2/app/blobs/{DIGEST}") == (307 if what else 405)
        await lock(allowed=True)
        await world.rest()
        assert await pull(west, "app", "v1") == {DIGEST: LAYER, content.digest_of(b"{}"): b"{}"}

    world.run(run())


def test_a_link_given_before_the_lock_opens_nothing_after_it(world: Regions) -> None:
    async def run() -> None:
        east = world[EAST]
        await push_image(east, "app", "v1", LAYER)
        location = (await east.call("GET", f"/v2/app/blobs/{DIGEST}")).headers["location"]
        assert (await east.call("GET", location)).content == LAYER
        await east.database.write(locks.put, Repository(REGISTRY, "app"), "", Right.READ, allowed=False)
        refused = await east.call("GET", location)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "DENIED")

    world.run(run())


def test_rows_of_an_older_seawall_are_taken_and_the_same_everywhere(world: Regions) -> None:
    """It does not say when something was made."""

    async def run() -> None:
        east, west, north = world[EAST], world[WEST], world[NORTH]
        await push_image(east, "app", "v1", LAYER)
        await push_image(east, "app", "v1", LAYER, b"another")

        async def as_before(request: httpx.Request) -> httpx.Response | None:
            if not request.url.path.endswith(("/changes", "/lookup")):
                return None
            answer = await send_to(east.application, request)
            document = json.loads(await answer.aread())
            await answer.aclose()
            for _, values in document["rows"]:
                values.pop("created", None)
            return plain(200, json.dumps(document))

        for region in (west, north):
            world.road(region.name, EAST).fake = as_before
            assert await region.follow(EAST)
        taken = (await west.rows())["tag"]
        assert [row["created"] for row in taken] == [row["clock"] for row in taken]
        assert (await north.rows()) == (await west.rows())

    world.run(run())
