"""Fetching large answers fast: sockets read by threads, a MiB at a time where the other side is quick.

An event loop takes TLS apart 16 KiB a turn, through several layers of Python: four times the work of the copy itself.
Here OpenSSL fills large buffers without the interpreter, and the loop only hears of whole ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final

import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable
    from typing import TypeVar

    _T = TypeVar("_T")

__all__ = ["BulkTransport"]

_CONNECT_SECONDS: Final = 3.0
_SILENT_SECONDS: Final = 10.0
_THREADS: Final = 16
_KEPT: Final = 8
"""Idle connections that are kept: a new one costs two round trips."""
_LARGEST: Final = 2 << 20
"""Octets that are handed on at once: as many as are written at once, so that nobody has to put them together again."""
_RECORD: Final = 16 * 1024
"""Octets that TLS hands out at once, at most (RFC 8446 section 5.1); room for more would be taken and given back."""
_MOMENT_SECONDS: Final = 0.005


class BulkTransport(httpx.AsyncBaseTransport):
    """A transport for requests without bodies to one server."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="bulk")
        self._idle: list[_Connection] = []
        self._lock = threading.Lock()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the answer's body is read by threads as it is asked for."""
        connection = self._take()
        if connection is not None:
            # The server may have hung up on one that has been idle.
            with contextlib.suppress(httpx.ReadError):
                return await self._ask(connection, request)
        return await self._ask(self._new(request.url), request)

    async def aclose(self) -> None:
        """Hang up, also in the middle."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def run(self, work: Callable[[], _T]) -> _T:
        """Run blocking work on a socket in a thread.

        Raises:
            httpx.TransportError: It failed.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except TimeoutError:
            raise httpx.ReadTimeout(f"nothing came for {_SILENT_SECONDS:.0f} seconds") from None
        except (OSError, http.client.HTTPException) as error:
            raise httpx.ReadError(str(error) or type(error).__name__) from None

    def put_back(self, connection: _Connection) -> None:
        """Keep a connection whose answer was read to its end."""
        with self._lock:
            if len(self._idle) < _KEPT:
                self._idle.append(connection)
                return
        connection.close()

    async def _ask(self, connection: _Connection, request: httpx.Request) -> httpx.Response:
        def ask() -> http.client.HTTPResponse:
            connection.request(request.method, request.url.raw_path.decode("ascii"), headers=dict(request.headers))
            return connection.getresponse()

        try:
            answer = await self.run(ask)
        except BaseException:
            _hang_up(connection)
            raise
        return httpx.Response(answer.status, headers=answer.getheaders(), stream=_Body(self, connection, answer))

    def _take(self) -> _Connection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _new(self, url: httpx.URL) -> _Connection:
        return _Connection(url.host, url.port or 443, context=self._context, timeout=_SILENT_SECONDS)


class _Connection(http.client.HTTPSConnection):
    """A connection that is not waited for as long as for an answer."""

    abandoned = False
    """Whether nobody waits any more; found by the thread that was connecting meanwhile."""
    road: socket.socket | None = None
    """The socket; the library lets go of it as soon as an answer without a length has begun."""

    def connect(self) -> None:
        silent, self.timeout = self.timeout, _CONNECT_SECONDS
        try:
            super().connect()
        finally:
            self.timeout = silent
        self.sock.settimeout(silent)
        self.road = self.sock
        if self.abandoned:
            self.close()
            raise ConnectionAbortedError("nobody waits any more")


class _Body(httpx.AsyncByteStream):
    """The body of an answer."""

    def __init__(self, transport: BulkTransport, connection: _Connection, answer: http.client.HTTPResponse) -> None:
        self._transport = transport
        self._connection = connection
        self._answer = answer
        self._coming: asyncio.Future[bytes] | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        # Somebody may be waiting for the first octets: those are handed on as they come.
        self._coming = self._gather(0.0)
        while part := await self._coming:
            # While a part is made use of, the next one is received.
            self._coming = self._gather(_MOMENT_SECONDS)
            yield part
        if self._answer.length:
            raise httpx.RemoteProtocolError(f"{self._answer.length} octets did not come")

    def _gather(self, seconds: float) -> asyncio.Future[bytes]:
        return asyncio.ensure_future(self._transport.run(partial(_gather, self._answer, seconds)))

    async def aclose(self) -> None:
        reading = self._coming is not None and not self._coming.done()
        if self._coming is not None:
            self._coming.cancel()
            # What went wrong with a part that nobody wants is nobody's concern.
            self._coming.add_done_callback(lambda coming: coming.cancelled() or coming.exception())
        if self._answer.length == 0 and not reading:
            # read1() leaves an answer open that was read to its end.
            self._answer.close()
        if self._answer.isclosed() and not self._answer.will_close:
            self._transport.put_back(self._connection)
        else:
            _hang_up(self._connection)
            # Waits for a thread that reads, which has just been woken.
            self._answer.close()


def _gather(answer: http.client.HTTPResponse, seconds: float) -> bytes:
    """Read what comes within a time; a TLS record of 16 KiB at a time would keep the loop busy handing on."""
    parts: list[bytes] = []
    room = _LARGEST
    until = time.monotonic() + seconds
    while room > 0 and (part := answer.read1(min(room, _RECORD))):
        parts.append(part)
        room -= len(part)
        if time.monotonic() >= until:
            break
    return b"".join(parts)


def _hang_up(connection: _Connection) -> None:
    connection.abandoned = True
    # Also while a thread reads: closing alone would not wake it.
    if connection.road is not None:
        with contextlib.suppress(OSError):
            connection.road.shutdown(socket.SHUT_RDWR)
    connection.close()
