"""Names without a name server: every host is reached at the loopback address, under its own name in TLS and HTTP."""

from __future__ import annotations

import socket
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import httpcore
import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

LOOPBACK = "127.0.0.1"
PATIENCE = 30.0

T = TypeVar("T")


class _Loopback(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - the point of it
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        return self._backend.connect_tcp(LOOPBACK, port, timeout, local_address, socket_options)


class _LoopbackTransport(httpx.HTTPTransport):
    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(verify=context)
        self._pool.close()
        self._pool = httpcore.ConnectionPool(ssl_context=context, max_connections=64, network_backend=_Loopback())


def trusting(ca_file: Path) -> ssl.SSLContext:
    """Trust one authority and nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca_file)
    return context


def client(ca_file: Path) -> httpx.Client:
    """Make a client that finds every host on this machine, checks certificates and follows nothing by itself."""
    return httpx.Client(transport=_LoopbackTransport(trusting(ca_file)), timeout=PATIENCE, trust_env=False)


def once_more(call: Callable[[], T]) -> T:
    """Make a call over a new connection, and again if that is closed before a word was answered.

    A worker that is being replaced drops connections over which nothing has been asked yet; clients try such calls
    again, and a test that must not see a failure may do what they do, once.
    """
    try:
        return call()
    except (httpx.ConnectError, httpx.RemoteProtocolError, httpx.ReadError, ConnectionResetError, ssl.SSLEOFError):
        return call()


class RawConnection:
    """A connection for what no client library sends."""

    def __init__(self, stream: socket.socket) -> None:
        self.stream = stream

    def send(self, text: str | bytes) -> None:
        self.stream.sendall(text.encode("latin-1") if isinstance(text, str) else text)

    def head(self) -> tuple[int, str]:
        """Read one answer's status and head, all of it in lower case."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.stream.recv(1)
            if not more:
                break
            data += more
        text = data.decode("latin-1")
        return int(text.split(" ", 2)[1]) if text else 0, text.lower()

    def certificate(self) -> bytes:
        """Return what the other side showed, as DER."""
        assert isinstance(self.stream, ssl.SSLSocket)
        shown = self.stream.getpeercert(binary_form=True)
        assert shown is not None
        return shown

    def rest(self) -> bytes:
        """Read until the other side closes."""
        parts = []
        try:
            while part := self.stream.recv(1 << 16):
                parts.append(part)
        except (ConnectionResetError, ssl.SSLEOFError):
            pass
        return b"".join(parts)


@contextmanager
def raw_connection(ca_file: Path, host: str, port: int, timeout: float = PATIENCE) -> Iterator[RawConnection]:
    """Open a TLS connection to a host on this machine."""
    with (
        socket.create_connection((LOOPBACK, port), timeout) as plain,
        trusting(ca_file).wrap_socket(plain, server_hostname=host) as stream,
    ):
        yield RawConnection(stream)


@contextmanager
def plain_connection(port: int, timeout: float = PATIENCE) -> Iterator[RawConnection]:
    """Open a TCP connection and nothing more."""
    with socket.create_connection((LOOPBACK, port), timeout) as plain:
        yield RawConnection(plain)
