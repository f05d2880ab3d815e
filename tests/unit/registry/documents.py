"""Manifests to read, good ones and those with one fault."""

from __future__ import annotations

import base64
import json
from typing import Any, Final

from seawall.blobs.digest import digest_of

OCI_IMAGE: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
DOCKER_IMAGE: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
CONFIG_TYPE: Final = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE: Final = "application/vnd.oci.image.layer.v1.tar+gzip"

Json = dict[str, Any]


def descriptor(data: bytes = b"layer", media_type: str = LAYER_TYPE, /, **more: object) -> Json:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data), **more}


def embedded(data: bytes) -> Json:
    return descriptor(data, data=base64.b64encode(data).decode())


def image(**more: object) -> Json:
    """An image with one layer."""
    return {
        "schemaVersion": 2,
        "mediaType": OCI_IMAGE,
        "config": descriptor(b"config", CONFIG_TYPE),
        "layers": [descriptor()],
        **more,
    }


def index(**more: object) -> Json:
    """An index of one image."""
    return {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [descriptor(b"image", OCI_IMAGE, platform={"os": "linux", "architecture": "arm64"})],
        **more,
    }


def without(value: Json, *names: str) -> Json:
    return {name: part for name, part in value.items() if name not in names}


def written(value: object) -> bytes:
    return json.dumps(value).encode()
