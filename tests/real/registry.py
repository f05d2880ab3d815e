"""A registry client in the open: one repository, one request at a time, and the answers as they came."""

from __future__ import annotations

import json
import re
import ssl
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urljoin

import httpx

from tests.real.images import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from tests.real.product import Ready

OCTETS: Final = {"Content-Type": "application/octet-stream"}
ACTIONS: Final = "pull,push,delete"
PIECE: Final = 64 * 1024


class WrongAnswerError(AssertionError):
    """The registry answered something it never should."""


class Repository:
    """One repository, seen by its administrator or, without credentials, by anybody."""

    def __init__(self, ready: Ready, name: str, *, anonymous: bool = False) -> None:
        self.name = name
        self._ready = ready
        self._basic = None if anonymous else (ready.username, ready.password)
        self._token = ""
        self._http = httpx.Client(
            base_url=f"https://{ready.login_server}",
            verify=ssl.create_default_context(cafile=ready.ca_file),
            timeout=20,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def send(
        self,
        method: str,
        path: str,
        content: bytes | Iterator[bytes] | None = None,
        *,
        headers: dict[str, str] | None = None,
        follow: bool = False,
    ) -> httpx.Response:
        """Send a request below the repository (or to a full URL), after the challenge if there is one."""
        url = urljoin(f"/v2/{self.name}/", path)
        for last in (False, True):
            bearer = {"Authorization": f"Bearer {self._token}"} if self._token else {}
            response = self._http.request(
                method, url, content=content, headers=bearer | (headers or {}), follow_redirects=follow
            )
            if response.status_code != httpx.codes.UNAUTHORIZED or last:
                break
            self._token = self._fetch_token(response.headers["WWW-Authenticate"])
        return response

    def expect(
        self,
        status: int,
        method: str,
        path: str,
        content: bytes | Iterator[bytes] | None = None,
        *,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        response = self.send(method, path, content, headers=headers)
        if response.status_code != status:
            told = f"{method} {path}: {response.status_code}, not {status}: {response.text[:500]}"
            raise WrongAnswerError(told)
        return response

    def open_upload(self) -> str:
        return str(self.expect(202, "POST", "blobs/uploads/").headers["Location"])

    def push_at_once(self, content: bytes) -> httpx.Response:
        return self.expect(201, "POST", f"blobs/uploads/?digest={digest_of(content)}", content, headers=OCTETS)

    def push_whole(self, content: bytes) -> httpx.Response:
        return self.close_upload(self.open_upload(), content, content)

    def push_in_chunks(self, content: bytes, size: int) -> httpx.Response:
        location = self.open_upload()
        for start in range(0, len(content), size):
            location = self.patch(location, start, content[start : start + size])
        return self.close_upload(location, content)

    def push_as_stream(self, content: bytes) -> httpx.Response:
        pieces = (content[start : start + PIECE] for start in range(0, len(content), PIECE))
        answer = self.expect(202, "PATCH", self.open_upload(), pieces, headers=OCTETS)
        return self.close_upload(answer.headers["Location"], content)

    def patch(self, location: str, start: int, chunk: bytes) -> str:
        span = {"Content-Range": f"{start}-{start + len(chunk) - 1}"}
        return str(self.expect(202, "PATCH", location, chunk, headers=OCTETS | span).headers["Location"])

    def close_upload(self, location: str, content: bytes, rest: bytes = b"") -> httpx.Response:
        mark = "&" if "?" in location else "?"
        return self.expect(201, "PUT", f"{location}{mark}digest={digest_of(content)}", rest, headers=OCTETS)

    def put_manifest(self, reference: str, manifest: bytes) -> httpx.Response:
        media_type = json.loads(manifest)["mediaType"]
        headers = {"Content-Type": media_type}
        return self.expect(201, "PUT", f"manifests/{reference}", manifest, headers=headers)

    def get(self, kind: str, reference: str) -> httpx.Response:
        """Read a blob or a manifest, through the redirect if there is one."""
        return self.send("GET", f"{kind}/{reference}", headers={"Accept": "*/*"}, follow=True)

    def tags(self) -> list[str]:
        """All tags, page by page; none if the repository does not exist."""
        found: list[str] = []
        path: str | None = "tags/list"
        while path:
            page = self.send("GET", path)
            if page.status_code == httpx.codes.NOT_FOUND:
                return found
            assert page.status_code == httpx.codes.OK, page.text
            found += page.json()["tags"] or []
            path = page.links.get("next", {}).get("url")
        return found

    def _fetch_token(self, challenge: str) -> str:
        told = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        scope = f"repository:{self.name}:{ACTIONS if self._basic else 'pull'}"
        query = {"service": told["service"], "scope": scope}
        response = self._http.get(told["realm"], params=query, auth=self._basic)
        assert response.status_code == httpx.codes.OK, response.text
        answer: dict[str, Any] = response.json()
        return str(answer.get("access_token") or answer["token"])
