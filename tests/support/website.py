"""A web site on this machine that behaves, or misbehaves, as told; and a proxy in front of it.

As a proxy it answers for Microsoft's hosts, also over TLS, with a certificate of an authority of its own: a client that
is told of the proxy and the authority goes to Microsoft's real addresses, and finds this instead.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, Self, cast

from seawall.server.authority import OwnAuthority

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

CHUNK: Final = b" " * (1 << 20)


@dataclass(frozen=True)
class Reply:
    """What is answered to one address.

    Attributes:
        body: The octets.
        status: The status.
        headers: More headers.
        missing: How many octets of those that were promised never come.
        endless: Whether blanks follow the body until nobody reads them any more.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    missing: int = 0
    endless: bool = False


def moved(where: str, status: int = 302) -> Reply:
    """Send a client elsewhere."""
    return Reply(status=status, headers={"Location": where})


class Website:
    """The site; a context manager.

    Attributes:
        pages: What is answered, by address: ``/path`` when asked directly, the whole URL when asked as a proxy.
        asked: The addresses that were asked for, in order.
        sent: How many octets have gone out as bodies.
        agents: Which programs the clients said they were.
    """

    def __init__(self, directory: Path | None = None) -> None:
        """Take a directory for certificates, where TLS through the proxy is wanted."""
        self.pages: dict[str, Reply] = {}
        self.asked: list[str] = []
        self.agents: list[str] = []
        self.sent = 0
        self.authority_file: Path | None = None
        self._tls: ssl.SSLContext | None = None
        if directory is not None:
            authority = OwnAuthority(directory / "authority")
            authority.ensure()
            self.authority_file = authority.certificate_file
            names = ("www.microsoft.com", "download.microsoft.com")
            chain, key = authority.certificate_for(names, directory / "site")
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(chain, key)
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def tls(self, connection: socket.socket) -> ssl.SSLSocket:
        """Begin TLS with a client."""
        assert self._tls is not None
        return self._tls.wrap_socket(connection, server_side=True)

    def __enter__(self) -> Self:
        """Begin to answer."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, site: Website) -> None:
        self.site = site
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that went away, which is what some of them are meant to do."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20
    behind = ""
    """The site that a client wants to reach through the proxy, over TLS."""

    @property
    def _site(self) -> Website:
        return cast("_Server", self.server).site

    def do_CONNECT(self) -> None:
        self.behind = "https://" + self.path.removesuffix(":443")
        self._site.asked.append(f"CONNECT {self.path}")
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError), self._site.tls(self.connection) as self.connection:
            self.rfile = self.connection.makefile("rb")
            self.wfile = cast("Any", self.connection.makefile("wb", buffering=0))
            with self.rfile:
                self.close_connection = False
                while not self.close_connection:
                    self.handle_one_request()
        self.close_connection = True

    def do_GET(self) -> None:
        address = self.behind + self.path
        site = self._site
        site.asked.append(address)
        site.agents.append(self.headers.get("User-Agent", ""))
        reply = site.pages.get(address, Reply(b"<html>not here</html>", 404))
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.endless:
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(reply.body) + reply.missing))
        self.end_headers()
        with contextlib.suppress(OSError):
            self._send(reply.body)
            while reply.endless:
                self._send(CHUNK)
        if reply.missing or reply.endless:
            self.close_connection = True

    def _send(self, data: bytes) -> None:
        self.wfile.write(data)
        self._site.sent += len(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Say nothing."""
