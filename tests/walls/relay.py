"""Stands in for a host of the registry: passes requests on to the true one, and may change what it answers."""

from __future__ import annotations

import socket
import ssl
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Final

from tests.walls.sites import Answer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.walls.sites import Request

SECONDS: Final = 4
HOP: Final = frozenset({"connection", "content-length", "transfer-encoding", "keep-alive"})
"""Headers that are about one connection, and not passed on."""


def ask(request: Request, address: str, trusted: Path) -> Answer:
    """Put a request to the server at an address, under the name that it was meant for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(trusted)
    headers = {name: value for name, value in request.headers.items() if name not in HOP}
    told = {**headers, "connection": "close", "content-length": str(len(request.body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    with (
        socket.create_connection((address, 443), SECONDS) as way,
        context.wrap_socket(way, server_hostname=request.host) as talk,
    ):
        talk.sendall(f"{request.method} {request.path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + request.body)
        with HTTPResponse(talk, method=request.method) as response:
            response.begin()
            kept = {name: value for name, value in response.getheaders() if name.lower() not in HOP}
            return Answer(response.status, kept, response.read())
