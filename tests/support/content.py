"""Blobs and manifests made on the spot, and the words for them."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

Document = dict[str, Any]

OCI_IMAGE: Final = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG: Final = "application/vnd.oci.image.config.v1+json"
OCI_LAYER: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_EMPTY: Final = "application/vnd.oci.empty.v1+json"
FOREIGN_LAYER: Final = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
DOCKER_IMAGE: Final = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG: Final = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER: Final = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def digest_of(content: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


def descriptor(content: bytes, media_type: str, algorithm: str = "sha256", **more: object) -> Document:
    """Describe some bytes as manifests do."""
    return {"mediaType": media_type, "digest": digest_of(content, algorithm), "size": len(content), **more}


def json_of(text: str) -> Document:
    document: Document = json.loads(text)
    return document


def encode(document: object) -> bytes:
    return json.dumps(document).encode()


def image(config: bytes = b"{}", *layers: bytes, algorithm: str = "sha256", **more: object) -> bytes:
    """Write an OCI image manifest."""
    return encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_IMAGE,
            "config": descriptor(config, OCI_CONFIG, algorithm),
            "layers": [descriptor(layer, OCI_LAYER, algorithm) for layer in layers],
            **more,
        }
    )


def artifact(artifact_type: str, *, subject: bytes | None = None, media_type: str = OCI_IMAGE, **more: object) -> bytes:
    """Write a manifest of something that is no image, around the empty JSON object."""
    if subject is not None:
        more["subject"] = descriptor(subject, media_type)
    return encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_IMAGE,
            "artifactType": artifact_type,
            "config": descriptor(b"{}", OCI_EMPTY),
            "layers": [descriptor(b"{}", OCI_EMPTY)],
            **more,
        }
    )


def index(*children: bytes, media_type: str = OCI_IMAGE, **more: object) -> bytes:
    """Write an OCI image index."""
    return encode(
        {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [descriptor(child, media_type) for child in children],
            **more,
        }
    )
