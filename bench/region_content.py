"""Images for regions to replicate: pushed and pulled as clients do, or put straight into a region's state."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from bench.client import MANIFEST_TYPE, Client, UnexpectedAnswerError
from bench.fixtures import KIB, Blob
from bench.regions import REPOSITORY
from bench.transfer import push_blob
from seawall.blobs.digest import parse_digest
from seawall.metadata import blobs, manifests, repositories, tags
from seawall.metadata.repositories import Repository
from seawall.registry.document import read_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.regions import Regions
    from seawall.blobs.digest import Digest
    from seawall.metadata.rows import Writer

SMALL = KIB
REPOSITORIES = 100
AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Content:
    """An image with a config and one layer, both of random bytes."""

    manifest: Blob
    blobs: tuple[Blob, ...]

    @classmethod
    def of(cls, layer: int, config: int = SMALL) -> Content:
        """An image whose layer has so many octets."""
        parts = tuple(Blob.of(os.urandom(size)) for size in (config, layer))
        described = [
            {"mediaType": f"application/vnd.oci.image.{kind}", "digest": part.digest, "size": len(part.body)}
            for kind, part in zip(("config.v1+json", "layer.v1.tar"), parts, strict=True)
        ]
        document = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": described[0],
            "layers": described[1:],
        }
        return cls(Blob.of(json.dumps(document).encode()), parts)

    @property
    def tag(self) -> str:
        """A tag of its own: where one is moved, regions differ for a moment, and that is not what is measured."""
        return self.manifest.digest[-16:]

    @property
    def digests(self) -> list[Digest]:
        """Those of its blobs."""
        return [parse_digest(part.digest) for part in self.blobs]


def push(client: Client, image: Content) -> None:
    """Push an image; when this returns the manifest has just been acknowledged."""
    for blob in image.blobs:
        push_blob(client, REPOSITORY, blob)
    body, headers = image.manifest.body, {"Content-Type": MANIFEST_TYPE}
    client.send("PUT", f"/v2/{REPOSITORY}/manifests/{image.tag}", 201, body=body, headers=headers)


class Puller:
    """Pulls over connections that it keeps, one to the login server and one to the data endpoint."""

    def __init__(self, regions: Regions, region: str) -> None:
        self._login = regions.client(region)
        self._data = httpx.Client(verify=regions.context(), trust_env=False)

    def image(self, image: Content) -> None:
        """Pull all of an image and verify it."""
        self.manifest(image)
        for blob in image.blobs:
            self.blob(blob.digest)

    def manifest(self, image: Content) -> None:
        """Pull a manifest by its tag and verify it."""
        answer = self._login.send("GET", f"/v2/{REPOSITORY}/manifests/{image.tag}", 200)
        _verify(answer.body, image.manifest.digest)

    def blob(self, digest: str) -> None:
        """Pull a blob and verify it."""
        _verify(b"".join(self.parts(digest)), digest)

    def parts(self, digest: str) -> Iterator[bytes]:
        """Pull a blob, its octets as they come."""
        url = self.url(digest)
        with self._data.stream("GET", url) as answer:
            if answer.status_code != 200:
                raise UnexpectedAnswerError(f"GET {url}: {answer.status_code}, not 200: {answer.read()[:300]!r}")
            yield from answer.iter_raw()

    def url(self, digest: str) -> str:
        """Ask the login server where a blob is."""
        return self._login.send("GET", f"/v2/{REPOSITORY}/blobs/{digest}", 307).headers["location"]


def _verify(body: bytes, expected: str) -> None:
    if f"sha256:{hashlib.sha256(body).hexdigest()}" != expected:
        raise UnexpectedAnswerError(f"{len(body)} other bytes came for {expected}")


def fill(regions: Regions, region: str, count: int) -> None:
    """Put small images into a region's state, some in each transaction; this is not measured."""
    store = regions.store(region)
    with regions.database(region) as database:
        for first in range(0, count, AT_ONCE):
            images = [Content.of(SMALL) for _ in range(min(AT_ONCE, count - first))]
            for blob in (blob for image in images for blob in image.blobs):
                store.path(parse_digest(blob.digest)).write_bytes(blob.body)
            repository = Repository(regions.registry, f"bench/many{first // AT_ONCE % REPOSITORIES}")
            database.write_now(_publish_all, repository, images)


def _publish_all(writer: Writer, repository: Repository, images: list[Content]) -> None:
    for image in images:
        _publish(writer, repository, image)


def _publish(writer: Writer, repository: Repository, image: Content) -> None:
    for blob in image.blobs:
        blobs.link(writer, repository, parse_digest(blob.digest), len(blob.body))
    repositories.put(writer, repository)
    digest = parse_digest(image.manifest.digest)
    manifest = manifests.Manifest(digest, MANIFEST_TYPE, image.manifest.body)
    said = read_document(image.manifest.body, MANIFEST_TYPE)
    manifests.put(writer, repository, manifest, artifact_type=said.artifact_type, subject="", annotations={})
    tags.put(writer, repository, image.tag, digest)
