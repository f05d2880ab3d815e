"""Deleting manifests, tags, links to blobs, and repositories with all that is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from starlette.responses import Response

from seawall.errors import ApiError
from seawall.metadata import blobs, manifests, repositories, tags
from seawall.metadata.telling import Touched, told
from seawall.registry import guard
from seawall.registry.call import Call, checked_digest
from seawall.registry.finding import find

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seawall.blobs.digest import Digest
    from seawall.metadata.repositories import Repository
    from seawall.metadata.rows import Writer

__all__ = ["Deleted", "delete_blob", "delete_manifest", "delete_repository", "delete_tag"]

AT_ONCE: Final = 20_000
"""Manifests and tags that one transaction deletes: other regions take each transaction as a whole."""


class Deleted(NamedTuple):
    """What went with a repository."""

    manifests: Sequence[str]
    tags: Sequence[str]


async def delete_manifest(call: Call) -> Response:
    """Delete a manifest with its tags, or a tag alone."""
    reference = call.route.argument
    if ":" not in reference:
        return await delete_tag(call)
    call.require_deletes()
    digest = checked_digest(reference)
    database = call.services.database
    if not await find(call, lambda: database.write(_manifest, call.repository, digest), references=[digest]):
        raise ApiError(404, "MANIFEST_UNKNOWN", "there is no such manifest", detail={"reference": reference})
    return Response(status_code=202)


async def delete_tag(call: Call) -> Response:
    """Delete a tag; the manifest that it stands for stays."""
    call.require_deletes()
    name = call.route.argument
    database = call.services.database
    # What is no name of a tag is not looked for: PostgreSQL refuses to compare with a NUL.
    known = tags.GRAMMAR.fullmatch(name) is not None
    if not known or not await find(call, lambda: database.write(_tag, call.repository, name), references=[name]):
        raise ApiError(404, "MANIFEST_UNKNOWN", "there is no such manifest", detail={"reference": name})
    return Response(status_code=202)


async def delete_repository(call: Call) -> Deleted:
    """Delete a repository with all its manifests and tags: all of it or nothing, unless there are very many.

    Blobs stay linked, as after a delete of each manifest: what another region takes at this moment may refer to them.

    Raises:
        ApiError: 404, or 405 where anything in it is locked.
    """
    call.require_deletes()
    digests: list[str] = []
    names: list[str] = []
    while True:
        step = await call.services.database.write(_repository, call.repository, AT_ONCE)
        if step is None:
            raise call.unknown_repository()
        digests += step.manifests
        names += step.tags
        if len(step.manifests) < AT_ONCE and len(step.tags) < AT_ONCE:
            return Deleted(digests, names)


async def delete_blob(call: Call) -> Response:
    """Let a blob no longer be read through this repository; others that have it keep it."""
    call.require_deletes()
    digest: Digest = checked_digest(call.route.argument)
    database = call.services.database
    if not await find(call, lambda: database.write(_blob, call.repository, digest), blobs=[digest]):
        raise ApiError(404, "BLOB_UNKNOWN", "there is no such blob in this repository", detail={"digest": digest})
    return Response(status_code=202)


def _manifest(writer: Writer, repository: Repository, digest: Digest) -> bool:
    guard.check_delete(writer, repository, digest)
    with told(writer, Touched(repository, set(), {digest})):
        return manifests.delete(writer, repository, digest)


def _tag(writer: Writer, repository: Repository, name: str) -> bool:
    guard.check_tag_delete(writer, repository, name)
    with told(writer, Touched(repository, {name}, set())):
        return tags.delete(writer, repository, name)


def _repository(writer: Writer, repository: Repository, at_once: int) -> Deleted | None:
    """Delete as much of a repository as one transaction may, last of all the repository; nothing if it is not there."""
    if not repositories.exists(writer.connection, repository):
        return None
    guard.check_repository_delete(writer, repository)
    names = tags.first(writer.connection, repository, at_once)
    # Tags first, as long as there are too many: one that went with its manifest would not be among those that are told.
    digests = manifests.first(writer.connection, repository, at_once) if len(names) < at_once else []
    with told(writer, Touched(repository, set(names), set(digests))):
        tags.delete_all(writer, repository, names)
        manifests.delete_all(writer, repository, digests)
        if len(names) < at_once and len(digests) < at_once:
            repositories.delete(writer, repository)
    return Deleted(digests, names)


def _blob(writer: Writer, repository: Repository, digest: Digest) -> bool:
    guard.check_blob_delete(writer, repository, digest)
    return blobs.unlink(writer, repository, digest)
