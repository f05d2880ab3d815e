"""Roads between regions in one process: real requests and answers, and whatever may befall them on the way."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import unquote

import httpx

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.types import ASGIApp

__all__ = ["Fake", "HungUpError", "Road", "page", "plain", "send_to"]

_PART: Final = 64 * 1024
_WAITING_PARTS: Final = 4

Fake: TypeAlias = "Callable[[httpx.Request], Awaitable[httpx.Response | None]]"
"""Another server in the region's place; what it answers with nothing goes on to the region."""


class HungUpError(OSError):
    """Whoever asked has hung up."""


class Road(httpx.AsyncBaseTransport):
    """The way by which one region asks another.

    Attributes:
        cut: Whether nothing gets through.
        lost: Of how many of the next requests the answer is lost, after all was done.
        twice: How many of the next requests arrive twice.
        torn: After how many octets the next answer breaks off.
        fake: Another server that answers instead.
        asked: What was asked: methods and paths, in order.
    """

    def __init__(self, where: Callable[[], ASGIApp]) -> None:
        self._where = where
        self.cut = False
        self.lost = 0
        self.twice = 0
        self.torn: int | None = None
        self.fake: Fake | None = None
        self.asked: list[str] = []

    def heal(self) -> None:
        """Let everything through from now on, unharmed."""
        self.cut = False
        self.lost = self.twice = 0
        self.torn = None
        self.fake = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request there and its answer back."""
        self.asked.append(f"{request.method} {request.url.path}")
        if self.cut:
            raise httpx.ConnectError("no route to host", request=request)
        if self.fake is not None:
            answer = await self.fake(request)
            if answer is not None:
                return answer
        if self.twice or self.lost:
            body = b"".join([part async for part in _stream(request)])
            request = httpx.Request(request.method, request.url, headers=request.headers, content=body)
        if self.twice:
            self.twice -= 1
            await _swallow(await send_to(self._where(), request))
        answer = await send_to(self._where(), request)
        if self.lost:
            self.lost -= 1
            await _swallow(answer)
            raise httpx.ReadError("connection reset by peer", request=request)
        if self.torn is not None:
            answer = httpx.Response(
                answer.status_code, headers=answer.headers, stream=_Torn(_stream(answer), self.torn)
            )
            self.torn = None
        return answer


def page(status: int, body: bytes | str, **headers: str) -> Fake:
    """Make a server that always answers the same."""

    async def answer(_: httpx.Request) -> httpx.Response:
        return plain(status, body, **headers)

    return answer


def plain(status: int, body: bytes | str, **headers: str) -> httpx.Response:
    """Make an answer that is still to be read, as those from a network are."""
    octets = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=named, stream=httpx.ByteStream(octets))


async def send_to(application: ASGIApp, request: httpx.Request) -> httpx.Response:
    """Send a request to an application; its answer is read as it comes."""
    timeout = request.extensions.get("timeout", {})
    exchange = _Exchange(application, request, timeout.get("read"))
    status, headers = await exchange.head()
    return httpx.Response(status, headers=headers, stream=exchange)


class _Exchange(httpx.AsyncByteStream):
    """One request and its answer; an end before the announced length is one that a client notices."""

    def __init__(self, application: ASGIApp, request: httpx.Request, patience: float | None) -> None:
        self._request = request
        self._patience = patience
        self._body = _stream(request).__aiter__()
        self._sent: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(_WAITING_PARTS)
        self._gone = asyncio.Event()
        self._ended = False
        self._left: int | None = None
        self._task = asyncio.create_task(self._run(application))

    async def head(self) -> tuple[int, list[tuple[bytes, bytes]]]:
        """Wait for the status and the headers."""
        message = await self._next()
        assert message["type"] == "http.response.start"
        headers = list(message["headers"])
        length = dict(headers).get(b"content-length")
        bodiless = self._request.method == "HEAD" or message["status"] in {204, 304}
        self._left = 0 if bodiless else int(length) if length is not None else None
        return message["status"], headers

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the answer's octets."""
        while self._left != 0:
            message = await self._next()
            if message["type"] == "http.response.pathsend":
                data, more = await asyncio.to_thread(Path(message["path"]).read_bytes), False
            else:
                data, more = message.get("body", b""), message.get("more_body", False)
            for start in range(0, len(data), _PART):
                part = data[start : start + _PART] if self._left is None else data[start : start + _PART][: self._left]
                if self._left is not None:
                    self._left -= len(part)
                yield part
            if not more:
                break
        if self._left:
            raise httpx.RemoteProtocolError(f"{self._left} octets did not come", request=self._request)

    async def aclose(self) -> None:
        """Hang up, and let the other side end."""
        self._gone.set()
        while not self._sent.empty():
            self._sent.get_nowait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await asyncio.wait([self._task])
        self._task.cancel()

    async def _next(self) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._patience):
                message = await self._sent.get()
        except TimeoutError:
            raise httpx.ReadTimeout("nothing comes", request=self._request) from None
        if message is None:
            raise httpx.RemoteProtocolError("hung up", request=self._request)
        return message

    async def _run(self, application: ASGIApp) -> None:
        url = self._request.url
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self._request.method,
            "scheme": "https",
            "path": unquote(url.path),
            "raw_path": url.raw_path.partition(b"?")[0],
            "query_string": url.query,
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in self._request.headers.raw],
            "client": ("192.0.2.1", 50_000),
            "server": (url.host, 443),
            "extensions": {"http.response.pathsend": {}},
        }
        await application(scope, self._receive, self._send)
        if not self._gone.is_set():
            await self._sent.put(None)

    async def _receive(self) -> dict[str, Any]:
        try:
            return {"type": "http.request", "body": await anext(self._body), "more_body": True}
        except StopAsyncIteration:
            if not self._ended:
                self._ended = True
                return {"type": "http.request", "body": b"", "more_body": False}
        except httpx.HTTPError:
            return {"type": "http.disconnect"}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:  # noqa: ANN401 - ASGI's
        if self._gone.is_set():
            raise HungUpError
        await self._sent.put(message)


class _Torn(httpx.AsyncByteStream):
    """An answer that breaks off."""

    def __init__(self, parts: httpx.AsyncByteStream, octets: int) -> None:
        self._parts = parts
        self._octets = octets

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self._octets
        async for part in self._parts:
            yield part[:left]
            left -= len(part)
            if left <= 0:
                raise httpx.ReadError("connection reset by peer")

    async def aclose(self) -> None:
        await self._parts.aclose()


def _stream(message: httpx.Request | httpx.Response) -> httpx.AsyncByteStream:
    stream = message.stream
    assert isinstance(stream, httpx.AsyncByteStream)
    return stream


async def _swallow(answer: httpx.Response) -> None:
    try:
        await answer.aread()
    finally:
        await answer.aclose()
