"""Uploading blobs: at once, in chunks or as a stream; resumed, cancelled, or mounted from another repository.

Source: OCI distribution specification, "Pushing blobs", "Mounting a blob from another repository".
"""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from seawall import bodies
from seawall.blobs.contract import DigestMismatchError, Upload, UploadBusyError, UploadUnknownError
from seawall.blobs.digest import ALGORITHMS, DEFAULT_ALGORITHM, Digest
from seawall.errors import ApiError
from seawall.identity.actions import Action
from seawall.identity.gate import challenge
from seawall.metadata import blobs, reading
from seawall.metadata.repositories import Repository
from seawall.naming import NamingError, check_repository
from seawall.registry.call import Call, checked_digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

__all__ = ["begin_upload", "cancel_upload", "finish_upload", "get_upload", "patch_upload"]

LARGEST_BLOB: Final = 200 * 1024**3
"""Octets; the service's limit for a layer."""

_BATCH: Final = 2 << 20
"""Octets gathered before a thread is asked to write and hash them: large enough to make the hand-over cheap."""

_LARGE: Final = 64 << 20
"""Octets from which finishing may take long: it may have to read and hash everything again."""

# So that a few large uploads that finish cannot stop every small one.
_LARGE_THREADS: Final = ThreadPoolExecutor(2, thread_name_prefix="large-uploads")

_CONTENT_RANGE: Final = re.compile(r"(?:bytes )?(\d{1,18})-(\d{1,18})(?:/(?:\*|\d{1,18}))?", re.ASCII)


async def begin_upload(call: Call) -> Response:
    """Begin an upload, or do with one request what it would be for: mount a blob, or take it whole."""
    query = call.request.query_params
    if "mount" in query and await _mounted(call, checked_digest(query["mount"]), query.get("from")):
        return _created(call, Digest(query["mount"]))
    algorithm = query.get("digest-algorithm", DEFAULT_ALGORITHM)
    if algorithm not in ALGORITHMS:
        known = ", ".join(ALGORITHMS)
        raise ApiError(400, "DIGEST_INVALID", f"digest-algorithm {algorithm[:40]!r} must be one of {known}")
    announced = checked_digest(query["digest"]) if "digest" in query else None
    if announced is not None:
        algorithm = announced.partition(":")[0]
    # What is mounted is there already, and takes no room.
    await call.services.quota.check(call.site.registry)
    identifier = call.services.store.begin(_owner(call), algorithm)
    if announced is None:
        return _accepted(call, identifier, 0)
    with _opened(call, identifier) as upload:
        try:
            last = await _receive(upload, call.request, None)
            await _publish(call, upload, last, announced)
        except BaseException:
            # A single request cannot be resumed, so nobody will come back for what it left.
            upload.cancel()
            raise
    return _created(call, announced)


async def patch_upload(call: Call) -> Response:
    """Take a chunk or a stream; whatever arrived is kept even if the request breaks off."""
    with _opened(call, call.route.argument) as upload:
        last = await _receive(upload, call.request, _announced_length(call, upload))
        await asyncio.to_thread(upload.append, last)
        return _accepted(call, call.route.argument, upload.offset)


async def finish_upload(call: Call) -> Response:
    """Take the last bytes, if any, and publish the blob."""
    text = call.request.query_params.get("digest")
    if text is None:
        raise ApiError(400, "DIGEST_INVALID", "say which digest the blob has: ?digest=sha256:...")
    digest = checked_digest(text)
    with _opened(call, call.route.argument) as upload:
        last = await _receive(upload, call.request, _announced_length(call, upload))
        await _publish(call, upload, last, digest)
    return _created(call, digest)


async def get_upload(call: Call) -> Response:
    """Tell how far an upload has come."""
    with _opened(call, call.route.argument) as upload:
        response = _accepted(call, call.route.argument, upload.offset)
    response.status_code = 204
    return response


async def cancel_upload(call: Call) -> Response:
    """Forget an upload and its bytes."""
    with _opened(call, call.route.argument) as upload:
        upload.cancel()
    return Response(status_code=204)


async def _mounted(call: Call, digest: Digest, source: str | None) -> bool:
    """Link a blob from a repository that the caller may read; ``False`` without a word about why not.

    Raises:
        ApiError: 401, if the token lacks the source but whoever has it could get one that does not.
    """
    rights, grant = call.access.rights, call.access.grant
    database = call.services.database
    if source is None:
        # The token decides, not what its bearer could do with another: tokens are handed on to confine somebody.
        holders = await database.read(blobs.repositories_with, call.site.registry.name, digest)
        source = next((name for name in holders if Action.PULL in call.access.on(name)), None)
        if source is None:
            return False
    elif not _is_repository(source) or Action.PULL not in rights.on(source):
        return False
    elif grant is not None and Action.PULL not in call.access.on(source):
        wanted = [(call.route.repository, frozenset((Action.PULL, Action.PUSH))), (source, frozenset((Action.PULL,)))]
        raise challenge(call.site, wanted, error="insufficient_scope", message="this needs both repositories")
    found = await database.read(reading.blob, Repository(call.site.registry.name, source), digest)
    if found is None or found.locked is not None or call.services.store.size(digest) != found.size:
        return False
    await database.write(blobs.link, call.repository, digest, found.size)
    return True


