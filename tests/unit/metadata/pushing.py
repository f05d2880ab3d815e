"""Manifests for tests that need some to be there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.blobs.digest import Digest, digest_of
from seawall.metadata import manifests, tags
from seawall.metadata.manifests import Manifest

if TYPE_CHECKING:
    from seawall.metadata.repositories import Repository
    from seawall.metadata.rows import Writer

__all__ = ["IMAGE", "push"]

IMAGE: Final = "application/vnd.oci.image.manifest.v1+json"


def push(writer: Writer, repository: Repository, body: bytes, *names: str) -> Digest:
    """Keep a manifest, and let tags stand for it."""
    manifest = Manifest(digest_of(body), IMAGE, body)
    manifests.put(writer, repository, manifest, artifact_type="", subject="", annotations={})
    for name in names:
        tags.put(writer, repository, name, manifest.digest)
    return manifest.digest
