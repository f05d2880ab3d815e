"""The portal at the operators' host, below ``/portal``: what the server knows of it.

Templates and what renders them are read when somebody asks for the first page; most workers of most nodes never need
them.
"""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING

from seawall.portal.manners import guarded
from seawall.portal.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request
    from starlette.responses import Response

    from seawall.doors import Doors
    from seawall.errors import ApiError
    from seawall.metadata.database import Database
    from seawall.naming import Cloud
    from seawall.portal.desk import Desk
    from seawall.servicetags.own_tags import Addresses
    from seawall.tiers import TiersOf

__all__ = ["Portal"]


class Portal:
    """Answers at the operators' host whatever people ask with a browser."""

    def __init__(
        self, cloud: Cloud, doors: Doors, database: Database, here: Addresses, tiers: TiersOf, weekly: Path
    ) -> None:
        """Take what pages are about.

        Args:
            cloud: What hosts are called.
            doors: Under which names clients reach them.
            database: What is shown and changed.
            here: Where this node is, and its hosts.
            tiers: What each tier gives.
            weekly: The directory of weekly service-tag files.
        """
        self._told = cloud, doors, database, here, tiers, weekly
        self._opened: Desk | None = None

    @staticmethod
    def serves(request: Request) -> bool:
        """Say whether a request at the operators' host is for the portal, and not for the API beside it."""
        path: str = request.scope["path"]
        if path == "/":
            return request.method in {"GET", "HEAD"} and "text/html" in request.headers.get("accept", "")
        return f"{path}/".startswith(f"{ROOT}/")

    async def handle(self, request: Request) -> Response:
        """Answer a request."""
        desk = await self._desk()
        return guarded(await desk.answer(request))

    async def refuse(self, request: Request, error: ApiError) -> Response:
        """Say on a page what went wrong, to whoever wanted one."""
        desk = await self._desk()
        return guarded(desk.refuse(request, error))

    async def _desk(self) -> Desk:
        if self._opened is None:
            # Everybody else at this worker is served meanwhile.
            module = await asyncio.to_thread(import_module, "seawall.portal.desk")
            self._opened = module.Desk(*self._told)
        return self._opened
