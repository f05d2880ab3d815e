"""What this node answers other regions' nodes."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse, Response

from seawall import bodies
from seawall.blobs.digest import Digest, DigestError, parse_digest
from seawall.dataplane.files import PartResponse, WholeFileResponse
from seawall.dataplane.ranges import UnsatisfiableError, requested_range
from seawall.errors import ApiError
from seawall.metadata import log, peers, regions, wants
from seawall.metadata.glance import Glance
from seawall.metadata.log import Head
from seawall.metadata.repositories import Repository
from seawall.naming import NamingError, check_registry, check_repository
from seawall.replication import status
from seawall.replication.contract import Changes, Question
from seawall.replication.credentials import sender_of
from seawall.replication.http_peer import PREFIX
from seawall.replication.incoming import take_over
from seawall.replication.lookup import rows_about
from seawall.replication.receiving import receive
from seawall.replication.wire import WireError, read_place, read_rows, write_rows

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from seawall.dataplane.door import LocalBlobStore
    from seawall.metadata.database import Database
    from seawall.replication.membership import Membership

__all__ = ["ReplicationDoor"]

_LONGEST_WAIT: Final = 60.0
_LARGEST: Final = 64 * 1024 * 1024
_LARGEST_JOIN: Final = 128 * 1024
_MOST_REFERENCES: Final = 1000
_WANTS_AT_ONCE: Final = 1000


class ReplicationDoor:
    """Answers below ``/replication/v1`` at the node's own host."""

    def __init__(self, database: Database, store: LocalBlobStore, membership: Membership) -> None:
        self._database = database
        self._store = store
        self._membership = membership
        self._followed: dict[str, Head] = {}
        # One for all questions: a new one would begin by looking often, and where there is no news they never end.
        self._glance = Glance(database)
        self._closing = False
        self._routes: dict[tuple[str, str], Callable[[str, Request], Awaitable[Response]]] = {
            ("GET", "changes"): self._changes,
            ("POST", "changes"): self._offered,
            ("GET", "position"): self._position,
            ("GET", "wants"): self._wants,
            ("POST", "lookup"): self._lookup,
            ("GET", "blobs"): self._blob,
            ("HEAD", "blobs"): self._blob,
            ("PUT", "blobs"): self._receive,
            ("GET", "status"): self._status,
            ("POST", "image"): self._image,
            ("POST", "leave"): self._leave,
        }

    def close(self) -> None:
        """Let nobody wait for news any more: this process is about to end."""
        self._closing = True

    async def handle(self, request: Request) -> Response:
        """Answer a request.

        Raises:
            ApiError: 401 for whoever is no region that takes part.
        """
        path = request.scope["path"]
        if not path.startswith(f"{PREFIX}/"):
            raise ApiError(404, "UNSUPPORTED", "only other regions' nodes have business here")
        what = path.removeprefix(f"{PREFIX}/")
        if (request.method, what) == ("POST", "join"):
            # From anybody, so only little is read.
            return JSONResponse(await self._membership.welcome(await _document(request, _LARGEST_JOIN)))
        region = await self._sender(request)
        name, _, argument = what.partition("/")
        answer = self._routes.get((request.method, name))
        if answer is None or bool(argument) != (name == "blobs"):
            raise ApiError(404, "UNSUPPORTED", "this node knows no such question; is it older than yours?")
        return await answer(region, request)

    async def _sender(self, request: Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        known = await self._database.cached(regions.list_all)
        mine = self._database.region
        taking_part = any(region.name == mine for region in known)
        sender = sender_of(token, mine, known) if taking_part and scheme.lower() == "bearer" else None
        if sender is None or sender == mine:
            raise ApiError(401, "UNAUTHORIZED", "this region does not take part in replication here")
        return sender

    async def _changes(self, region: str, request: Request) -> Response:
        query = request.query_params
        try:
            asked = read_place(query["epoch"], int(query["after"]))
            until = time.monotonic() + min(_LONGEST_WAIT, float(query["wait"]))
        except (KeyError, ValueError):
            raise ApiError(400, "UNSUPPORTED", "say epoch, after and wait") from None
        if self._followed.get(region) != asked:
            await self._database.note(peers.followed, region, asked)
            self._followed[region] = asked
        while True:
            head = await self._database.cached(log.head)
            # Another log than the one asked for, or one that was set back, is read from its beginning.
            after = asked.sequence if asked.epoch == head.epoch and asked.sequence <= head.sequence else 0
            if after < head.sequence or asked.epoch != head.epoch or self._closing or time.monotonic() >= until:
                break
            await asyncio.sleep(self._glance.seconds)
        if after < head.sequence:
            self._glance.news()
        part = await self._database.read(log.read, after)
        document = _place(Head(head.epoch, part.upto), "upto") | {"head": max(head.sequence, part.upto)}
        return await asyncio.to_thread(_rows_response, document, part.rows)

    async def _offered(self, region: str, request: Request) -> Response:
        document = await _document(request)
        known = await self._read_of(region)
        try:
            rows = await asyncio.to_thread(read_rows, document["rows"], time.time())
            after, read, head = (read_place(document["epoch"], document[name]) for name in ("after", "upto", "head"))
        except (WireError, KeyError) as error:
            raise ApiError(400, "UNSUPPORTED", f"what was offered cannot be used: {error}") from None
        # A part that does not follow on what is here would leave a gap that nobody ever fills.
        if after.sequence > 0 and (known.epoch != read.epoch or after.sequence > known.sequence):
            raise ApiError(409, "UNSUPPORTED", f"offer what is behind {known.sequence}", detail=_place(known, "after"))
        await take_over(self._database, region, Changes(read, head.sequence, rows))
        return JSONResponse({})

    async def _read_of(self, region: str) -> Head:
        known = await self._database.read(peers.find, region)
        return Head(known.epoch, known.cursor)

    async def _position(self, region: str, _request: Request) -> Response:
        return JSONResponse(_place(await self._read_of(region), "after"))

    async def _wants(self, _region: str, request: Request) -> Response:
        last = request.query_params.get("last", "")
        return JSONResponse({"wants": await self._database.read(wants.page, last, _WANTS_AT_ONCE)})

    async def _lookup(self, _region: str, request: Request) -> Response:
        question = _question(await _document(request))
        if len(question.references) + len(question.blobs) > _MOST_REFERENCES:
            raise ApiError(413, "UNSUPPORTED", f"ask for at most {_MOST_REFERENCES} manifests and blobs at once")
        return await asyncio.to_thread(_rows_response, {}, await self._database.read(rows_about, question))

    async def _image(self, _region: str, request: Request) -> Response:
        question = _question(await _document(request))
        if len(question.references) != 1:
            raise ApiError(400, "UNSUPPORTED", "ask for one image at a time")
        [reference] = question.references
        found = await self._database.read(status.image, self._store, question.repository, reference)
        return JSONResponse(found)

    async def _status(self, _region: str, _request: Request) -> Response:
        return JSONResponse(await self._database.read(status.node, self._database.region))

    async def _leave(self, region: str, _request: Request) -> Response:
        return JSONResponse(await self._membership.farewell(region))

    async def _receive(self, region: str, request: Request) -> Response:
        await receive(self._database, self._store, region, _digest(request), request)
        return JSONResponse({})

    async def _blob(self, _region: str, request: Request) -> Response:
        digest = _digest(request)
        size = self._store.size(digest)
        if size is None:
            raise ApiError(404, "BLOB_UNKNOWN", "the blob is not here")
        if request.method == "HEAD":
            return Response(headers={"Content-Length": str(size)})
        try:
            part = requested_range(request.headers.get("range"), size)
        except UnsatisfiableError:
            raise ApiError(416, "SIZE_INVALID", f"the blob has {size} bytes") from None
        if part is None:
            raise ApiError(400, "SIZE_INVALID", "ask for a range of bytes")
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(part.stop - part.start),
            "Content-Range": f"bytes {part.start}-{part.stop - 1}/{size}",
        }
        if part == (0, size):
            return WholeFileResponse(self._store.path(digest), size, headers, status=206)
        return PartResponse(self._store.read(digest, *part), headers, part)


