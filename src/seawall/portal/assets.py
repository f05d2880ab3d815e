"""The portal's own files: a style sheet, a script, an icon. Their paths hold their hashes, so browsers keep them."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, Final, NamedTuple

from starlette.responses import PlainTextResponse, Response

from seawall.portal.paths import STATIC

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

__all__ = ["Assets"]

_TYPES: Final = {
    "portal.css": "text/css; charset=utf-8",
    "portal.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_FOR_EVER: Final = "public, max-age=31536000, immutable"


class _File(NamedTuple):
    content: bytes
    media_type: str
    tag: str


class Assets:
    """Serves the files."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        paths = {}
        for name, media_type in _TYPES.items():
            content = (files("seawall.portal") / "static" / name).read_bytes()
            tag = hashlib.sha256(content).hexdigest()[:16]
            paths[name] = f"{STATIC}/{tag}/{name}"
            self._files[paths[name]] = _File(content, media_type, f'"{tag}"')
        self.paths: Mapping[str, str] = paths
        """Where each file is, by its name."""

    def answer(self, request: Request) -> Response:
        """Answer a request for a file."""
        found = self._files.get(request.scope["path"])
        if found is None:
            return PlainTextResponse("there is no such file\n", status_code=404)
        headers = {"ETag": found.tag, "Cache-Control": _FOR_EVER}
        if request.headers.get("if-none-match") in {found.tag, "*"}:
            return Response(status_code=304, headers=headers)
        return Response(found.content, media_type=found.media_type, headers=headers)
