"""Manifests that mean nothing, or two things: each is refused by name and leaves nothing behind."""

from __future__ import annotations

import base64
import gzip
import json
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import content, network
from tests.support.content import DOCKER_IMAGE, OCI_CONFIG, OCI_IMAGE, OCI_INDEX, OCI_LAYER, descriptor, encode
from tests.support.registry import Registry
from tests.support.server import Server

if TYPE_CHECKING:
    from pathlib import Path

BLOB = b"a layer"
GOOD: dict[str, Any] = json.loads(content.image(b"{}", BLOB))
GOOD_INDEX: dict[str, Any] = json.loads(content.index())
GOOD_TEXT = json.dumps(GOOD)


def layer(**changes: object) -> bytes:
    """Write an image whose layer is odd; ``None`` leaves a field out."""
    entry = {**descriptor(BLOB, OCI_LAYER), **changes}
    return encode({**GOOD, "layers": [{key: value for key, value in entry.items() if value is not None}]})


def image(**changes: object) -> bytes:
    """Write an image with something changed; ``None`` leaves a field out."""
    return encode({key: value for key, value in {**GOOD, **changes}.items() if value is not None})


DIGEST = content.digest_of(BLOB)

TRAPS: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "two objects": GOOD_TEXT.encode() * 2,
    "byte order mark": b"\xef\xbb\xbf" + GOOD_TEXT.encode(),
    "UTF-16": GOOD_TEXT.encode("utf-16"),
    "not UTF-8": GOOD_TEXT.encode().replace(b"a", b"\xff", 1),
    "gzip without a word": gzip.compress(GOOD_TEXT.encode()),
    "a name twice": GOOD_TEXT.replace('"schemaVersion": 2', '"schemaVersion": 2, "schemaVersion": 2').encode(),
    "a name twice below": GOOD_TEXT.replace('"size": 2', '"size": 2, "size": 2').encode(),
    "a name twice, spelt differently": GOOD_TEXT.replace('"size": 2', '"size": 2, "\\u0073ize": 3').encode(),
    "nested deeply": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "objects nested deeply": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "a number with 5000 digits": image(x=1)[:-2] + b"9" * 5000 + b"}",
    "NaN": image(x=1)[:-2] + b"NaN}",
    "Infinity": image(x=1)[:-2] + b"-Infinity}",
    "schema 1": image(schemaVersion=1),
    "schema as text": image(schemaVersion="2"),
    "schema as truth": image(schemaVersion=True),
    "no schema": image(schemaVersion=None),
    "another media type within": image(mediaType=DOCKER_IMAGE),
    "an index within": image(mediaType=OCI_INDEX),
    "media type no text": image(mediaType=1),
    "also an index": image(manifests=[]),
    "also schema 1": image(fsLayers=[]),
    "no config": image(config=None),
    "config no descriptor": image(config="x"),
    "config a list": image(config=[GOOD["config"]]),
    "no layers": image(layers=None),
    "layers no list": image(layers={}),
    "a layer no descriptor": image(layers=[None]),
    "size negative": layer(size=-1),
    "size beyond 63 bits": layer(size=2**63),
    "size beyond all bits": layer(size=10**400),
    "size a fraction": layer(size=7.5),
    "size a text": layer(size="7"),
    "size a truth": layer(size=True),
    "no size": layer(size=None),
    "no digest": layer(digest=None),
    "digest in capitals": layer(digest=DIGEST.replace("sha256", "SHA256")),
    "digest with capitals": layer(digest=DIGEST[:7] + DIGEST[7:].upper()),
    "digest too short": layer(digest=DIGEST[:-1]),
    "digest too long": layer(digest=DIGEST + "0"),
    "digest with a line break": layer(digest=DIGEST + "\n"),
    "digest a path": layer(digest="sha256:../../../../etc/passwd"),
    "digest of another kind": layer(digest="md5:d41d8cd98f00b204e9800998ecf8427e"),
    "digest in other digits": layer(digest="sha256:" + "\uff10" * 64),
    "digest a number": layer(digest=1),
    "no media type": layer(mediaType=None),
    "media type empty": layer(mediaType=""),
    "media type with NUL": layer(mediaType="a\0b"),
    "urls no list": layer(urls="https://evil.example"),
    "urls of numbers": layer(urls=[1]),
    "layer annotations no texts": layer(annotations={"a": 1}),
    "annotations no texts": image(annotations={"a": None}),
    "annotations a list": image(annotations=["a"]),
    "annotations half a character": image(annotations={"a": "\ud800"}),
    "annotation names half a character": image(annotations={"\udfff": "a"}),
    "artifactType half a character": image(artifactType="a/\ud800"),
    "artifactType with NUL": image(artifactType="a/\0"),
    "artifactType a number": image(artifactType=1),
    "unknown field half a character": image(x={"y": ["\udc00"]}),
    "subject null": image(subject=[]),
    "subject without a digest": image(subject={"mediaType": OCI_IMAGE, "size": 1}),
    "subject a digest alone": image(subject=DIGEST),
    "data not base64": layer(data="!"),
    "data longer than size": layer(data=base64.b64encode(BLOB + b"!").decode()),
    "data shorter than size": layer(data=base64.b64encode(BLOB[1:]).decode()),
    "data of another blob": layer(data=base64.b64encode(b"A LAYER").decode()),
    "data a number": layer(data=1),
}

