"""A receiver of webhooks: a real HTTP server on the loopback address that answers what a test tells it to."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

__all__ = ["Answer", "Received", "Receiver"]

PATIENCE: Final = 60.0


@dataclass(frozen=True)
class Answer:
    """What a receiver does with a request.

    Attributes:
        status: The status; 0 to hang up without an answer.
        headers: Further headers.
        body: The body.
        delay: Seconds to wait before anything is answered.
        before: Called before that.
        endless: Whether the body never ends.
    """

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    before: Callable[[], object] = lambda: None
    endless: bool = False


@dataclass(frozen=True)
class Received:
    """A request that came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.body)
        return read


class Receiver:
    """The server; requests are kept in the order in which they came."""

    def __init__(self, *, certificate: tuple[Path, Path] | None = None, port: int = 0) -> None:
        self.received: list[Received] = []
        self.answers: list[Answer] = []
        self.always = Answer()
        self.most_at_once = 0
        self._at_once = 0
        self._came = threading.Condition()
        self._ending = threading.Event()
        self._server = _Server(("127.0.0.1", port), self._handler())
        self._scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self._scheme = "https"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def port(self) -> int:
        port: int = self._server.server_address[1]
        return port

    @property
    def url(self) -> str:
        return f"{self._scheme}://localhost:{self.port}"

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events that came, each as often as it came."""
        with self._came:
            return [one.event for one in self.received]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()

    def wait_for(self, count: int, seconds: float = PATIENCE) -> list[dict[str, Any]]:
        """Wait until so many events have come; return them."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.received) >= count, seconds), (
                f"{len(self.received)} of {count} came in {seconds} seconds: {[one.event for one in self.received]}"
            )
        return self.events

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                receiver._answer(self)

            do_GET = do_POST  # noqa: N815 - the base's spelling

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base's name
                pass

        return Handler

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("content-length", "0")))
        headers = {name.lower(): value for name, value in request.headers.items()}
        with self._came:
            self.received.append(Received(request.command, request.path, headers, body))
            answer = self.answers.pop(0) if self.answers else self.always
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self._came.notify_all()
        answer.before()
        self._ending.wait(answer.delay)
        with self._came:
            self._at_once -= 1
        if not answer.status:
            request.close_connection = True
            return
        with contextlib.suppress(OSError):
            request.send_response(answer.status)
            for name, value in answer.headers.items():
                request.send_header(name, value)
            length = 10**12 if answer.endless else len(answer.body)
            if answer.status != 204:
                request.send_header("Content-Length", str(length))
            request.end_headers()
            request.wfile.write(answer.body)
            while answer.endless and not self._ending.is_set():
                request.wfile.write(b"x" * 1024)
                time.sleep(0.01)


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128

    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401 - the base's
        self.open: set[Any] = set()
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Remember a connection: clients keep theirs for the next event."""
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401
        """Forget a connection."""
        self.open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End all connections, so that nobody waits for another request."""
        for request in list(self.open):
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that are killed, or trust nobody, are what tests are about."""
