"""Something that passes for a region's node, certificate and all, and tells lies: a cache gone mad, or an intruder."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import ssl
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.walls.loops import InsideLoop

PORT: Final = 443
PIECE: Final = 64 * 1024
BLOBS: Final = "/replication/v1/blobs/"
FILL: Final = bytes(PIECE)
PAGE: Final = b"<html><body>Please accept the terms of use of this network.</body></html>"

Lie = Literal["", "wrong", "truncated", "endless", "page", "page everywhere"]


class Impostor:
    """Stands between a region that asks and one that is asked.

    Attributes:
        lie: What is done to blobs, or to everything; nothing if empty.
        told: How often it lied.
        sent: How many octets of lies it sent.
    """

    def __init__(
        self, loop: InsideLoop, address: str, target: str, certificate: tuple[Path, Path], authority: Path
    ) -> None:
        self._address = address
        self._target = target
        self._server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._server.load_cert_chain(*certificate)
        self._trusting = ssl.create_default_context(cafile=authority)
        self.lie: Lie = ""
        self.told = 0
        self.sent = 0
        self._connected: set[asyncio.StreamWriter] = set()
        self._listening = loop.do(self._listen())
        loop.opened.append(self)

    def close(self) -> None:
        """Hang up on everybody, without the farewell that TLS would wait for."""
        self._listening.close()
        for writer in self._connected:
            writer.transport.abort()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, self._address, PORT, ssl=self._server)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connected.add(writer)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, path, _ = head.split(" ", 2)
            if self.lie == "page everywhere" or (self.lie and method == "GET" and path.startswith(BLOBS)):
                self.told += 1
                await self._tell(head, writer)
            else:
                await self._pass_on(head, reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # Whoever asked has had enough, or the cluster is closed.
        finally:
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()
            self._connected.remove(writer)

    async def _pass_on(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one request on, and its answer back, up to the end of the connection."""
        host = _header(head, "host")
        answers, far = await asyncio.open_connection(
            self._target, PORT, ssl=self._trusting, server_hostname=host, local_addr=(self._address, 0)
        )
        try:
            lines = [line for line in head.split("\r\n") if line and not line.lower().startswith("connection:")]
            far.write("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1"))
            far.write(await reader.readexactly(int(_header(head, "content-length") or 0)))
            while piece := await answers.read(PIECE):
                writer.write(piece)
                await writer.drain()
        finally:
            # It has said all that it was asked for; nothing waits for its farewell.
            far.transport.abort()

    async def _tell(self, head: str, writer: asyncio.StreamWriter) -> None:
        if self.lie.startswith("page"):
            await self._send(writer, "200 OK", PAGE, len(PAGE))
            return
        start, stop = map(int, re.findall(r"\d+", _header(head, "range")))
        octets = stop - start + 1
        if self.lie == "wrong":
            await self._send(writer, "206 Partial Content", os.urandom(octets), octets)
        elif self.lie == "truncated":
            await self._send(writer, "206 Partial Content", os.urandom(octets // 2), octets)
        else:
            await self._send(writer, "206 Partial Content", b"", None)
            while True:
                await self._write(writer, FILL)

    async def _send(self, writer: asyncio.StreamWriter, status: str, body: bytes, announced: int | None) -> None:
        length = "" if announced is None else f"Content-Length: {announced}\r\n"
        writer.write(f"HTTP/1.1 {status}\r\n{length}Connection: close\r\n\r\n".encode())
        for first in range(0, len(body), PIECE):
            await self._write(writer, body[first : first + PIECE])

    async def _write(self, writer: asyncio.StreamWriter, piece: bytes) -> None:
        if writer.transport.is_closing():
            raise ConnectionResetError
        self.sent += len(piece)
        writer.write(piece)
        await writer.drain()
        # Draining a connection that was just lost returns at once: the loop would never hear that it was.
        await asyncio.sleep(0)


def _header(head: str, name: str) -> str:
    found = re.search(rf"^{name}: *(.*?) *\r$", head, re.IGNORECASE | re.MULTILINE)
    return found[1] if found else ""