INDEX_TRAPS: dict[str, bytes] = {
    "also an image": encode({**GOOD_INDEX, "config": GOOD["config"], "layers": []}),
    "with layers": encode({**GOOD_INDEX, "layers": []}),
    "no manifests": encode({"schemaVersion": 2, "mediaType": OCI_INDEX}),
    "manifests no list": encode({**GOOD_INDEX, "manifests": {}}),
    "an image": GOOD_TEXT.encode(),
    "a child without a digest": encode({**GOOD_INDEX, "manifests": [{"mediaType": OCI_IMAGE, "size": 1}]}),
    "a child with data of another": encode(
        {**GOOD_INDEX, "manifests": [descriptor(b"x", OCI_IMAGE, data=base64.b64encode(b"y").decode())]}
    ),
}


@pytest.fixture(scope="module")
def place(first: Registry) -> str:
    """A repository that has the blobs of the manifest that would be right."""
    first.admin.push_image("bad/manifests", "good", BLOB)
    return "bad/manifests"


def _refused(registry: Registry, place: str, body: bytes, media_type: str, status: int = 400) -> str:
    with registry.server.unchanged():
        began = time.monotonic()
        answer = registry.admin.call(
            "PUT", f"/v2/{place}/manifests/bad", content=body, headers={"Content-Type": media_type}
        )
        assert time.monotonic() - began < 5
    assert answer.status_code == status, answer.text
    error = answer.json()["errors"][0]
    assert len(error["message"]) < 1000
    code: str = error["code"]
    return code


@pytest.mark.parametrize("body", TRAPS.values(), ids=TRAPS)
def test_images_that_are_none(first: Registry, place: str, body: bytes) -> None:
    assert _refused(first, place, body, OCI_IMAGE) == "MANIFEST_INVALID"


@pytest.mark.parametrize("body", INDEX_TRAPS.values(), ids=INDEX_TRAPS)
def test_indexes_that_are_none(first: Registry, place: str, body: bytes) -> None:
    assert _refused(first, place, body, OCI_INDEX) == "MANIFEST_INVALID"


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "text/html",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/vnd.docker.distribution.manifest.v1+json",
        OCI_INDEX,
        DOCKER_IMAGE,
        OCI_CONFIG,
        OCI_IMAGE.upper(),
        f"{OCI_IMAGE}, {OCI_INDEX}",
        "x" * 10_000,
    ],
)
def test_content_types_that_do_not_fit(first: Registry, place: str, media_type: str) -> None:
    assert _refused(first, place, GOOD_TEXT.encode(), media_type) == "MANIFEST_INVALID"


def test_nothing_says_what_it_is(first: Registry, place: str) -> None:
    with first.server.unchanged():
        answer = first.admin.call("PUT", f"/v2/{place}/manifests/bad", content=image(mediaType=None))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "MANIFEST_INVALID")


@pytest.mark.parametrize("coding", ["gzip", "zstd", "br", "gzip, identity"])
def test_compressed_bodies(first: Registry, place: str, coding: str) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    with first.server.unchanged():
        answer = first.admin.call(
            "PUT",
            f"/v2/{place}/manifests/bad",
            content=bomb,
            headers={"Content-Type": OCI_IMAGE, "Content-Encoding": coding},
        )
    assert answer.status_code == 415


