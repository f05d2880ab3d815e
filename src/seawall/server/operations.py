"""Health and metrics: on a listener of their own, and health at every door."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from typing import TYPE_CHECKING, Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from seawall.metadata import regions, registries
from seawall.metadata.writable import rewrite
from seawall.records import HEALTH_PATH

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from seawall.blobs.contract import BlobStore
    from seawall.metadata.database import Database

__all__ = ["HEALTH_PATHS", "Health", "Operations"]

HEALTH_PATHS: Final = frozenset(("/healthz", "/readyz", HEALTH_PATH))

_NO_DATABASE: Final = "the database does not answer"
_HOLDS_SECONDS: Final = 1.0
"""How long it is not looked again whether clients should come: anybody may ask, and looking costs a write."""
_PATIENCE_SECONDS: Final = 2.0
"""How long looking may take: whoever directs clients by the answer does not wait for long."""


class Operations:
    """An ASGI application with health and ``/metrics``."""

    def __init__(self, health: Health) -> None:
        self._health = health

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await self.respond(Request(scope, receive))
        await response(scope, receive, send)

    async def respond(self, request: Request) -> Response:
        """Answer one request."""
        path = request.scope["path"]
        if path == "/metrics":
            return Response(_metrics(), media_type=CONTENT_TYPE_LATEST)
        if path in HEALTH_PATHS:
            return await self._health.answer(path)
        return PlainTextResponse(f"there are {', '.join(sorted(HEALTH_PATHS))} and /metrics\n", status_code=404)


class Health:
    """Whether this process is alive, whether it is ready, and whether clients should come to its region."""

    def __init__(self, database: Database, store: BlobStore) -> None:
        """Take where it is looked whether this region can take pushes."""
        self._database = database
        self._store = store
        self._looking: asyncio.Task[str] | None = None
        self._looked = 0.0

    async def answer(self, path: str) -> Response:
        """Answer a path of :data:`HEALTH_PATHS`.

        ``/healthz``: this very answer says that the process is alive. ``/readyz``: the database answers too.
        ``/healthz/traffic``: clients of the registries' global names should come here; or 503 and why not.
        """
        why_not = ""
        if path == "/readyz":
            why_not = await self._ready()
        elif path == HEALTH_PATH:
            why_not = await self._traffic()
        return PlainTextResponse(f"{why_not or 'ok'}\n", status_code=503 if why_not else 200)

    async def _ready(self) -> str:
        try:
            await self._database.cached(registries.list_all)
        except (SQLAlchemyError, sqlite3.Error):
            return _NO_DATABASE
        return ""

    async def _traffic(self) -> str:
        # One look at a time, however many ask and however long a database is silent.
        if self._looking is None or (self._looking.done() and time.monotonic() - self._looked > _HOLDS_SECONDS):
            self._looking = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await asyncio.shield(self._looking)
        except TimeoutError:
            return _NO_DATABASE

    async def _look(self) -> str:
        try:
            mine = await self._database.cached(regions.find, self._database.region)
            if mine is not None and mine.drained:
                return "drained: this region was taken out of the global names"
        except (SQLAlchemyError, sqlite3.Error):
            return _NO_DATABASE
        else:
            return await self._try_to_write()
        finally:
            self._looked = time.monotonic()

    async def _try_to_write(self) -> str:
        try:
            await self._database.note(rewrite)
        except (SQLAlchemyError, sqlite3.Error, OSError):
            return "the database takes no writes"
        return "" if self._store.room() else "the disk of the blobs is nearly full"


def _metrics() -> bytes:
    # Every worker process keeps its numbers in files; whichever is asked adds all of them up.
    collected = CollectorRegistry()
    MultiProcessCollector(collected)  # type: ignore[no-untyped-call]
    return generate_latest(collected)
