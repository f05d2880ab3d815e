"""Whatever is sent as a manifest is read, or refused with a DocumentError; nothing else comes out."""

from __future__ import annotations

import json
from typing import Final

from hypothesis import example, given
from hypothesis import strategies as st

from seawall.registry.document import DocumentError, read_document
from tests.unit.registry.documents import OCI_IMAGE, OCI_INDEX, Json, descriptor, image, index, written

GOOD: Final = written(image())
KINDS: Final = ["", OCI_IMAGE, OCI_INDEX]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES: Final = ["schemaVersion", "mediaType", "config", "layers", "manifests", "subject", "annotations", "artifactType"]


def read_or_refuse(body: bytes) -> None:
    for content_type in KINDS:
        try:
            document = read_document(body, content_type)
        except DocumentError:
            continue
        # Whatever is taken can be kept and sent on.
        assert f"{document.artifact_type}{document.annotations!r}".encode()
        assert json.dumps(dict(document.annotations), ensure_ascii=False).encode()


@given(st.binary(max_size=200))
@example(b"\xff\xfe")
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    read_or_refuse(body)
    read_or_refuse(GOOD[: len(GOOD) // 2] + body + GOOD[len(GOOD) // 2 :])


@given(json_values)
def test_any_json_is_read_or_refused(value: object) -> None:
    read_or_refuse(written(value))


@given(st.dictionaries(st.sampled_from(NAMES), json_values), st.sampled_from([image(), index()]))
def test_any_fields_are_read_or_refused(fields: Json, value: Json) -> None:
    read_or_refuse(written({**value, **fields}))


@given(st.dictionaries(st.sampled_from([*descriptor(), "urls", "data", "annotations"]), json_values, min_size=1))
def test_any_descriptor_is_read_or_refused(fields: Json) -> None:
    odd = {**descriptor(), **fields}
    read_or_refuse(written(image(config=odd)))
    read_or_refuse(written(index(manifests=[odd])))
