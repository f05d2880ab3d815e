"""A region that sends false things: nothing of it is recorded, its operator can see why, the others go on."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from seawall.metadata import log, peers
from seawall.metadata.clock import reading_at
from seawall.metadata.own import LOG
from seawall.replication import http_peer
from seawall.replication.wire import write_rows
from tests.replication.clients import pull, push_image
from tests.replication.regions import EAST, NORTH, REGISTRY, WEST
from tests.replication.roads import Fake, page, plain, send_to
from tests.support import content

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.replication.regions import Regions

IMAGE: Final = content.image(b"{}", b"layer")
DIGEST: Final = content.digest_of(IMAGE)
DEEP: Final = "[" * 100_000 + "]" * 100_000
SURROGATE: Final = "\ud800"
KEY: Final = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
Document = dict[str, Any]


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def row(table: str, **values: object) -> list[object]:
    """Write a row as a region sends it."""
    clock = reading_at(time.time())
    return [table, {"clock": clock, "origin": EAST, "deleted": False, **values}]


def manifest(**values: object) -> list[object]:
    body = content.image(b"{}", b"other")
    return row(
        "manifest",
        **{
            "registry": REGISTRY,
            "repository": "app",
            "digest": content.digest_of(body),
            "buried": 0,
            "media_type": content.OCI_IMAGE,
            "artifact_type": content.OCI_CONFIG,
            "subject": "",
            "size": len(body),
            "annotations": "{}",
            "body": b64(body),
            **values,
        },
    )


def tag(**values: object) -> list[object]:
    return row("tag", **{"registry": REGISTRY, "repository": "app", "name": "v2", "digest": DIGEST, **values})


def principal(field: str, value: object) -> list[object]:
    return row("principal", registry=REGISTRY, name="robot", field=field, document=json.dumps(value))


def region(field: str, value: object) -> list[object]:
    return row("region", region=NORTH, field=field, document=json.dumps(value))


def setting(name: str, value: object) -> list[object]:
    return row("setting", registry=REGISTRY, name=name, document=json.dumps(value))


def key(purpose: str, secret: bytes) -> list[object]:
    return row("signing_key", purpose=purpose, name="new", secret=b64(secret))


ROWS: Final[dict[str, Callable[[], object]]] = {
    "other bytes": lambda: manifest(body=b64(IMAGE)),
    "another media type": lambda: manifest(media_type=content.OCI_INDEX),
    "a media type with more": lambda: manifest(media_type=f"{content.OCI_IMAGE}; \r\nSet-Cookie: a=b"),
    "another artifact type": lambda: manifest(artifact_type="application/x"),
    "another subject": lambda: manifest(subject=DIGEST),
    "another size": lambda: manifest(size=7),
    "other annotations": lambda: manifest(annotations='{"a": "b"}'),
    "annotations without end": lambda: manifest(annotations=DEEP),
    "buried in the future": lambda: manifest(buried=2**62),
    "no manifest": lambda: manifest(body=b64(b"hello"), digest=content.digest_of(b"hello"), size=5),
    "bytes that are no base64": lambda: manifest(body="!"),
    "no digest": lambda: manifest(digest="sha256:abc"),
    "a clock two days ahead": lambda: tag(clock=reading_at(time.time() + 2 * 86400)),
    "a clock beyond time": lambda: tag(clock=2**62),
    "a clock before time": lambda: tag(clock=-1),
    "a clock that is no number": lambda: tag(clock="soon"),
    "a clock that is infinite": lambda: tag(clock=float("inf")),
    "a clock that is true": lambda: tag(clock=True),
    "made later than it was written": lambda: tag(created=reading_at(time.time() + 60)),
    "made before time": lambda: tag(created=-1),
    "made at no number": lambda: tag(created="long ago"),
    "an unknown table": lambda: row("log", epoch="x", sequence=1),
    "a table of this node's own": lambda: row("node_key", region=WEST, secret="AAAA"),
    "an unknown column": lambda: tag(sequence=1),
    "a column whose name is no text": lambda: tag(**{SURROGATE: 1}),
    "a column whose name is long": lambda: tag(**{"x" * 1_000_000: 1}),
    "a tag that is none": lambda: tag(name="a/b"),
    "half a surrogate pair": lambda: row(
        "lock", registry=REGISTRY, repository="app", name=SURROGATE, field="x", allowed=True
    ),
    "a repository that is none": lambda: tag(repository="../x"),
    "a registry that is none": lambda: tag(registry="X"),
    "a region that is none": lambda: tag(origin="East US"),
    "no row": lambda: "hello",
    "a row without values": lambda: ["tag"],
    "a switch that is none": lambda: setting("anonymous_pull", "yes"),
    "a home that is none": lambda: setting("home", 5),
    "a range that is none": lambda: setting("range/everywhere", ""),
    "a document that is none": lambda: row("setting", registry=REGISTRY, name="home", document="{"),
    "a document without end": lambda: row("scope_map", registry=REGISTRY, name="one", document=DEEP),
    "a credential that is none": lambda: principal("credential/password", 5),
    "a credential that lacks something": lambda: principal("credential/password", {"identifier": "x"}),
    "a scope map that is no name": lambda: principal("scope_map", 5),
    "a scope map that is none": lambda: row("scope_map", registry=REGISTRY, name="one", document="[]"),
    "actions that are none": lambda: row("scope_map", registry=REGISTRY, name="one", document='{"actions": 5}'),
    "an address that is none": lambda: region("url", 5),
    "an address with an impossible port": lambda: region("url", "https://host:99999999"),
    "an address with half a bracket": lambda: region("url", "https://[::1"),
    "an authority that is none": lambda: region("authority", "hello"),
    "addresses that are none": lambda: region("addresses", 5),
    "a key that is none": lambda: region("key", "hello"),
    "a token key that is none": lambda: key("token", b"hello"),
    "a token key of another kind": lambda: key("token", KEY),
    "a link key that is none": lambda: key("link", b""),
    "a report that is none": lambda: row(
        "readiness", registry=REGISTRY, principal="robot", client="c", address="192.0.2.1", document='{"a": 1}'
    ),
}
"""Rows that no region may send."""

ANSWERS: Final[dict[str, Callable[[], Fake]]] = {
    "an error page with 200": lambda: page(200, "<html>Sign in to the network</html>", content_type="text/html"),
    "an error page": lambda: page(502, "<html>Bad gateway</html>"),
    "a redirect": lambda: page(302, "", location="https://example.com/"),
    "nothing": lambda: page(200, ""),
    "a list": lambda: page(200, "[]"),
    "an empty object": lambda: page(200, "{}"),
    "nesting without end": lambda: page(200, DEEP),
    "rows that are none": lambda: page(200, '{"epoch": "e", "upto": 5, "head": 5, "rows": 5}'),
    "a place that is none": lambda: page(200, '{"epoch": "e", "upto": -5, "head": 5, "rows": []}'),
    "a place that is a fraction": lambda: page(200, '{"epoch": "e", "upto": 0.5, "head": 5, "rows": []}'),
    "a place behind the end": lambda: page(200, '{"epoch": "e", "upto": 6, "head": 5, "rows": []}'),
    "a place beyond counting": lambda: page(200, '{"epoch": "e", "upto": 5, "head": 1' + "0" * 400 + ', "rows": []}'),
    "a number without end": lambda: page(200, '{"upto": ' + "1" * 5000 + "}"),
    "an epoch that is none": lambda: page(200, '{"epoch": 5, "upto": 5, "head": 5, "rows": []}'),
    "an epoch that is no text": lambda: page(200, '{"epoch": "\\ud800", "upto": 5, "head": 5, "rows": []}'),
    "octets that are no text": lambda: page(200, b"\xff\xfe\x00"),
    "half an answer": lambda: page(200, '{"epoch": "e", "upto": 5, "hea'),
    "compressed octets": lambda: page(200, b"\x1f\x8b\x08\x00", content_encoding="gzip"),
}
"""Answers that are none."""


def adding(made: Callable[[], object]) -> Fake:
    """Let a region send one more row with each part of its log, and with each look-up."""

    async def fake(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith(("/changes", "/lookup")):
            return None
        answer = await send_to(adding.world[EAST].application, request)  # type: ignore[attr-defined]
        document = json.loads(await answer.aread())
        await answer.aclose()
        document["rows"].append(made())
        return plain(200, json.dumps(document))

    return fake


async def check_refusal(world: Regions, fake: Fake) -> None:
    """Let a region be false to another; hold that against what must come of it."""
    east, west = world[EAST], world[WEST]
    await push_image(east, "app", "v1", b"layer")
    await push_image(world[NORTH], "team/app", "v1", b"another layer")
    before, stood = await west.rows(), await west.heard_of(EAST)
    world.road(WEST, EAST).fake = fake
    assert not await west.follow(EAST)
    after = await west.heard_of(EAST)
    assert await west.rows() == before
    assert (after.epoch, after.cursor) == (stood.epoch, stood.cursor)
    assert EAST in after.error
    assert len(after.error) < 1000
    assert after.error.isprintable()
    # The others go on, and clients are served.
    assert await west.follow(NORTH)
    await west.copy()
    assert await pull(west, "team/app", "v1")
    assert (await west.call("GET", "/v2/_catalog")).json() == {"repositories": ["team/app"]}
    # Also somebody who asks for what only the false region has gets an answer, and nothing false.
    asked = await west.call("GET", "/v2/app/manifests/v1")
    assert asked.status_code in {200, 404}
    world.heal()
    assert await west.follow(EAST)
    assert await pull(west, "app", "v1")
    assert not (await west.heard_of(EAST)).error
    after = await west.heard_of(EAST)
    assert (after.epoch, after.cursor) == await east.database.read(log.head)


@pytest.mark.parametrize("kind", ROWS)
def test_a_false_row_is_refused_with_all_that_came_with_it(world: Regions, kind: str) -> None:
    adding.world = world  # type: ignore[attr-defined]
    world.run(check_refusal(world, adding(ROWS[kind])))


@pytest.mark.parametrize("kind", ANSWERS)
def test_what_is_no_answer_is_refused(world: Regions, kind: str) -> None:
    world.run(check_refusal(world, ANSWERS[kind]()))


def test_a_row_from_a_newer_seawall_makes_nobody_stumble(world: Regions) -> None:
    """What is not known is passed over, or refused; it must not make readers fail."""
    credential = {"identifier": "x", "sha256": "0" * 64, "since": 5}

    async def run() -> None:
        adding.world = world  # type: ignore[attr-defined]
        west = world[WEST]
        await push_image(world[EAST], "app", "v1", b"layer")
        world.road(WEST, EAST).fake = adding(lambda: principal("credential/password", credential))
        await west.follow(EAST)
        world.road(WEST, EAST).fake = adding(lambda: principal("scope_map", "one"))
        await west.follow(EAST)
        world.road(WEST, EAST).fake = adding(lambda: principal("enabled", value=True))
        await west.follow(EAST)
        denied = {"Authorization": "Basic " + b64(b"robot:password")}
        assert (await west.call("GET", "/v2/_catalog", headers=denied)).status_code == 401

    world.run(run())


class Endless(httpx.AsyncByteStream):
    """An answer that never ends."""

    def __init__(self, part: bytes, pause: float) -> None:
        self.sent = 0
        self._part = part
        self._pause = pause

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.sent += len(self._part)
            yield self._part
            await asyncio.sleep(self._pause)


@pytest.mark.parametrize(("part", "pause"), [(b"[" * 1_000_000, 0.0), (b" ", 0.01)], ids=["flood", "trickle"])
def test_an_answer_without_end_is_given_up(
    world: Regions, part: bytes, pause: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_peer, "_SILENT_SECONDS", 0.5)
    stream = Endless(part, pause)

    async def fake(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=stream)

    async def run() -> None:
        world.road(WEST, EAST).fake = fake
        began = time.monotonic()
        assert not await world[WEST].follow(EAST)
        assert time.monotonic() - began < 5
        assert stream.sent < 80_000_000
        assert (await world[WEST].heard_of(EAST)).error

    world.run(run())


def test_a_log_that_goes_back_is_read_again(world: Regions) -> None:
    """An old answer, as from a cache in between, is no harm: what came since comes again."""

    async def run() -> None:
        east, west = world[EAST], world[WEST]
        await push_image(east, "app", "v1", b"one")
        peer = await west.peer(EAST)
        old = await peer.changes(log.Head("", 0), 0.0)
        await push_image(east, "app", "v1", b"two")
        assert await west.follow(EAST)
        body = json.dumps(
            {
                "epoch": old.read.epoch,
                "upto": old.read.sequence,
                "head": old.head,
                "rows": write_rows(old.rows),
            }
        )
        world.road(WEST, EAST).fake = page(200, body)
        assert await west.follow(EAST)
        assert (await west.heard_of(EAST)).cursor == old.read.sequence
        world.heal()
        assert content.digest_of(b"two") in await pull(west, "app", "v1")
        await world.rest()
        assert content.digest_of(b"two") in await pull(west, "app", "v1")

    world.run(run())


def test_a_log_with_another_name_is_read_from_its_beginning(world: Regions) -> None:
    async def run() -> None:
        east, west = world[EAST], world[WEST]
        await push_image(east, "app", "v1", b"one")
        await world.rest()

        # As after a backup was restored: fewer transactions than others have read, and other ones.
        def set_back(connection: Any) -> None:  # noqa: ANN401
            connection.execute(LOG.update().values(sequence=LOG.c.sequence - 3))
            log.renew(connection)

        await east.database.note(set_back)
        await push_image(east, "app", "v2", b"two")
        await world.rest()
        assert content.digest_of(b"two") in await pull(west, "app", "v2")
        known, head = await west.heard_of(EAST), await east.database.read(log.head)
        assert (known.epoch, known.cursor) == head

    world.run(run())


def test_a_region_that_answers_look_ups_with_ever_newer_rows_holds_nobody(world: Regions) -> None:
    count = 0

    def newer() -> object:
        nonlocal count
        count += 1
        return row("repository", registry=REGISTRY, repository="app", clock=reading_at(time.time()) + count)

    async def run() -> None:
        adding.world = world  # type: ignore[attr-defined]
        world.road(WEST, EAST).fake = adding(newer)
        async with asyncio.timeout(5):
            answer = await world[WEST].call("GET", "/v2/app/manifests/v1")
        assert answer.status_code == 404
        assert count < 20

    world.run(run())


def test_what_went_wrong_is_forgotten_when_it_is_well_again(world: Regions) -> None:
    async def run() -> None:
        west = world[WEST]
        await west.database.note(peers.failed, EAST, "it was bad", 1)
        assert await west.follow(EAST)
        assert not (await west.heard_of(EAST)).error

    world.run(run())
