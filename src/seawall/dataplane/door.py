"""The data door: answers signed links with bytes.

No authorization is asked for, used or passed on: some clients send their ``Authorization`` header along a redirect, and
it means nothing here. What counts is the link, and that whoever it was given to may still read the blob through the
repository it names.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from starlette.responses import Response

from seawall.blobs.contract import BlobStore, LocalFiles
from seawall.dataplane.files import PartResponse, RelayResponse, WholeFileResponse
from seawall.dataplane.links import Link, LinkError, read_link
from seawall.dataplane.ranges import UnsatisfiableError, requested_range
from seawall.elsewhere import ElsewhereError
from seawall.errors import ApiError
from seawall.identity.actions import Action
from seawall.identity.gate import rights_now
from seawall.metadata import keys, reading
from seawall.metadata.repositories import Repository
from seawall.preconditions import matches_etag
from seawall.sightings import Kind, Nobody, Sighting

if TYPE_CHECKING:
    from starlette.requests import Request

    from seawall.elsewhere import Elsewhere
    from seawall.metadata.database import Database
    from seawall.naming import Host
    from seawall.sightings import Watch
    from seawall.topology import Registry

__all__ = ["DataDoor", "LocalBlobStore"]


class LocalBlobStore(BlobStore, LocalFiles, Protocol):
    """A store whose blobs are files."""


class DataDoor:
    """Serves the data endpoints, dedicated and shared."""

    def __init__(
        self, database: Database, store: LocalBlobStore, elsewhere: Elsewhere, watch: Watch | None = None
    ) -> None:
        self._database = database
        self._store = store
        self._elsewhere = elsewhere
        self._watch = watch or Nobody()

    async def handle(self, host: Host, registry: Registry, request: Request) -> Response:
        """Answer a request to a data endpoint.

        Raises:
            ApiError: 403 for links that do not hold, 404, 405, 416.
        """
        if request.method not in {"GET", "HEAD"}:
            raise ApiError(405, "UNSUPPORTED", "layers are only read here", headers={"Allow": "GET, HEAD"})
        link = await self._checked_link(host, registry, request)
        client = request.scope.get("client")
        address = client[0] if client else "unknown"
        self._watch.saw(Sighting(registry.name, Kind.CAME, host.role.value, address, link.identity.subject))
        repository = Repository(link.registry, link.repository)
        found = await self._database.cached(reading.blob, repository, link.digest)
        if found is None:
            raise _gone(link)
        size, locked = found
        if locked is not None:
            raise ApiError(403, "DENIED", f"repository {repository.name} is locked against read")
        answer = self._answer(link, size, request)
        if self._store.size(link.digest) == size or not isinstance(answer, WholeFileResponse | PartResponse):
            return answer
        return await self._relay(link, size, answer)

    async def _relay(self, link: Link, size: int, answer: WholeFileResponse | PartResponse) -> Response:
        """Send what another region has, as it comes."""
        start, stop = answer.span
        parts = self._elsewhere.blob(link.digest, size, start, stop)
        try:
            # Only once somebody gives it is the client told that there is something.
            first = await anext(parts, b"")
        except ElsewhereError as error:
            if not error.again:
                raise _gone(link) from None
            message = f"the blob is in another region only, and does not come from there: {error}"
            raise ApiError(503, "BLOB_UNKNOWN", message, headers={"Retry-After": "5"}) from None
        return RelayResponse(first, parts, answer)

    async def _checked_link(self, host: Host, registry: Registry, request: Request) -> Link:
        ring = await self._database.cached(keys.newest_first, keys.LINK)
        scope = request.scope
        try:
            link = read_link(host, registry.name, scope["path"], scope["query_string"], ring, time.time())
        except LinkError as error:
            raise ApiError(403, "DENIED", str(error)) from None
        rights = await rights_now(self._database, registry.name, link.identity)
        if rights is None or Action.PULL not in rights.on(link.repository):
            raise ApiError(403, "DENIED", "whoever got this link may no longer read this repository")
        return link

    def _answer(self, link: Link, size: int, request: Request) -> Response:
        etag = f'"{link.digest}"'
        # Private: a cache shared by others would go on answering after the link is over or its owner locked out.
        headers = {
            "Content-Type": "application/octet-stream",
            "Docker-Content-Digest": link.digest,
            "ETag": etag,
            "Accept-Ranges": "bytes",
            "Cache-Control": "private, max-age=1200, immutable",
            "X-Content-Type-Options": "nosniff",
        }
        sent = request.headers
        if matches_etag(sent.get("if-none-match"), etag):
            return Response(status_code=304, headers=headers)
        # RFC 9110 section 14.2: ranges are for GET alone, and If-Range that does not match means "then all of it".
        ranged = request.method == "GET" and sent.get("if-range", etag) == etag
        try:
            part = requested_range(sent.get("range") if ranged else None, size)
        except UnsatisfiableError:
            raise ApiError(
                416,
                "SIZE_INVALID",
                f"the blob has {size} bytes; ask for a range within it",
                headers={"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"},
            ) from None
        headers["Content-Length"] = str(size if part is None else part.stop - part.start)
        if part is not None:
            headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
        if request.method == "HEAD":
            return Response(headers=headers)
        if part is None:
            return WholeFileResponse(self._store.path(link.digest), size, headers)
        return PartResponse(self._store.read(link.digest, *part), headers, part)


def _gone(link: Link) -> ApiError:
    return ApiError(404, "BLOB_UNKNOWN", "the blob is not, or no longer, here", detail={"digest": link.digest})