def test_an_index_of_thirty_thousand(first: Registry, place: str) -> None:
    # As many as four million bytes hold; none of them is here.
    children = [{"mediaType": "a", "digest": f"sha256:{number:064x}", "size": 0} for number in range(36_000)]
    body = json.dumps({**GOOD_INDEX, "manifests": children}, separators=(",", ":")).encode()
    assert 3_800_000 < len(body) < 4 * 1024 * 1024
    assert _refused(first, place, body, OCI_INDEX, 404) == "MANIFEST_BLOB_UNKNOWN"


def test_an_index_of_a_hundred_thousand(first: Registry, place: str) -> None:
    body = encode({**GOOD_INDEX, "manifests": [descriptor(b"", OCI_IMAGE)] * 100_000})
    with first.server.unchanged():
        answer = first.admin.call(
            "PUT", f"/v2/{place}/manifests/bad", content=body, headers={"Content-Type": OCI_INDEX}
        )
    assert answer.status_code == 413


def test_the_same_child_thirty_thousand_times(first: Registry, place: str) -> None:
    child = content.image(b"{}", BLOB)
    entry = {"mediaType": "a", "digest": content.digest_of(child), "size": len(child)}
    body = json.dumps({**GOOD_INDEX, "manifests": [entry] * 30_000}, separators=(",", ":")).encode()
    began = time.monotonic()
    first.admin.push_manifest(place, "many", body, OCI_INDEX)
    assert time.monotonic() - began < 5
    assert first.admin.call("GET", f"/v2/{place}/manifests/many").content == body


def test_an_index_that_would_hold_itself(first: Registry, place: str) -> None:
    # No bytes hold their own digest, so all that can be tried is to push under that of the child.
    child = content.index()
    body = content.index(child, media_type=OCI_INDEX)
    with first.server.unchanged():
        answer = first.admin.call(
            "PUT",
            f"/v2/{place}/manifests/{content.digest_of(child)}",
            content=body,
            headers={"Content-Type": OCI_INDEX},
        )
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "DIGEST_INVALID")


def test_children_must_be_manifests_of_this_very_repository(first: Registry, place: str, repository: str) -> None:
    child = content.image(b"{}", BLOB)
    first.admin.push_blob(repository, child)  # as a blob, it is no manifest
    answer = first.admin.call(
        "PUT", f"/v2/{repository}/manifests/bad", content=content.index(child), headers={"Content-Type": OCI_INDEX}
    )
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "MANIFEST_BLOB_UNKNOWN")
    assert answer.json()["errors"][0]["detail"] == [{"digest": content.digest_of(child)}]
    assert place != repository


def test_a_manifest_for_two_readers(first: Registry, place: str) -> None:
    """Go's decoder takes names whatever their case, so ``Layers`` would be another manifest's layers to it."""
    for name, value in (("Layers", []), ("CONFIG", GOOD["config"]), ("Manifests", []), ("mediatype", OCI_INDEX)):
        assert _refused(first, place, image(**{name: value}), OCI_IMAGE) == "MANIFEST_INVALID", name


def test_what_a_manifest_points_at_is_never_fetched(first: Registry, place: str) -> None:
    with socket.socket() as trap:
        trap.bind((network.LOOPBACK, 0))
        trap.listen()
        trap.settimeout(0.5)
        url = f"http://{network.LOOPBACK}:{trap.getsockname()[1]}/layer"
        entry = descriptor(b"elsewhere", content.FOREIGN_LAYER, urls=[url])
        body = encode({**GOOD, "layers": [entry], "annotations": {"org.opencontainers.image.url": url}})
        first.admin.push_manifest(place, "foreign", body)
        assert first.admin.call("GET", f"/v2/{place}/manifests/foreign").content == body
        assert first.admin.call("GET", f"/v2/{place}/blobs/{entry['digest']}").status_code == 404
        with pytest.raises(TimeoutError):
            trap.accept()


def test_sparse_content_where_it_is_allowed(tmp_path: Path) -> None:
    with Server(tmp_path, top="sparse = true") as server:
        user = Registry.create(server, "sparse").admin
        body = content.image(b"{}", b"never pushed")
        assert user.push_manifest("a", "image", body) == content.digest_of(body)
        user.push_manifest("a", "index", content.index(body, b"nor this"), OCI_INDEX)
        assert user.call("GET", "/v2/a/manifests/image").content == body
        missing = user.call("GET", f"/v2/a/blobs/{content.digest_of(b'never pushed')}")
        assert (missing.status_code, missing.json()["errors"][0]["code"]) == (404, "BLOB_UNKNOWN")
