"""Manifests that could be read in two ways, or not at all, are refused, and in one way: DocumentError."""

from __future__ import annotations

import bisect
import json
from typing import Any, Final

import pytest

from seawall.blobs.digest import digest_of
from seawall.registry.document import DocumentError, read_document
from tests.unit.registry.documents import (
    DOCKER_IMAGE,
    OCI_IMAGE,
    OCI_INDEX,
    Json,
    descriptor,
    embedded,
    image,
    index,
    without,
    written,
)

HEX: Final = "0123456789abcdef" * 4
GOOD: Final = written(image())


def refused(body: bytes, content_type: str = "") -> str:
    with pytest.raises(DocumentError) as caught:
        read_document(body, content_type)
    assert str(caught.value)
    return str(caught.value)


NOT_JSON: Final = {
    "nothing": b"",
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "UTF-16": GOOD.decode().encode("utf-16"),
    "UTF-16 without a mark": GOOD.decode().encode("utf-16-le"),
    "UTF-32": GOOD.decode().encode("utf-32-be"),
    "Latin-1": GOOD.replace(b"{", b'{"\xe9": 1, ', 1),
    "a surrogate in UTF-8": GOOD.replace(b"{", b'{"\xed\xa0\x80": 1, ', 1),
    "an overlong octet": GOOD.replace(b"{", b'{"\xc0\xaf": 1, ', 1),
    "NaN": GOOD.replace(b"{", b'{"a": NaN, ', 1),
    "infinity": GOOD.replace(b"{", b'{"a": Infinity, ', 1),
    "negative infinity": GOOD.replace(b"{", b'{"a": -Infinity, ', 1),
    "a comment": b"// hello\n" + GOOD,
    "single quotes": GOOD.replace(b'"', b"'"),
    "a trailing comma": GOOD[:-1] + b",}",
    "something behind it": GOOD + b"{}",
    "two manifests": GOOD + b"\n" + GOOD,
    "a NUL behind it": GOOD + b"\0",
    "cut short": GOOD[:-1],
    "a raw line break in a string": GOOD.replace(b"{", b'{"a\nb": 1, ', 1),
    "a list": b"[" + GOOD + b"]",
    "a string": json.dumps(GOOD.decode()).encode(),
    "a number": b"2",
    "null": b"null",
    "deep lists": b"[" * 100_000,
    "deep lists inside": GOOD.replace(b"{", b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b",", 1),
    "deep objects inside": GOOD.replace(b"{", b'{"a": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b",", 1),
    "a huge number": GOOD.replace(b"{", b'{"a": ' + b"9" * 100_000 + b",", 1),
}


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
def test_what_is_no_json_object(body: bytes) -> None:
    assert len(refused(body)) < 500


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_however_deep_it_is_nested(opening: str, closing: str) -> None:
    def refuses(depth: int) -> bool:
        nested = opening * depth + '"\\u0041"' + closing * depth
        try:
            read_document(GOOD.replace(b"{", b'{"own": ' + nested.encode() + b",", 1), "")
        except DocumentError:
            return True
        return False

    assert not refuses(10)
    # Where a reader gives up, a checker may give up a little sooner or later than it.
    border = bisect.bisect_left(range(5_000), x=True, key=refuses)
    assert 10 < border < 5_000
    assert {refuses(depth) for depth in range(border - 30, border + 30)} == {True, False}


TWICE: Final = {
    "layers": GOOD.replace(b"{", b'{"layers": [], ', 1),
    "mediaType": GOOD.replace(b"{", b'{"mediaType": "' + OCI_INDEX.encode() + b'", ', 1),
    "the same value": GOOD.replace(b"{", b'{"schemaVersion": 2, ', 1),
    "digest of a layer": GOOD.replace(b'"size"', b'"digest": "sha256:' + HEX.encode() + b'", "size"'),
    "written differently": GOOD.replace(b"{", b'{"\\u006cayers": [], ', 1),
    "of one's own": GOOD.replace(b"{", b'{"x": 1, "x": 1, ', 1),
    "deep inside": GOOD.replace(b"{", b'{"x": [{"y": {"z": 1, "z": 2}}], ', 1),
}


@pytest.mark.parametrize("body", TWICE.values(), ids=TWICE)
def test_a_name_that_occurs_twice(body: bytes) -> None:
    assert "twice" in refused(body)


LIKE_A_NAME: Final = (
    "Layers",
    "LAYERS",
    "layer\N{LATIN SMALL LETTER LONG S}",
    "Config",
    "mediatype",
    "SchemaVersion",
    "Manifests",
    "fslayers",
    "\N{LATIN SMALL LETTER LONG S}ubject",
    "Annotations",
    "artifacttype",
)
LIKE_A_DESCRIPTORS_NAME: Final = ("Digest", "SIZE", "mediatype", "URLs", "Data", "dige\N{LATIN SMALL LETTER LONG S}t")


@pytest.mark.parametrize("name", LIKE_A_NAME)
def test_a_name_that_readers_without_regard_to_case_take_for_another(name: str) -> None:
    refused(written({**image(), name: []}))
    refused(written({name: [], **index()}))


@pytest.mark.parametrize("name", LIKE_A_DESCRIPTORS_NAME)
def test_such_a_name_in_a_descriptor(name: str) -> None:
    odd = {**descriptor(), name: "x"}
    refused(written(image(layers=[odd])))
    refused(written(image(config=odd)))
    refused(written(image(subject=odd)))
    refused(written(index(manifests=[odd])))


WRONG: Final = {
    "no schemaVersion": without(image(), "schemaVersion"),
    "schemaVersion 1": image(schemaVersion=1),
    "schemaVersion 3": image(schemaVersion=3),
    "schemaVersion true": image(schemaVersion=True),
    "schemaVersion 2.0": image(schemaVersion=2.0),
    "schemaVersion as text": image(schemaVersion="2"),
    "schemaVersion null": image(schemaVersion=None),
    "no config": without(image(), "config"),
    "config null": image(config=None),
    "config a list": image(config=[]),
    "config a digest": image(config=digest_of(b"config")),
    "no layers": without(image(), "layers"),
    "layers an object": image(layers={}),
    "layers null": image(layers=None),
    "a layer null": image(layers=[None]),
    "a layer a digest": image(layers=[digest_of(b"layer")]),
    "no manifests": without(index(), "manifests"),
    "manifests an object": index(manifests={}),
    "an image that is an index": image(manifests=[]),
    "an index that is an image": index(layers=[]),
    "an index with a config": index(config=descriptor()),
    "an index with null layers": index(layers=None),
    "schema 1 layers": image(fsLayers=[]),
    "schema 1 layers in an index": index(fsLayers=[]),
    "mediaType of something else": image(mediaType="application/json"),
    "mediaType of schema 1": image(mediaType="application/vnd.docker.distribution.manifest.v1+json"),
    "mediaType empty": image(mediaType=""),
    "mediaType null": image(mediaType=None),
    "mediaType a list": image(mediaType=[OCI_IMAGE]),
    "mediaType in capitals": image(mediaType=OCI_IMAGE.upper()),
    "mediaType with a parameter": image(mediaType=f"{OCI_IMAGE}; charset=utf-8"),
    "no mediaType at all": without(image(), "mediaType"),
    "artifactType a number": image(artifactType=1),
    "artifactType null": image(artifactType=None),
    "artifactType too long": image(artifactType="a/" + "b" * 300),
    "artifactType with a line break": image(artifactType="a/b\nc"),
    "artifactType with a NUL": image(artifactType="a/b\0"),
    "artifactType of half a pair": image(artifactType="a/\ud800"),
    "subject null": image(subject=None),
    "subject empty": image(subject={}),
    "subject a digest": image(subject=digest_of(b"image")),
    "subject without a digest": image(subject=without(descriptor(), "digest")),
    "annotations a list": image(annotations=[]),
    "annotations a text": image(annotations="a"),
    "annotations of numbers": image(annotations={"a": 1}),
    "annotations of null": image(annotations={"a": None}),
    "annotations of objects": image(annotations={"a": {"b": "c"}}),
    "annotations of half a pair": image(annotations={"a": "\ud800"}),
    "annotations named by half a pair": image(annotations={"\udfff": "a"}),
    "half a pair somewhere": image(own=[{"a": ["\ud83d"]}]),
    "a half pair the wrong way round": image(own="\ude00\ud83d"),
}


@pytest.mark.parametrize("value", WRONG.values(), ids=WRONG)
def test_what_is_no_manifest(value: Json) -> None:
    assert len(refused(written(value))) < 2000


DESCRIPTORS: Final[dict[str, Any]] = {
    "no mediaType": without(descriptor(), "mediaType"),
    "mediaType empty": descriptor(mediaType=""),
    "mediaType null": descriptor(mediaType=None),
    "mediaType too long": descriptor(b"layer", "a/" + "b" * 5_000),
    "mediaType with a NUL": descriptor(b"layer", "a/b\0"),
    "no digest": without(descriptor(), "digest"),
    "digest null": descriptor(digest=None),
    "digest empty": descriptor(digest=""),
    "digest in capitals": descriptor(digest=f"sha256:{HEX.upper()}"),
    "digest algorithm in capitals": descriptor(digest=f"SHA256:{HEX}"),
    "digest too short": descriptor(digest=f"sha256:{HEX[1:]}"),
    "digest too long": descriptor(digest=f"sha256:{HEX}0"),
    "digest of another algorithm": descriptor(digest=f"md5:{HEX[:32]}"),
    "digest with a line break": descriptor(digest=f"sha256:{HEX}\n"),
    "digest that is a path": descriptor(digest="sha256:../../../etc/passwd"),
    "digest that is a path of the right length": descriptor(digest="sha256:" + "../" * 21 + "a"),
    "no size": without(descriptor(), "size"),
    "size null": descriptor(size=None),
    "size negative": descriptor(size=-1),
    "size true": descriptor(size=True),
    "size a float": descriptor(size=5.0),
    "size a text": descriptor(size="5"),
    "size too large": descriptor(size=2**63),
    "size far too large": descriptor(size=10**4000),
    "urls a text": descriptor(urls="https://a.example"),
    "urls of numbers": descriptor(urls=[1]),
    "urls null": descriptor(urls=[None]),
    "annotations of numbers": descriptor(annotations={"a": 1}),
    "annotations a list": descriptor(annotations=["a"]),
    "data longer than size": {**embedded(b"layer"), "size": 4},
    "data shorter than size": {**embedded(b"layer"), "size": 6},
    "data of another digest": {**embedded(b"layer"), "digest": digest_of(b"other")},
    "data of another digest and algorithm": {**embedded(b"layer"), "digest": digest_of(b"other", "sha512")},
    "data that is no base64": {**embedded(b"layer"), "data": "!!!!"},
    "data with a line break": {**embedded(b"layer"), "data": "bGF5\nZXI="},
    "data without padding": {**embedded(b"layer"), "data": "bGF5ZXI"},
    "data of another alphabet": {**embedded(b"\xfb\xff"), "data": "-_8="},
    "data beyond ASCII": {**embedded(b"layer"), "data": "\N{SNOWMAN}"},
    "data a number": {**embedded(b"layer"), "data": 1},
    "data null": {**embedded(b"layer"), "data": None},
    "an exponent": json.loads('{"mediaType": "a/b", "digest": "%s", "size": 1e2}' % digest_of(b"x")),  # noqa: UP031
}


@pytest.mark.parametrize("odd", DESCRIPTORS.values(), ids=DESCRIPTORS)
def test_what_is_no_descriptor(odd: Json) -> None:
    for value in (
        image(config=odd),
        image(layers=[descriptor(), odd]),
        image(subject=odd),
        index(manifests=[odd]),
        index(subject=odd),
    ):
        assert len(refused(written(value))) < 500


@pytest.mark.parametrize(
    ("value", "content_type"),
    [
        (image(), OCI_INDEX),
        (image(), DOCKER_IMAGE),
        (index(), OCI_IMAGE),
        (image(), "application/json"),
        (image(), "text/plain"),
        (image(), OCI_IMAGE.upper()),
        (image(), f"{OCI_IMAGE}, {OCI_INDEX}"),
        (without(image(), "mediaType"), OCI_INDEX),
        (without(index(), "mediaType"), OCI_IMAGE),
        (without(image(), "mediaType"), "application/octet-stream"),
        (without(image(), "mediaType"), ";"),
    ],
)
def test_two_media_types_or_none(value: Json, content_type: str) -> None:
    refused(written(value), content_type)
