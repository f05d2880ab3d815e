"""A box in the wall that opens TLS: it shows clients certificates of its own, and asks the true host itself."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.walls.authority import Authority
    from tests.walls.loops import InsideLoop

PORT: Final = 8444
ORIGINAL: Final = 80
"""The option that tells where a redirected connection was going (SO_ORIGINAL_DST, IP6T_SO_ORIGINAL_DST)."""
CHUNK: Final = 1 << 16


class Middlebox:
    """It opens whatever is led to its port.

    Attributes:
        port: Where it listens.
        opened: The names of the hosts it stood in for, in order.
    """

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._contexts: dict[str, ssl.SSLContext] = {}
        # Whom it talks to itself is not what it is there for.
        self._trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._trusting.check_hostname = False
        self._trusting.verify_mode = ssl.CERT_NONE
        self.port = PORT
        self.opened: list[str] = []

    def start(self, loop: InsideLoop) -> None:
        """Stand in for others for as long as a loop runs."""
        loop.opened += loop.do(self._listen())

    async def _listen(self) -> list[asyncio.Server]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sni_callback = self._dress
        context.load_cert_chain(*self._authority.issue(["wall.test"]))
        return [
            await asyncio.start_server(self._stand_between, host, self.port, ssl=context) for host in ("0.0.0.0", "::")
        ]

    def _dress(self, talk: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        """Show a certificate for the name that the client asks for."""
        host = name or "wall.test"
        if host not in self._contexts:
            self._contexts[host] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._contexts[host].load_cert_chain(*self._authority.issue([host]))
        talk.context = self._contexts[host]

    async def _stand_between(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = self._name(writer)
        self.opened.append(host)
        address, port = _destination(writer.get_extra_info("socket"))
        try:
            far_reader, far_writer = await asyncio.open_connection(
                address, port, ssl=self._trusting, server_hostname=host
            )
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        except (OSError, asyncio.CancelledError):
            pass  # The client sees the end of it.
        finally:
            writer.close()

    def _name(self, writer: asyncio.StreamWriter) -> str:
        used = writer.get_extra_info("ssl_object").context
        return next((name for name, context in self._contexts.items() if context is used), "")


def _destination(talk: socket.socket) -> tuple[str, int]:
    """Say where a connection was going before it was led here."""
    if talk.family == socket.AF_INET:
        raw = talk.getsockopt(socket.SOL_IP, ORIGINAL, 16)
        port, address = struct.unpack_from("!2xH4s", raw)
        return socket.inet_ntop(socket.AF_INET, address), port
    raw = talk.getsockopt(socket.IPPROTO_IPV6, ORIGINAL, 28)
    port, address = struct.unpack_from("!2xH4x16s", raw)
    return socket.inet_ntop(socket.AF_INET6, address), port


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while part := await reader.read(CHUNK):
            writer.write(part)
            await writer.drain()
    finally:
        writer.close()