def _rows_response(document: dict[str, Any], rows: Any) -> Response:  # noqa: ANN401
    body = json.dumps(document | {"rows": write_rows(rows)}, separators=(",", ":")).encode()
    return Response(body, media_type="application/json")


def _place(head: Head, name: str) -> dict[str, Any]:
    return {"epoch": head.epoch, name: head.sequence}


def _question(document: dict[str, Any]) -> Question:
    try:
        repository = Repository(check_registry(document["registry"]), check_repository(document["repository"]))
        references = tuple(map(str, document["references"]))
        return Question(repository, references, tuple(map(parse_digest, document["blobs"])))
    except (KeyError, TypeError, AttributeError, NamingError, DigestError) as error:
        raise ApiError(400, "UNSUPPORTED", f"this is no question: {error}") from None


def _digest(request: Request) -> Digest:
    try:
        return parse_digest(request.scope["path"].removeprefix(f"{PREFIX}/blobs/"))
    except DigestError as error:
        raise ApiError(400, "DIGEST_INVALID", str(error)) from None


async def _document(request: Request, limit: int = _LARGEST) -> dict[str, Any]:
    body = await bodies.read(request, limit, "UNSUPPORTED")
    try:
        value = await asyncio.to_thread(json.loads, body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ApiError(400, "UNSUPPORTED", "send a JSON object")
    return value
