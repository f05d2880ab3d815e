"""What is pushed and pulled: random bytes that no server can compress, guess or remember from before."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.client import MANIFEST_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KIB = 1 << 10
MIB = 1 << 20
REPOSITORY = "bench/app"
"""Where the images and layers go."""


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes in memory and their digest."""

    body: bytes
    digest: str

    @classmethod
    def of(cls, body: bytes) -> Blob:
        """The blob with this body."""
        return cls(body, f"sha256:{hashlib.sha256(body).hexdigest()}")


@dataclass(frozen=True, slots=True)
class Image:
    """A manifest, and the tag it is pushed under."""

    manifest: Blob
    tag: str


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer too large for memory: a salt that makes it unique, then a file of random bytes, repeated."""

    path: Path
    salt: bytes
    repeats: int
    size: int
    digest: str

    @classmethod
    def over(cls, path: Path, number: int, repeats: int = 1) -> Layer:
        """Layer `number` over the file at `path`."""
        salt = number.to_bytes(16, "big")
        size = len(salt) + repeats * path.stat().st_size
        draft = cls(path, salt, repeats, size, "")
        digest = hashlib.sha256()
        for piece in draft.pieces():
            digest.update(piece)
        return cls(path, salt, repeats, size, f"sha256:{digest.hexdigest()}")

    def pieces(self) -> Iterator[bytes]:
        """The layer's bytes, a MiB at a time: few calls per byte keep the client out of the measurement."""
        yield self.salt
        for _ in range(self.repeats):
            with self.path.open("rb", buffering=0) as file:
                while piece := file.read(MIB):
                    yield piece


@dataclass(frozen=True, slots=True)
class Fixtures:
    """Everything that is pushed, made once and the same for every server and round."""

    small: tuple[Blob, ...]
    """64 KiB each: a config or a thin layer."""
    large: tuple[Blob, ...]
    """1 MiB each."""
    fresh: tuple[Blob, ...]
    """1 MiB each, pushed by the push case alone."""
    images: tuple[Image, ...]
    spare: Image
    """Pushed while the others are pulled: distribution 2 fails reads of the very manifest being pushed."""
    layers: tuple[Layer, ...]
    giant: Layer | None

    @classmethod
    def make(cls, folder: Path, *, pushes: int, layers: int, layer_mib: int, giant_repeats: int) -> Fixtures:
        """Write the layer file into `folder` if any layer is wanted, and the rest into memory."""
        path = folder / "layer"
        if layers or giant_repeats:
            with path.open("wb") as file:
                for _ in range(layer_mib):
                    file.write(os.urandom(MIB))
        small = tuple(Blob.of(os.urandom(64 * KIB)) for _ in range(32))
        large = tuple(Blob.of(os.urandom(MIB)) for _ in range(16))
        return cls(
            small=small,
            large=large,
            fresh=tuple(Blob.of(os.urandom(MIB)) for _ in range(pushes)),
            images=tuple(_image(small, number) for number in range(32)),
            spare=_image(small, 32),
            layers=tuple(Layer.over(path, number) for number in range(layers)),
            giant=Layer.over(path, layers, giant_repeats) if giant_repeats else None,
        )


def _image(blobs: tuple[Blob, ...], number: int) -> Image:
    """An image of eight layers: its manifest has the size of a usual one, about 1.7 KiB."""

    def descriptor(blob: Blob, kind: str) -> dict[str, object]:
        return {
            "mediaType": f"application/vnd.oci.image.{kind}",
            "digest": blob.digest,
            "size": len(blob.body),
        }

    chosen = [blobs[(number + step) % len(blobs)] for step in range(9)]
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": descriptor(chosen[0], "config.v1+json"),
        "layers": [descriptor(blob, "layer.v1.tar+gzip") for blob in chosen[1:]],
        "annotations": {"org.opencontainers.image.version": str(number)},
    }
    return Image(Blob.of(json.dumps(manifest).encode()), f"v{number}")
