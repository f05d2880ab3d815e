"""Somebody else's registry is not believed: what it gives is held against digests, and no password goes astray."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest

from seawall.blobs.digest import Digest, digest_of
from seawall.blobs.directory import DirectoryBlobs
from seawall.importing import remote
from seawall.importing.contract import ImportFailure, Source
from seawall.importing.remote import Remote

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from pathlib import Path

    Answer = Callable[[httpx.Request], httpx.Response]

PASSWORD: Final = "hunter2 with a space"
SOURCE: Final = Source("team/app", "v1", host="registry.example", username="me", password=PASSWORD)
BLOB: Final = b"a layer"
DIGEST: Final = digest_of(BLOB)
BASIC: Final = "Basic " + base64.b64encode(f"me:{PASSWORD}".encode()).decode()


class Streamed(httpx.AsyncByteStream):
    """A body that comes as one from the network does."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body


class Abroad:
    """A registry that answers as a test wants, and what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self._answer(request)
        return httpx.Response(answer.status_code, headers=answer.headers, stream=Streamed(answer.content))

    def ask(self, work: Callable[[Remote], Coroutine[Any, Any, Any]], source: Source = SOURCE) -> Any:  # noqa: ANN401
        async def run() -> object:
            transport = httpx.MockTransport(self)
            async with httpx.AsyncClient(transport=transport, follow_redirects=True, max_redirects=5) as client:
                return await work(Remote(client, source))

        return asyncio.run(run())


@pytest.fixture
def store(tmp_path: Path) -> DirectoryBlobs:
    return DirectoryBlobs(tmp_path)


def refused(abroad: Abroad, work: Callable[[Remote], Coroutine[Any, Any, Any]], source: Source = SOURCE) -> str:
    with pytest.raises(ImportFailure) as failure:
        abroad.ask(work, source)
    assert PASSWORD not in str(failure.value)
    return str(failure.value)


def behind_token(realm: str) -> Answer:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"token": "given"})
        if request.headers.get("authorization") == "Bearer given":
            return httpx.Response(200, content=BLOB, headers={"Content-Type": "text/plain"})
        return httpx.Response(401, headers={"WWW-Authenticate": f'Bearer realm="{realm}",service="s"'})

    return answer


def test_a_blob_is_kept_once_it_is_what_it_should_be(store: DirectoryBlobs) -> None:
    abroad = Abroad(behind_token("https://auth.registry.example/token"))
    assert abroad.ask(lambda one: one.fetch(store, DIGEST)) == len(BLOB)
    assert store.size(DIGEST) == len(BLOB)
    token = next(request for request in abroad.asked if request.url.path == "/token")
    assert token.headers["authorization"] == BASIC
    assert dict(token.url.params) == {"scope": "repository:team/app:pull", "service": "s"}
    # What is here is not downloaded again.
    count = len(abroad.asked)
    assert abroad.ask(lambda one: one.fetch(store, DIGEST)) == len(BLOB)
    assert len(abroad.asked) == count


@pytest.mark.parametrize(
    "realm",
    ["https://evil.example.net/token", "http://auth.registry.example/token", "file:///etc/passwd", "", "https://"],
)
def test_a_password_goes_to_nobody_else(store: DirectoryBlobs, realm: str) -> None:
    abroad = Abroad(behind_token(realm))
    refused(abroad, lambda one: one.fetch(store, DIGEST))
    assert not [request for request in abroad.asked if "authorization" in request.headers]


def test_a_password_does_not_follow_a_redirect(store: DirectoryBlobs) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "storage.example.net":
            return httpx.Response(200, content=BLOB)
        if "authorization" not in request.headers:
            return httpx.Response(401, headers={"WWW-Authenticate": 'Basic realm="x"'})
        return httpx.Response(307, headers={"Location": "https://storage.example.net/blob"})

    abroad = Abroad(answer)
    assert abroad.ask(lambda one: one.fetch(store, DIGEST)) == len(BLOB)
    assert {request.url.host: request.headers.get("authorization") for request in abroad.asked} == {
        "registry.example": BASIC,
        "storage.example.net": None,
    }


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (httpx.Response(404), "there is no registry.example/team/app:v1"),
        (httpx.Response(403), "may not be read"),
        (httpx.Response(429), "too many requests"),
        (httpx.Response(500), "answers 500"),
        (httpx.Response(206, content=BLOB), "answers 206"),
        (httpx.Response(200, content=b"something else"), "other octets"),
        (httpx.Response(307, headers={"Location": "https://registry.example/v2/team/app/blobs/x"}), "does not answer"),
        (httpx.Response(401), "in a way that is not known"),
        (httpx.Response(401, headers={"WWW-Authenticate": "Negotiate"}), "in a way that is not known"),
    ],
)
def test_whatever_is_wrong_is_said_and_nothing_is_kept(store: DirectoryBlobs, answer: httpx.Response, why: str) -> None:
    assert why in refused(Abroad(lambda _request: answer), lambda one: one.fetch(store, DIGEST))
    assert store.size(DIGEST) is None


@pytest.mark.parametrize("token", [httpx.Response(401), httpx.Response(200, json=[]), httpx.Response(200, text="no")])
def test_token_services_that_give_none(store: DirectoryBlobs, token: httpx.Response) -> None:
    plain = behind_token("https://registry.example/token")

    def answer(request: httpx.Request) -> httpx.Response:
        return token if request.url.path == "/token" else plain(request)

    refused(Abroad(answer), lambda one: one.fetch(store, DIGEST))


def test_a_manifest_is_held_against_its_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=BLOB, headers={"Content-Type": "a/b; charset=x"})

    given = Abroad(answer).ask(lambda one: one.manifest("v1"))
    assert given == (DIGEST, "a/b", BLOB)
    assert Abroad(answer).ask(lambda one: one.manifest(DIGEST)) == given
    other = Digest("sha256:" + "0" * 64)
    assert f"gives {DIGEST} for {other}" in refused(Abroad(answer), lambda one: one.manifest(other))
    assert "sha256" in refused(Abroad(answer), lambda one: one.manifest("nonsense:1"))
    monkeypatch.setattr(remote, "LARGEST_MANIFEST", 3)
    assert "larger than 3" in refused(Abroad(answer), lambda one: one.manifest("v1"))


def test_an_endless_blob_ends(store: DirectoryBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "LARGEST_BLOB", 3)
    answer = Abroad(lambda _request: httpx.Response(200, content=BLOB))
    assert "larger than 3" in refused(answer, lambda one: one.fetch(store, DIGEST))
    assert store.size(DIGEST) is None
