"""Writing manifests and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from seawall import bodies
from seawall.blobs.digest import DEFAULT_ALGORITHM, digest_of
from seawall.errors import ApiError
from seawall.metadata import blobs, manifests, repositories, tags
from seawall.metadata.telling import Touched, told
from seawall.registry import guard
from seawall.registry.call import Call, checked_digest
from seawall.registry.document import Document, DocumentError, read_document

if TYPE_CHECKING:
    from seawall.blobs.digest import Digest
    from seawall.metadata.manifests import Manifest
    from seawall.metadata.repositories import Repository
    from seawall.metadata.rows import Writer

__all__ = ["LARGEST_MANIFEST", "AbsentError", "publish", "put_manifest"]

LARGEST_MANIFEST: Final = 4 * 1024 * 1024
"""Octets; OCI distribution specification, "Pushing Manifests"."""

_MOST_TAGS: Final = 10
_MOST_NAMED: Final = 100
_ROUNDS: Final = 5
"""How often other regions are asked for what a manifest refers to; each of them brings something new."""


async def put_manifest(call: Call) -> Response:
    """Take a manifest, and let tags stand for it; all of it happens or nothing."""
    reference = call.route.argument
    pushed_by_digest = ":" in reference
    announced = checked_digest(reference) if pushed_by_digest else None
    names = _tags(call, None if pushed_by_digest else reference)
    body = await bodies.read(call.request, LARGEST_MANIFEST, "MANIFEST_INVALID")
    digest = digest_of(body, announced.partition(":")[0] if announced else DEFAULT_ALGORITHM)
    if announced is not None and digest != announced:
        raise ApiError(400, "DIGEST_INVALID", f"the manifest has the digest {digest}, not {announced}")
    try:
        document = read_document(body, call.request.headers.get("content-type", ""))
    except DocumentError as error:
        raise ApiError(400, "MANIFEST_INVALID", str(error)) from None
    manifest = manifests.Manifest(digest, document.media_type, body)
    await _publish_when_complete(call, manifest, document, names)
    headers = {"Location": call.path("manifests", reference), "Docker-Content-Digest": digest}
    if document.subject is not None:
        headers["OCI-Subject"] = document.subject
    response = Response(status_code=201, headers=headers)
    if pushed_by_digest:
        for name in names:
            response.headers.append("OCI-Tag", name)
    return response


def _tags(call: Call, reference: str | None) -> list[str]:
    names = call.request.query_params.getlist("tag")
    if len(names) > _MOST_TAGS:
        raise ApiError(414, "UNSUPPORTED", f"give at most {_MOST_TAGS} tags at once")
    if reference is not None:
        names.append(reference)
    for name in names:
        if not tags.GRAMMAR.fullmatch(name):
            raise ApiError(
                400,
                "MANIFEST_INVALID",
                f"tag {name[:80]!r} must be 1 to 128 letters, digits, '_', '.' or '-', not starting with '.' or '-'",
            )
    return names


class AbsentError(Exception):
    """What a manifest refers to is not here."""

    def __init__(self, absent_blobs: list[Digest], absent_manifests: list[Digest]) -> None:
        self.blobs = absent_blobs
        self.manifests = absent_manifests

    def refusal(self) -> ApiError:
        """Word it for the client."""
        digests = [*self.blobs, *self.manifests]
        return ApiError(
            404,
            "MANIFEST_BLOB_UNKNOWN",
            f"push the {len(digests)} missing blobs or manifests first, then this manifest",
            detail=[{"digest": digest} for digest in digests[:_MOST_NAMED]],
        )


async def _publish_when_complete(call: Call, manifest: Manifest, document: Document, names: list[str]) -> None:
    """Publish a manifest; what it refers to may have been pushed in another region a moment ago."""
    services = call.services

    async def attempt() -> AbsentError | None:
        try:
            await services.database.write(publish, call.repository, manifest, document, names, sparse=services.sparse)
        except AbsentError as absent:
            return absent
        return None

    absent = await attempt()
    for _ in range(_ROUNDS):
        if absent is None:
            return
        came = await services.elsewhere.bring(call.repository, absent.manifests, absent.blobs)
        absent = await attempt()
        if not came:
            break
    if absent is not None:
        raise absent.refusal()


def publish(
    writer: Writer,
    repository: Repository,
    manifest: Manifest,
    document: Document,
    names: list[str],
    *,
    sparse: bool,
) -> None:
    """Keep a manifest and let tags stand for it, unless a lock is against that.

    Raises:
        AbsentError: What it refers to is not here.
        ApiError: 405, for a lock.
    """
    if not sparse:
        absent_blobs = blobs.missing(writer.connection, repository, document.blobs)
        absent_manifests = manifests.missing(writer.connection, repository, document.manifests)
        if absent_blobs or absent_manifests:
            raise AbsentError(absent_blobs, absent_manifests)
    guard.check_write(writer, repository, manifest.digest, names)
    repositories.put(writer, repository)
    with told(writer, Touched(repository, set(names), {manifest.digest})):
        manifests.put(
            writer,
            repository,
            manifest,
            artifact_type=document.artifact_type,
            subject=document.subject or "",
            annotations=document.annotations,
        )
        for name in names:
            tags.put(writer, repository, name, manifest.digest)
