"""Manifests that mean one thing are read as that."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.blobs.digest import Digest, digest_of
from seawall.registry.document import Document, read_document
from tests.unit.registry.documents import (
    CONFIG_TYPE,
    DOCKER_IMAGE,
    DOCKER_LIST,
    LAYER_TYPE,
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
from tests.unit.strategies import digests

CONFIG, LAYER, IMAGE = digest_of(b"config"), digest_of(b"layer"), digest_of(b"image")

sizes = st.integers(0, 2**63 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
notes = st.dictionaries(texts, texts, max_size=3)
media_types = st.sampled_from([CONFIG_TYPE, LAYER_TYPE, "text/plain", "application/vnd.example.thing+json; a=b"])


def objects(needed: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries(needed, optional=optional)


descriptors = objects(
    {"mediaType": media_types, "digest": digests, "size": sizes},
    {
        "annotations": notes,
        "urls": st.lists(texts, max_size=2),
        "platform": objects({"os": texts, "architecture": texts}, {}),
        "artifactType": media_types,
        "x-own": st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False),
    },
)
of_both = {"annotations": notes, "artifactType": media_types, "subject": descriptors}
images = objects(
    {
        "schemaVersion": st.just(2),
        "mediaType": st.sampled_from([OCI_IMAGE, DOCKER_IMAGE]),
        "config": descriptors,
        "layers": st.lists(descriptors, max_size=3),
    },
    of_both,
)
indexes = objects(
    {
        "schemaVersion": st.just(2),
        "mediaType": st.sampled_from([OCI_INDEX, DOCKER_LIST]),
        "manifests": st.lists(descriptors, max_size=3),
    },
    of_both,
)


def read(value: Json, content_type: str = "") -> Document:
    return read_document(written(value), content_type)


@given(images, st.booleans())
def test_every_image(value: Json, said: bool) -> None:
    document = read(value, value["mediaType"] if said else "")
    assert document.media_type == value["mediaType"]
    assert document.artifact_type == value.get("artifactType", value["config"]["mediaType"])
    assert document.subject == value.get("subject", {}).get("digest")
    assert document.annotations == value.get("annotations", {})
    assert document.blobs == (value["config"]["digest"], *(layer["digest"] for layer in value["layers"]))
    assert document.manifests == ()


@given(indexes)
def test_every_index(value: Json) -> None:
    document = read(value)
    assert document.media_type == value["mediaType"]
    assert document.artifact_type == value.get("artifactType", "")
    assert document.subject == value.get("subject", {}).get("digest")
    assert document.annotations == value.get("annotations", {})
    assert document.blobs == ()
    assert document.manifests == tuple(child["digest"] for child in value["manifests"])


@given(images | indexes, st.sampled_from([None, 0, 3, "\t"]), st.booleans())
def test_how_it_is_laid_out_does_not_matter(value: Json, indent: str | int | None, ascii_only: bool) -> None:
    body = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()
    assert read_document(b" \n" + body + b"\r\n", "") == read(value)


@pytest.mark.parametrize("value", [image(), index()], ids=["image", "index"])
def test_the_media_type_is_said_by_either(value: Json) -> None:
    media_type = value["mediaType"]
    for written_type, content_type in (
        (media_type, ""),
        (media_type, media_type),
        (None, media_type),
        (media_type, f"{media_type}; charset=utf-8"),
        (None, f" {media_type} ;q=1"),
    ):
        one = value if written_type else without(value, "mediaType")
        assert read(one, content_type).media_type == media_type


@pytest.mark.parametrize(
    "media_type",
    [
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    ],
)
def test_layers_from_elsewhere_need_not_be_here(media_type: str) -> None:
    foreign = descriptor(b"elsewhere", media_type, urls=["https://elsewhere.example/layer"])
    assert read(image(layers=[descriptor(), foreign])).blobs == (CONFIG, LAYER)


def test_an_artifact_of_nothing_but_a_config() -> None:
    document = read(image(layers=[], artifactType="application/vnd.example.sbom", annotations=None))
    assert document == Document(OCI_IMAGE, "application/vnd.example.sbom", None, {}, (CONFIG,), ())


def test_an_empty_index() -> None:
    assert read(index(manifests=[])) == Document(OCI_INDEX, "", None, {}, (), ())


@pytest.mark.parametrize("data", [b"", b"{}", b"\0\xff" * 100])
def test_embedded_data_that_fits(data: bytes) -> None:
    assert read(image(config=embedded(data))).blobs[0] == digest_of(data)


def test_a_subject_need_not_be_an_image() -> None:
    for media_type in (OCI_IMAGE, OCI_INDEX, "application/x-anything"):
        document = read(image(subject=descriptor(b"image", media_type)))
        assert document.subject == IMAGE
        assert document.manifests == ()


def test_both_algorithms_are_taken() -> None:
    sha512 = digest_of(b"layer", "sha512")
    layer = {"mediaType": LAYER_TYPE, "digest": sha512, "size": 5}
    assert read(image(layers=[layer])).blobs == (CONFIG, Digest(sha512))


def test_annotations_may_hold_any_text() -> None:
    text = 'quote " backslash \\ line\n \N{SNOWMAN} \N{GRINNING FACE} \0'
    assert read(image(annotations={text: text})).annotations == {text: text}