def _is_repository(name: str) -> bool:
    try:
        check_repository(name)
    except NamingError:
        return False
    return True


def _owner(call: Call) -> str:
    # Whoever began an upload goes on with it, with the same token or a newer one, in this registry and repository.
    return "\n".join((*call.repository, call.access.identity.subject))


@contextmanager
def _opened(call: Call, identifier: str) -> Iterator[Upload]:
    try:
        with call.services.store.upload(identifier, _owner(call)) as upload:
            yield upload
    except UploadUnknownError:
        raise ApiError(404, "BLOB_UPLOAD_UNKNOWN", "there is no such upload; begin another") from None
    except UploadBusyError:
        raise ApiError(409, "BLOB_UPLOAD_INVALID", "another request is writing this upload right now") from None


def _announced_length(call: Call, upload: Upload) -> int | None:
    """Check ``Content-Range`` against what has arrived; return the length it announces.

    Raises:
        ApiError: 416 for a chunk out of order, 400 for one that contradicts itself.
    """
    header = call.request.headers.get("content-range")
    if header is None:
        return None
    match = _CONTENT_RANGE.fullmatch(header.strip())
    if match is None:
        raise ApiError(400, "BLOB_UPLOAD_INVALID", f"Content-Range {header[:80]!r} must be <first>-<last>")
    first, last = int(match[1]), int(match[2])
    if first != upload.offset:
        headers = _progress(call, call.route.argument, upload.offset)
        raise ApiError(416, "BLOB_UPLOAD_INVALID", f"go on at byte {upload.offset}, not {first}", headers=headers)
    length = call.request.headers.get("content-length")
    if last < first or (length is not None and int(length) != last - first + 1):
        raise ApiError(400, "SIZE_INVALID", f"Content-Range {header!r} does not fit the body's length")
    return last - first + 1


async def _receive(upload: Upload, request: Request, announced: int | None) -> list[bytes]:
    """Write a body as it arrives: while a thread writes and hashes one batch, the next is received.

    Returns:
        The last batch, not written yet, so that writing it can be one piece of work with what follows.
    """
    limit = LARGEST_BLOB - upload.offset if announced is None else announced
    if int(request.headers.get("content-length") or 0) > limit:
        raise ApiError(
            413, "SIZE_INVALID", f"a blob must not be larger than {LARGEST_BLOB} bytes", headers=bodies.HANG_UP
        )
    writing: asyncio.Future[None] | None = None
    batch: list[bytes] = []
    size = total = 0
    try:
        async for data in bodies.chunks(request):
            total += len(data)
            _check_received(total, limit)
            batch.append(data)
            size += len(data)
            if size >= _BATCH:
                if writing is not None:
                    await writing
                writing = asyncio.ensure_future(asyncio.to_thread(upload.append, batch))
                batch, size = [], 0
        _check_received(total, limit, least=announced or 0)
    except BaseException:
        # Also when the client went away: what it sent is kept.
        if writing is not None:
            await asyncio.shield(writing)
        await asyncio.shield(asyncio.to_thread(upload.append, batch))
        raise
    if writing is not None:
        await writing
    return batch


def _check_received(total: int, most: int, *, least: int = 0) -> None:
    if not least <= total <= most:
        wanted = f"{least}" if least else f"at most {most}"
        raise ApiError(400, "SIZE_INVALID", f"{total} bytes came instead of {wanted}", headers=bodies.HANG_UP)


async def _publish(call: Call, upload: Upload, last: list[bytes], digest: Digest) -> None:
    def publish() -> None:
        # First the bytes, then the row: a row never promises what is not there.
        upload.append(last)
        size = upload.finish(digest)
        call.services.database.write_now(blobs.link, call.repository, digest, size)

    threads = _LARGE_THREADS if upload.offset > _LARGE else None
    try:
        await asyncio.get_running_loop().run_in_executor(threads, publish)
    except DigestMismatchError as error:
        raise ApiError(400, "DIGEST_INVALID", str(error)) from None


def _progress(call: Call, identifier: str, offset: int) -> dict[str, str]:
    return {
        "Location": call.path("blobs", "uploads", identifier),
        # An empty upload says 0-0 as well: the header cannot express "nothing", and clients expect it.
        "Range": f"0-{max(offset - 1, 0)}",
        "Docker-Upload-UUID": identifier,
    }


def _accepted(call: Call, identifier: str, offset: int) -> Response:
    return Response(status_code=202, headers=_progress(call, identifier, offset))


def _created(call: Call, digest: Digest) -> Response:
    headers = {"Location": call.path("blobs", digest), "Docker-Content-Digest": digest}
    return Response(status_code=201, headers=headers)
