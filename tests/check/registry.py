"""A registry that does everything right, except for what it is told to do otherwise."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tests.check.world import Reply, Request, Talk

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.check.world import Site

    Odd = Reply | Callable[[Request, Talk], Awaitable[Reply | None]]

__all__ = ["LAYER", "Registry", "digest_of", "error", "manifest_of", "page"]

LAYER: Final = bytes(range(256)) * 40
UPLOAD: Final = "/v2/app/blobs/uploads/"


def digest_of(data: bytes) -> str:
    """The name of a blob."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def manifest_of(*layers: bytes, **more: Any) -> bytes:  # noqa: ANN401 - JSON
    """The manifest of an image; more may replace any part."""
    rows = [{"digest": digest_of(one), "size": len(one), "mediaType": "x"} for one in layers]
    return json.dumps({"schemaVersion": 2, "config": {}, "layers": rows} | more).encode()


def error(status: int, message: str, code: str = "DENIED", *headers: tuple[str, str]) -> Reply:
    """A refusal in the words of registries."""
    body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
    return Reply(status, (("Content-Type", "application/json"), *headers), body)


def page(status: int = 200, *headers: tuple[str, str]) -> Reply:
    """A page for people."""
    return Reply(status, (("Content-Type", "text/html"), *headers), b"<html><body>Welcome to our guest WLAN</body>")


@dataclass
class Registry:
    """The registry.

    Attributes:
        odd: What it does otherwise, by the beginning of ``METHOD path``; the longest that fits is taken.
        manifest: Of the image ``app:1``.
        layer: The bytes of its layer, whatever the manifest says.
        link: Where it sends clients for layers; empty for nowhere.
        realm: Where it sends them for tokens; empty for no sign-in.
        token: The token that it hands out itself.
    """

    odd: dict[str, Odd] = field(default_factory=dict)
    manifest: bytes = manifest_of(LAYER)
    layer: bytes = LAYER
    link: str = ""
    realm: str = ""
    token: str = ""
    site: Site | None = None

    async def __call__(self, request: Request, talk: Talk) -> Reply | None:
        line = f"{request.method} {request.path}"
        fitting = [start for start in self.odd if line.startswith(start.rstrip("$")) and _fits(line, start)]
        if fitting:
            odd = self.odd[max(fitting, key=len)]
            return odd if isinstance(odd, Reply) else await odd(request, talk)
        return self._reply(request, line)

    def _reply(self, request: Request, line: str) -> Reply:
        if line.endswith(" /token"):
            return Reply(body=json.dumps({"token": self.token or "a-token-of-the-tests"}).encode())
        if self.realm and "authorization" not in request.headers:
            return error(401, "who?", "UNAUTHORIZED", ("WWW-Authenticate", f'Bearer realm="{self.realm}",service="x"'))
        replies = {
            "GET /v2/": Reply(body=b"{}"),
            "GET /v2/_catalog": Reply(body=b'{"repositories":["app"]}'),
            "GET /v2/app/tags/list": Reply(body=b'{"tags":["1"]}'),
            "GET /v2/app/manifests/1": Reply(body=self.manifest),
            f"GET /v2/app/manifests/{digest_of(self.manifest)}": Reply(body=self.manifest),
            f"POST {UPLOAD}": Reply(202, [("Location", f"{UPLOAD}7")]),
            f"PATCH {UPLOAD}7": Reply(202, [("Location", f"{UPLOAD}7")]),
            f"DELETE {UPLOAD}7": Reply(204),
        }
        if line.startswith("GET /v2/app/blobs/"):
            return Reply(307, [("Location", self.link)]) if self.link else Reply(body=self.layer)
        return replies.get(line, error(404, "not here", "NOT_FOUND"))


def _fits(line: str, start: str) -> bool:
    return not start.endswith("$") or line == start[:-1]
