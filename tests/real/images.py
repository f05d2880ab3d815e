"""OCI image layouts made on the spot: gzip layers of random bytes, several platforms, no downloads."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Descriptor = dict[str, Any]

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
INDEX: Final = "application/vnd.oci.image.index.v1+json"
CONFIG: Final = "application/vnd.oci.image.config.v1+json"
LAYER: Final = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"

SIZES: Final = (3_000, 150_000, 2_500_000)
"""Bytes in each layer: one that fits in a packet, one that fits in a buffer, one that fits in neither."""


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Layout:
    """An OCI image layout on disk whose only tag names `digest`."""

    path: Path
    tag: str
    digest: str

    @property
    def source(self) -> str:
        """How skopeo, podman and buildah spell it."""
        return f"oci:{self.path}:{self.tag}"

    def read(self, digest: str) -> bytes:
        return (self.path / "blobs" / "sha256" / digest.removeprefix("sha256:")).read_bytes()

    def manifest(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.read(self.digest))
        return document

    def layers(self) -> list[str]:
        return [layer["digest"] for layer in self.manifest()["layers"]]


class _Writer:
    """Fills `blobs/sha256` and describes what it wrote."""

    def __init__(self, path: Path) -> None:
        self._path = path
        (path / "blobs" / "sha256").mkdir(parents=True)

    def blob(self, media_type: str, content: bytes) -> Descriptor:
        digest = digest_of(content)
        (self._path / "blobs" / "sha256" / digest.removeprefix("sha256:")).write_bytes(content)
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def document(self, media_type: str, document: dict[str, Any]) -> Descriptor:
        return self.blob(media_type, json.dumps(document).encode())

    def image(self, architecture: str, sizes: Sequence[int]) -> Descriptor:
        tars = [_tar(f"layer-{number}", os.urandom(size)) for number, size in enumerate(sizes)]
        config = {
            "architecture": architecture,
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(tar) for tar in tars]},
        }
        return self.document(
            MANIFEST,
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": self.document(CONFIG, config),
                "layers": [self.blob(LAYER, gzip.compress(tar, compresslevel=1, mtime=0)) for tar in tars],
            },
        )

    def finish(self, tag: str, root: Descriptor) -> Layout:
        named = root | {"annotations": {"org.opencontainers.image.ref.name": tag}}
        (self._path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        (self._path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [named]}))
        return Layout(self._path, tag, root["digest"])


def write_image(path: Path, tag: str = "v1", sizes: Sequence[int] = SIZES) -> Layout:
    writer = _Writer(path)
    return writer.finish(tag, writer.image("amd64", sizes))


def write_index(path: Path, tag: str = "v1", architectures: Sequence[str] = ("amd64", "arm64")) -> Layout:
    writer = _Writer(path)
    images = [
        writer.image(architecture, SIZES[:2]) | {"platform": {"os": "linux", "architecture": architecture}}
        for architecture in architectures
    ]
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": images}
    return writer.finish(tag, writer.document(INDEX, index))


def read_layout(path: Path) -> Layout:
    """Read a layout that a client wrote; it must hold exactly one image or index."""
    (root,) = json.loads((path / "index.json").read_text())["manifests"]
    return Layout(path, root.get("annotations", {}).get("org.opencontainers.image.ref.name", ""), root["digest"])


def contents(layout: Layout) -> dict[str, str]:
    """The true digest of every file among the blobs, by the name it has there."""
    folder = layout.path / "blobs" / "sha256"
    return {file.name: digest_of(file.read_bytes()) for file in sorted(folder.iterdir())}


def _tar(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
