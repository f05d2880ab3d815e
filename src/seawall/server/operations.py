"""Health and metrics, on a listener of their own."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from seawall.metadata import registries

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from seawall.metadata.database import Database

__all__ = ["Operations"]


class Operations:
    """An ASGI application with ``/healthz``, ``/readyz`` and ``/metrics``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await self.respond(Request(scope, receive))
        await response(scope, receive, send)

    async def respond(self, request: Request) -> Response:
        """Answer one request."""
        match request.scope["path"]:
            case "/metrics":
                return Response(_metrics(), media_type=CONTENT_TYPE_LATEST)
            case "/healthz" | "/readyz" as path:
                return await health(self._database, path)
        return PlainTextResponse("there are /healthz, /readyz and /metrics\n", status_code=404)


async def health(database: Database, path: str) -> Response:
    """Say whether this process is alive (``/healthz``: this very answer) and ready (``/readyz``: the database too)."""
    if path == "/readyz":
        try:
            await database.cached(registries.list_all)
        except (SQLAlchemyError, sqlite3.Error):
            return PlainTextResponse("the database does not answer\n", status_code=503)
    return PlainTextResponse("ok\n")


def _metrics() -> bytes:
    # Every worker process keeps its numbers in files; whichever is asked adds all of them up.
    collected = CollectorRegistry()
    MultiProcessCollector(collected)  # type: ignore[no-untyped-call]
    return generate_latest(collected)
