"""What takes longer than an answer: begun here, and asked about until it is done."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse, Response

from seawall.importing.contract import ImportFailure
from seawall.management.errors import ManagementError
from seawall.metadata import operations
from seawall.metadata.clock import wall_milliseconds
from seawall.metadata.operations import Operation, Status

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from seawall.metadata.database import Database

__all__ = ["Jobs"]

_SECONDS: Final = "1"
"""How long a client should wait before it asks again; without being told, it waits thirty."""
_LIFE_SECONDS: Final = 15


class Jobs:
    """What this worker is at."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._running: set[asyncio.Task[None]] = set()

    async def begin(self, registry: str, work: Coroutine[object, object, None], place: str) -> Response:
        """Begin something.

        Args:
            registry: What it is about.
            work: What is to be done; it says by an :class:`ImportFailure` that it cannot be.
            place: The URL below which one asks how it stands.

        Returns:
            The answer to whoever asked for it.
        """
        identifier = str(uuid.uuid4())
        await self._database.note(operations.begin, identifier, registry, wall_milliseconds())
        task = asyncio.create_task(self._run(identifier, registry, work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return Response("null", 202, {"Location": f"{place}/{identifier}", "Retry-After": _SECONDS}, "application/json")

    async def answer(self, identifier: str, url: str) -> Response:
        """Say how something stands.

        Raises:
            ManagementError: It failed, or there is no such thing.
        """
        found = None
        with contextlib.suppress(ValueError):
            # What is none of ours is not looked for: PostgreSQL refuses to compare with a NUL.
            known = str(uuid.UUID(identifier))
            found = await self._database.read(operations.find, known, wall_milliseconds())
        if found is None:
            raise ManagementError(
                404, "ResourceNotFound", "there is no such operation; ask in the region that began it"
            )
        if found.status is Status.RUNNING:
            return Response(status_code=202, headers={"Location": url, "Retry-After": _SECONDS})
        if found.status is Status.FAILED:
            raise ManagementError(found.answer, found.code, found.message)
        return JSONResponse({"status": found.status.value})

    async def _run(self, identifier: str, registry: str, work: Coroutine[object, object, None]) -> None:
        living = asyncio.create_task(self._live(identifier))
        outcome = Operation(registry, Status.FAILED, 500, "InternalError", "it failed; the registry's log says more")
        try:
            await work
            outcome = Operation(registry, Status.SUCCEEDED)
        except ImportFailure as failure:
            outcome = Operation(registry, Status.FAILED, failure.status, failure.code, str(failure))
        finally:
            living.cancel()
            await self._database.note(operations.end, identifier, outcome, wall_milliseconds())

    async def _live(self, identifier: str) -> None:
        while True:
            await asyncio.sleep(_LIFE_SECONDS)
            await self._database.note(operations.live, identifier, wall_milliseconds())
