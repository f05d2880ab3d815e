"""Answering with what is asked for again and again, and seldom changes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from seawall.preconditions import matches_etag

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["answer"]

_SECONDS: Final = 300
"""How long an answer may be kept without asking again."""


def answer(request: Request, text: str, kind: str) -> Response:
    """Answer with a text and its entity tag; whoever has it already is told that it has not changed.

    Args:
        request: The request.
        text: What there is to tell.
        kind: Its media type, without a charset.
    """
    body = text.encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": f"public, max-age={_SECONDS}", "X-Content-Type-Options": "nosniff"}
    if matches_etag(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    if kind == "application/json":
        return Response(body, headers=headers, media_type=kind)
    return Response(body, headers=headers, media_type=f"{kind}; charset=utf-8")
