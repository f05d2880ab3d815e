"""A server, what it is asked, and what it says."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import Mapping, Sequence

__all__ = ["Reply", "Request", "Site", "Talk"]


@dataclass(frozen=True)
class Request:
    """What a client asked."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass(frozen=True)
class Reply:
    """What is answered."""

    status: int = 200
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""

    def octets(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} Whatever", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


@dataclass(frozen=True)
class Talk:
    """A connection, for those who want to do things with it that HTTP does not."""

    reader: StreamReader
    writer: StreamWriter

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()
        # Draining alone lets nobody else run while there is room.
        await asyncio.sleep(0)

    async def drip(self, data: bytes, pause: float = 0.1) -> None:
        """Send one octet at a time, for ever when they are used up."""
        await self.say(data[:1])
        for octet in data[1:]:
            await asyncio.sleep(pause)
            await self.say(bytes((octet,)))

    async def silence(self) -> None:
        """Say nothing until the client goes."""
        while await self.reader.read(65536):
            pass


@dataclass
class Site:
    """A server.

    Attributes:
        host: The name it is known by.
        port: Where it listens.
        connections: How many came.
        open: Those that are still there.
        requests: What was asked.
    """

    host: str
    port: int = 0
    connections: int = 0
    open: set[StreamWriter] = field(default_factory=set)
    requests: list[Request] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def authority(self) -> str:
        return self.host if self.port == 443 else f"{self.host}:{self.port}"

    def asked(self, start: str) -> list[Request]:
        """The requests whose target begins so."""
        return [one for one in self.requests if one.target.startswith(start)]
