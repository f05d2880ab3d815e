"""Manifests that lie."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from seawall.check.cause import Cause
from seawall.check.step import Verdict
from tests.check.registry import LAYER, Registry, digest_of, manifest_of
from tests.check.world import Reply, World, play

if TYPE_CHECKING:
    from seawall.check.report import Report

DIGEST: Final = digest_of(LAYER)
STEERING: Final = "\x1b[31m\u202e\u2066\x9b\ud800\x00"


def row(size: object = len(LAYER), digest: object = DIGEST, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"size": size, "digest": digest, **more}


NO_LAYER: Final[set[Cause | None]] = {Cause.NO_IMAGE, Cause.NOT_A_REGISTRY}
MANIFESTS: Final[dict[str, tuple[bytes, set[Cause | None]]]] = {
    "not JSON": (b"hello", NO_LAYER),
    "nothing": (b"", NO_LAYER),
    "a list": (b"[]", NO_LAYER),
    "deep": (b"[" * 1_000_000, NO_LAYER),
    "deep inside": (b'{"layers":' + b"[" * 500_000 + b"]" * 500_000 + b"}", NO_LAYER),
    "five megabytes": (manifest_of(LAYER, x="y" * 5_000_000), NO_LAYER),
    "not text": (bytes(range(256)), NO_LAYER),
    "UTF-16": (manifest_of(LAYER).decode().encode("utf-16"), NO_LAYER | {None}),
    "layers are a number": (manifest_of(layers=5), NO_LAYER),
    "layers are nothing": (manifest_of(layers=None), NO_LAYER),
    "layers are true": (manifest_of(layers=True), NO_LAYER),
    "layers are a text": (manifest_of(layers="layers"), NO_LAYER),
    "layers are an object": (manifest_of(layers={"a": row()}), NO_LAYER),
    "layers are numbers": (manifest_of(layers=[1, None, [], "x"]), NO_LAYER),
    "config is a list": (manifest_of(config=[1], layers=[]), NO_LAYER),
    "negative": (manifest_of(layers=[row(-5)]), NO_LAYER),
    "huge": (manifest_of(layers=[row(10**18)]), {Cause.BROKEN_OFF, Cause.DIGEST, *NO_LAYER}),
    "very huge": (manifest_of(layers=[row(10**4299 * 9), row(10**4299 * 9)]), {Cause.BROKEN_OFF, *NO_LAYER}),
    "too huge": (b'{"layers":[{"size":' + b"9" * 5000 + b"}]}", NO_LAYER),
    "infinite": (manifest_of(layers=[row(float("inf"))]), NO_LAYER),
    "true": (manifest_of(layers=[row(size=True)]), {Cause.DIGEST, *NO_LAYER}),
    "half": (manifest_of(layers=[row(0.5)]), NO_LAYER),
    "too small": (manifest_of(layers=[row(5)]), {Cause.DIGEST}),
    "too large": (manifest_of(layers=[row(len(LAYER) + 5)]), {Cause.BROKEN_OFF}),
    "another digest": (manifest_of(layers=[row(digest=digest_of(b""))]), {Cause.DIGEST}),
    "a digest that leads away": (manifest_of(layers=[row(digest="sha256:../../../token")]), NO_LAYER),
    "a digest that steers": (manifest_of(layers=[row(digest=DIGEST + "\n")]), NO_LAYER),
    "MD5": (manifest_of(layers=[row(digest="md5:d41d8cd98f00b204e9800998ecf8427e")]), NO_LAYER),
    "twice": (b'{"layers":[],"layers":[{"size":5,"digest":"sha256:x"}]}', NO_LAYER),
    "steering": (manifest_of(LAYER, annotations={STEERING: STEERING}, mediaType=STEERING), {None}),
    "many": (manifest_of(*[LAYER] * 5000), {None}),
    "with urls": (manifest_of(layers=[row(urls=["https://evil.localhost/"])]), {None}),
    "an index of nothing": (json.dumps({"manifests": []}).encode(), NO_LAYER),
    "an index of numbers": (json.dumps({"manifests": [1, None]}).encode(), NO_LAYER),
    "an index with odd platforms": (json.dumps({"manifests": [row(platform=5)]}).encode(), {*NO_LAYER, Cause.DIGEST}),
}


@pytest.mark.parametrize("case", MANIFESTS)
def test_manifests(case: str) -> None:
    manifest, causes = MANIFESTS[case]

    async def scenario(world: World) -> Report:
        return await world.check(await world.site("registry.localhost", Registry(manifest=manifest)))

    report = play(scenario)
    first = report.problems[0].cause if report.problems else None
    assert first in causes
    assert report.seconds < 5


def test_an_index_that_names_itself() -> None:
    async def scenario(world: World) -> Report:
        registry = Registry()
        registry.manifest = json.dumps({"manifests": [row()]}).encode()
        registry.odd["GET /v2/app/manifests/sha"] = Reply(body=registry.manifest)
        site = await world.site("registry.localhost", registry)
        report = await world.check(site)
        assert len(site.requests) < 10
        return report

    assert play(scenario).verdict is Verdict.FAILED


@pytest.mark.parametrize("size", [100, 5_000_000])
def test_a_manifest_that_is_not_what_was_asked_for(size: int) -> None:
    async def scenario(world: World) -> Report:
        other = manifest_of(LAYER, x="y" * size)
        registry = Registry({"GET /v2/app/manifests/": Reply(body=other)})
        site = await world.site("registry.localhost", registry)
        return await world.check(site, f"app:@{digest_of(b'') if size == 100 else digest_of(other)}")

    report = play(scenario)
    assert report.problems[0].cause is Cause.DIGEST if size == 100 else report.problems[0].cause in NO_LAYER


def test_a_manifest_whose_header_names_another_digest() -> None:
    async def scenario(world: World) -> Report:
        reply = Reply(200, [("Docker-Content-Digest", digest_of(b""))], manifest_of(LAYER))
        registry = Registry({"GET /v2/app/manifests/": reply})
        return await world.check(await world.site("registry.localhost", registry))

    assert play(scenario).problems[0].cause is Cause.DIGEST
