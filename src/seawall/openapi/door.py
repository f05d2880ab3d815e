"""Both documents at ``/openapi.json``: the operators' host and every login server describe what they answer.

At a login server no repository can be in the way there, as one called ``openapi.json`` would be below ``/acr/v1/``.
What writes a document is read when somebody asks for the first; most workers of most nodes never need it.
"""

from __future__ import annotations

import asyncio
import json
from importlib import import_module
from typing import TYPE_CHECKING, Final, Literal

from seawall.errors import ApiError
from seawall.feeds.polled import answer

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["PATH", "OpenApiDoor"]

PATH: Final = "/openapi.json"


class OpenApiDoor:
    """Answers at ``/openapi.json``, whoever asks."""

    def __init__(self) -> None:
        self._written: dict[str, str] = {}

    async def handle(self, of: Literal["management", "acr"], request: Request) -> Response:
        """Answer a request.

        Args:
            of: Which of the two documents.
            request: The request.

        Raises:
            ApiError: 405.
        """
        if request.method not in {"GET", "HEAD"}:
            raise ApiError(405, "UNSUPPORTED", "it is only read", headers={"Allow": "GET, HEAD"})
        if of not in self._written:
            # Everybody else at this worker is served meanwhile.
            self._written[of] = await asyncio.to_thread(_write, of)
        return answer(request, self._written[of], "application/json")


def _write(of: str) -> str:
    described = import_module(f"seawall.openapi.{of}").describe()
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"
