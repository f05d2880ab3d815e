"""Any other server in the world: it answers as told, behind a certificate as told, or does not even shake hands."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

HEAD: Final = 65536
FOREVER: Final = 3600


@dataclass(frozen=True)
class Request:
    """What a client asks for; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def host(self) -> str:
        """The host it takes this for."""
        return self.headers.get("host", "")


@dataclass(frozen=True)
class Answer:
    """What it gets.

    Attributes:
        status: The status.
        headers: More headers.
        body: The octets.
        missing: How many more octets are promised than come, before the connection ends.
        stalls: Whether nothing more happens after the body, not even the end of the connection.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    missing: int = 0
    stalls: bool = False


Mood = Literal["answers", "silent", "cuts"]


class Site:
    """A server at some addresses; `silent` never says anything, `cuts` ends it once the client has spoken.

    Attributes:
        asked: What it was asked for, in order.
    """

    def __init__(
        self, answer: Callable[[Request], Answer], certificate: tuple[Path, Path] | None, mood: Mood = "answers"
    ) -> None:
        """Say what it does; without a certificate it speaks plain HTTP."""
        self._answer = answer
        self._mood = mood
        self._servers: list[asyncio.Server] = []
        self._context: ssl.SSLContext | None = None
        if certificate is not None and mood == "answers":
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*certificate)
        self.asked: list[Request] = []

    async def listen(self, addresses: tuple[str, ...], port: int) -> None:
        """Begin to serve."""
        for address in addresses:
            self._servers.append(await asyncio.start_server(self._serve, address, port, ssl=self._context, limit=HEAD))

    async def end(self) -> None:
        """Serve no more."""
        self.close()

    def close(self) -> None:
        """Serve no more, said inside the loop."""
        for server in self._servers:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._mood == "silent":
                await asyncio.sleep(FOREVER)
            elif self._mood == "cuts":
                await reader.read(HEAD)
                writer.transport.abort()
            else:
                await self._exchange(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # The client went, or never meant it, or the laboratory is closed.
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        request = Request(method, path, headers, body)
        self.asked.append(request)
        answer = self._answer(request)
        told = {"Content-Length": str(len(answer.body) + answer.missing), "Connection": "close", **answer.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        writer.write(f"HTTP/1.1 {answer.status} Told\r\n{head}\r\n".encode("latin-1"))
        if method != "HEAD":
            writer.write(answer.body)
        await writer.drain()
        if answer.stalls:
            await asyncio.sleep(FOREVER)
