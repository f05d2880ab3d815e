"""Reading a manifest strictly: one meaning for every client, or none.

Sources: OCI image specification, "Image Manifest", "Image Index", "Content Descriptors"; Docker, "Image Manifest V 2,
Schema 2". Whatever could be read in two ways is refused (GHSA-qq97-vm5h-rrhg: a manifest that is also an index).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from seawall.blobs.digest import Digest, DigestError, digest_of, parse_digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["INDEX_TYPES", "OCI_INDEX", "Document", "DocumentError", "read_document"]

OCI_IMAGE: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
DOCKER_IMAGE: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"

IMAGE_TYPES: Final = frozenset((OCI_IMAGE, DOCKER_IMAGE))
INDEX_TYPES: Final = frozenset((OCI_INDEX, DOCKER_LIST))

# Layers that are fetched from elsewhere, if at all; their URLs are for clients, the server never opens one.
_FOREIGN_LAYERS: Final = (
    "application/vnd.oci.image.layer.nondistributable.",
    "application/vnd.docker.image.rootfs.foreign.",
)
_TYPE: Final = re.compile(r"[!-~][ -~]{0,254}")
_NAMES: Final = frozenset(
    (
        *("schemaVersion", "mediaType", "artifactType", "config", "layers", "manifests", "subject", "annotations"),
        *("digest", "size", "urls", "data", "platform"),
        *("fsLayers", "history", "signatures", "name", "tag", "architecture"),  # those of Docker's first schema
    )
)
_FOLDED_NAMES: Final = frozenset(name.casefold() for name in _NAMES)
_LARGEST_SIZE: Final = 2**63 - 1


class DocumentError(ValueError):
    """The manifest cannot be accepted. The message says where and why."""


@dataclass(frozen=True, slots=True)
class Document:
    """What the registry needs to know of a manifest.

    Attributes:
        media_type: What it is.
        artifact_type: What it says it contains; an image's defaults to its configuration's media type.
        subject: The manifest it refers to, or nothing.
        annotations: As written.
        blobs: Blobs that must be in the repository.
        manifests: Manifests that must be in the repository.
    """

    media_type: str
    artifact_type: str
    subject: Digest | None
    annotations: Mapping[str, str]
    blobs: tuple[Digest, ...]
    manifests: tuple[Digest, ...]


def read_document(body: bytes, content_type: str) -> Document:
    """Read a manifest.

    Args:
        body: As the client sent it.
        content_type: The request's ``Content-Type``; parameters are passed over.

    Raises:
        DocumentError: If it is not a manifest that means one thing.
    """
    value = _parse(body)
    _check_names(value, "")
    media_type = _media_type(value, content_type.partition(";")[0].strip())
    # 2.0 is the same number to JSON, but clients read it into an integer and fail.
    if value.get("schemaVersion") != 2 or type(value["schemaVersion"]) is not int:
        raise DocumentError("schemaVersion must be 2")
    is_index = media_type in INDEX_TYPES
    for other in ("config", "layers", "fsLayers") if is_index else ("manifests", "fsLayers"):
        if other in value:
            raise DocumentError(f"{media_type} must not have {other!r}: it would mean two things")
    artifact_type = _type(value, "artifactType")
    subject = _descriptor(value["subject"], "subject").digest if "subject" in value else None
    annotations = _annotations(value, "annotations")
    if is_index:
        children = tuple(child.digest for child in _descriptors(value, "manifests"))
        return Document(media_type, artifact_type, subject, annotations, (), children)
    if "config" not in value:
        raise DocumentError("config is missing")
    config = _descriptor(value["config"], "config")
    layers = [
        layer.digest for layer in _descriptors(value, "layers") if not layer.media_type.startswith(_FOREIGN_LAYERS)
    ]
    return Document(media_type, artifact_type or config.media_type, subject, annotations, (config.digest, *layers), ())


@dataclass(frozen=True, slots=True)
class _Descriptor:
    media_type: str
    digest: Digest


def _parse(body: bytes) -> dict[str, Any]:
    try:
        # No byte order mark, no other encoding: RFC 8259 section 8.1.
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (UnicodeDecodeError, ValueError) as error:
        raise DocumentError(f"the manifest is not JSON: {error}") from None
    except RecursionError:
        raise DocumentError("the manifest is nested too deeply") from None
    if not isinstance(value, dict):
        raise DocumentError("the manifest must be a JSON object")
    if b"\\u" in body:
        _check_unicode(value)
    return value


def _check_names(value: Mapping[str, Any], where: str) -> None:
    # Many clients are written in Go, whose JSON reader takes "Layers" for "layers": they would read another image
    # than the one checked here.
    for name in value:
        if name not in _NAMES and name.casefold() in _FOLDED_NAMES:
            raise DocumentError(f"{_path(where, name)} differs from a name of the specification in case only")


def _check_unicode(value: object) -> None:
    # Half a surrogate pair is valid JSON and no valid text: nobody could send it on.
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise DocumentError("the manifest has half a surrogate pair in a string") from None
    except RecursionError:
        raise DocumentError("the manifest is nested too deeply") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise DocumentError("a name occurs twice in one object, and readers differ in which one they take")
    return value


def _no_constant(name: str) -> NoReturn:
    raise DocumentError(f"{name} is not JSON")


def _media_type(value: Mapping[str, Any], content_type: str) -> str:
    written = _type(value, "mediaType")
    if written and content_type and written != content_type:
        raise DocumentError(f"Content-Type is {content_type[:80]!r} but mediaType is {written!r}")
    media_type = content_type or written
    if media_type not in IMAGE_TYPES | INDEX_TYPES:
        known = ", ".join(sorted(IMAGE_TYPES | INDEX_TYPES))
        raise DocumentError(f"media type {media_type[:80]!r} is not one of {known}")
    return media_type


def _descriptors(value: Mapping[str, Any], name: str) -> Iterator[_Descriptor]:
    entries = value.get(name)
    if not isinstance(entries, list):
        raise DocumentError(f"{name} must be a list of descriptors")
    for number, entry in enumerate(entries):
        yield _descriptor(entry, f"{name}[{number}]")


def _descriptor(value: object, where: str) -> _Descriptor:
    if not isinstance(value, dict):
        raise DocumentError(f"{where} must be a descriptor")
    _check_names(value, where)
    media_type = _type(value, "mediaType", where)
    if not media_type:
        raise DocumentError(f"{where}.mediaType is missing")
    try:
        digest = parse_digest(_text(value, "digest", where))
    except DigestError as error:
        raise DocumentError(f"{where}: {error}") from None
    size = value.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= _LARGEST_SIZE:
        raise DocumentError(f"{where}.size must be a whole number of bytes from 0 to {_LARGEST_SIZE}")
    urls = value.get("urls", [])
    if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        raise DocumentError(f"{where}.urls must be a list of strings")
    _annotations(value, f"{where}.annotations")
    if "data" in value:
        _check_data(_text(value, "data", where), digest, size, where)
    return _Descriptor(media_type, digest)


def _check_data(text: str, digest: Digest, size: int, where: str) -> None:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise DocumentError(f"{where}.data must be base64") from None
    if len(data) != size or digest_of(data, digest.partition(":")[0]) != digest:
        raise DocumentError(f"{where}.data has another size or digest than the descriptor says")


def _annotations(value: Mapping[str, Any], where: str) -> Mapping[str, str]:
    annotations = value.get("annotations")
    if annotations is None:
        return {}
    if not isinstance(annotations, dict) or not all(isinstance(text, str) for text in annotations.values()):
        raise DocumentError(f"{where} must map strings to strings")
    return annotations


def _type(value: Mapping[str, Any], name: str, where: str = "") -> str:
    text = _text(value, name, where)
    # Media types have at most 127 characters on each side of the slash (RFC 6838 section 4.2).
    if text and not _TYPE.fullmatch(text):
        raise DocumentError(f"{_path(where, name)} must be a media type of at most 255 characters")
    return text


def _text(value: Mapping[str, Any], name: str, where: str = "") -> str:
    text = value.get(name, "")
    if not isinstance(text, str):
        raise DocumentError(f"{_path(where, name)} must be a string")
    return text


def _path(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
