"""Fetching blobs by threads: whoever has enough hangs up, also where nobody said how long the answer is."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from seawall.blobs.digest import parse_digest
from seawall.metadata.regions import Region
from seawall.replication.http_peer import HttpPeer, bulk_client_for, client_for
from seawall.server.authority import OwnAuthority
from tests.support import content

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OCTETS: Final = b"some octets"
DIGEST: Final = parse_digest(content.digest_of(OCTETS))
PATIENCE: Final = 10.0


class Stranger:
    """Something that answers as the region's node would, on an address of its own.

    Attributes:
        met: How many connections there were.
        ended: Set when one of them is over.
    """

    def __init__(self, folder: Path, answer: Answer) -> None:
        self._folder = folder
        self._answer = answer
        self.met = 0
        self.ended = asyncio.Event()

    @asynccontextmanager
    async def meet(self) -> AsyncIterator[HttpPeer]:
        """Let it be met, as a region that can be asked."""
        authority = OwnAuthority(self._folder / "authority")
        authority.ensure()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.certificate_for(["localhost"], self._folder / "server"))
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        url = f"https://localhost:{server.sockets[0].getsockname()[1]}"
        region = Region("eastus", url, key="", authority=authority.certificate_file.read_text("ascii"))
        peer = HttpPeer(region.name, client_for(region), "token", bulk_client_for(region))
        async with server:
            try:
                yield peer
            finally:
                await peer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.met += 1
        try:
            await self._answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.ended.set()
            writer.close()


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 206 Partial Content\r\nConnection: close\r\n\r\n")
    while True:
        writer.write(bytes(65536))
        await writer.drain()
        await asyncio.sleep(0)


async def polite(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 206 Partial Content\r\nContent-Length: %d\r\n\r\n%b" % (len(OCTETS), OCTETS))


async def hasty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 206 Partial Content\r\nContent-Length: %d\r\n\r\n%b" % (len(OCTETS), OCTETS))


def test_an_answer_without_end_is_hung_up_on_as_soon_as_it_is_left(tmp_path: Path) -> None:
    async def leave() -> None:
        stranger = Stranger(tmp_path, endless)
        async with stranger.meet() as peer:
            async with peer.blob(DIGEST, 0, len(OCTETS)) as parts:
                assert await anext(parts)
            # What was read from is still there: nobody waits for it to be collected.
            await asyncio.wait_for(stranger.ended.wait(), PATIENCE)
            assert parts is not None

    asyncio.run(leave())


def test_a_connection_serves_one_blob_after_another(tmp_path: Path) -> None:
    assert read_twice(tmp_path, polite) == 1


def test_a_connection_that_was_hung_up_on_meanwhile_is_replaced(tmp_path: Path) -> None:
    assert read_twice(tmp_path, hasty) == 2


def read_twice(folder: Path, answer: Answer) -> int:
    """Read a blob twice, with time between; return how many connections it took."""

    async def read() -> int:
        stranger = Stranger(folder, answer)
        async with stranger.meet() as peer:
            for _ in range(2):
                async with peer.blob(DIGEST, 0, len(OCTETS)) as parts:
                    assert b"".join([part async for part in parts]) == OCTETS
                await asyncio.sleep(0.1)
        return stranger.met

    return asyncio.run(read())
