"""A long road: a relay in a process of its own that holds back what passes it, either way, for some time.

For kernels without `tc netem`. A new connection waits for the round trip that its handshake would take. There is no
loss, and no congestion window of TCP's: only the time that octets need.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import socket
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import uvloop

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PIECE = 256 * 1024
PIECES = 256
"""Held back at a time in each direction of a connection: enough for a gigabit a second and 80 ms."""


@contextmanager
def relayed(ports: Sequence[int], seconds: float) -> Iterator[list[int]]:
    """Relay to ports of this machine until the block is left; the ports to use instead, in the same order."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in ports]
    process = multiprocessing.get_context("fork").Process(
        target=_run, args=(list(zip(sockets, ports, strict=True)), seconds), daemon=True
    )
    process.start()
    instead = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    try:
        yield instead
    finally:
        process.kill()
        process.join()


def _run(roads: Sequence[tuple[socket.socket, int]], seconds: float) -> None:
    uvloop.run(_relay(roads, seconds))


async def _relay(roads: Sequence[tuple[socket.socket, int]], seconds: float) -> None:
    servers = [
        await asyncio.start_server(partial(_serve, port, seconds), sock=listening, limit=PIECE)
        for listening, port in roads
    ]
    await asyncio.gather(*(server.serve_forever() for server in servers))


async def _serve(port: int, seconds: float, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(2 * seconds)
    answers, asking = await asyncio.open_connection("127.0.0.1", port, limit=PIECE)
    ways = [asyncio.create_task(_carry(*way, seconds)) for way in ((reader, asking), (answers, writer))]
    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in ways:
        way.cancel()
    await asyncio.gather(*ways, return_exceptions=True)
    for one in (writer, asking):
        one.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    now = asyncio.get_running_loop().time
    held: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(PIECES)
    delivering = asyncio.create_task(_deliver(held, writer))
    try:
        piece = b"-"
        while piece:
            piece = await reader.read(PIECE)
            await held.put((now() + seconds, piece))
        await delivering
    finally:
        delivering.cancel()
        with contextlib.suppress(asyncio.CancelledError, OSError):
            await delivering


async def _deliver(held: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
    now = asyncio.get_running_loop().time
    while True:
        due, piece = await held.get()
        await asyncio.sleep(due - now())
        if not piece:
            return
        writer.write(piece)
        await writer.drain()
