"""A small HTTPS client that keeps its connection, and takes nothing but the answers it was promised."""

from __future__ import annotations

import http.client
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
ACCEPT = ", ".join(
    [
        MANIFEST_TYPE,
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ]
)
TIMEOUT_SECONDS = 300.0


class UnexpectedAnswerError(Exception):
    """A server answered with something other than the success under test; the run is worthless."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One response, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Client:
    """One keep-alive connection to one origin."""

    def __init__(self, origin: str, authority: Path, token: str | None = None) -> None:
        self.origin = origin
        self._authority = authority
        parts = urlsplit(origin)
        context = ssl.create_default_context(cafile=authority)
        self._connection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS, context=context
        )
        self._headers = {"Accept": ACCEPT}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def send(
        self,
        method: str,
        target: str,
        expected: int,
        *,
        body: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request; a body that is not bytes goes out in HTTP chunks, as docker sends layers."""
        response = self._open(method, target, body, headers)
        answer = Answer(
            response.status,
            {name.lower(): value for name, value in response.getheaders()},
            response.read(),
        )
        if answer.status != expected:
            raise UnexpectedAnswerError(
                f"{method} {self.origin}{target}: {answer.status}, not {expected}: {answer.body[:300]!r}"
            )
        return answer

    def _open(
        self,
        method: str,
        target: str,
        body: bytes | Iterable[bytes] | None,
        headers: Mapping[str, str] | None,
    ) -> http.client.HTTPResponse:
        chunked = not isinstance(body, bytes | None)
        sent = self._headers | dict(headers or {}) | ({"Transfer-Encoding": "chunked"} if chunked else {})
        if body is None and method in {"POST", "PUT"}:
            sent["Content-Length"] = "0"
        self._connection.request(method, target, body, sent, encode_chunked=chunked)
        return self._connection.getresponse()

    def location(self, answer: Answer) -> str:
        """Where an upload goes on: a target on this origin, whichever form the server wrote it in."""
        url = urljoin(self.origin, answer.headers["location"])
        if not url.startswith(self.origin + "/"):
            raise UnexpectedAnswerError(f"an upload at {self.origin} leads away to {url}")
        return url.removeprefix(self.origin)

    def stream(self, target: str, hop: bool = True) -> Iterable[bytes]:
        """The body at `target` in pieces, over one redirect at most; credentials stay with this origin."""
        response = self._open("GET", target, None, None)
        if response.status == 307 and hop:
            location = response.getheader("Location", "")
            response.read()
            parts = urlsplit(location)
            other = Client(f"{parts.scheme}://{parts.netloc}", self._authority)
            yield from other.stream(location.removeprefix(other.origin), hop=False)
            other.close()
            return
        if response.status != 200:
            raise UnexpectedAnswerError(f"GET {self.origin}{target}: {response.status}, not 200")
        while piece := response.read(1 << 20):
            yield piece
