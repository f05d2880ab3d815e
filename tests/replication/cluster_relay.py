"""What stands between a region that asks and one that is asked, and makes the road bad.

The kernel of a test machine may have no ``tc netem``, so this is done in user space: octets wait for their time.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.walls.loops import InsideLoop

PIECE: Final = 64 * 1024
QUEUED: Final = 256
PORT: Final = 443
STALL_SECONDS: Final = 0.25
"""What a lost segment costs a stream: its retransmission."""


class Relay:
    """Passes connections on to a region's node.

    Attributes:
        delay: Seconds that octets take in each direction.
        rate: Octets a second that come from the node that is asked; ``None`` for no limit.
        loss: Of how many of its pieces, from 0 to 1, something is lost and has to be sent again.
        corrupt: Whether an octet in each of its pieces is changed on the way.
        carried: Octets that came from the node that is asked.
        connections: How many connections there were.
    """

    def __init__(self, loop: InsideLoop, address: str, target: str) -> None:
        """Stand at an address, in front of a target."""
        self.address = address
        self._target = target
        self._loop = loop
        self._writers: set[asyncio.StreamWriter] = set()
        self.delay = 0.0
        self.rate: int | None = None
        self.loss = 0.0
        self.corrupt = False
        self.carried = 0
        self.connections = 0
        self._free_at = 0.0
        loop.opened.append(loop.do(self._listen()))

    def break_off(self) -> None:
        """Cut every connection that there is; new ones come about."""
        self._loop.do(self._break_off())

    async def _break_off(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, self.address, PORT)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        far: asyncio.StreamWriter | None = None
        try:
            answers, far = await asyncio.open_connection(self._target, PORT, local_addr=(self.address, 0))
            self._writers.add(far)
            ways = [self._carry(reader, far, back=False), self._carry(answers, writer, back=True)]
            tasks = [asyncio.create_task(way) for way in ways]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass  # One side went, or the cluster is closed.
        finally:
            for one in (writer, far):
                if one is not None:
                    self._writers.discard(one)
                    one.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, back: bool) -> None:
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(QUEUED)
        sending = asyncio.create_task(self._send(queue, writer, back=back))
        try:
            while piece := await reader.read(PIECE):
                await queue.put((self._time(len(piece), back=back), piece))
                if sending.done():
                    return
            await queue.put((self._time(0, back=back), b""))
            await sending
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError, OSError):
                await sending

    async def _send(
        self, queue: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter, *, back: bool
    ) -> None:
        while True:
            due, piece = await queue.get()
            await asyncio.sleep(due - asyncio.get_running_loop().time())
            if not piece:
                writer.write_eof() if writer.can_write_eof() else writer.close()
                return
            if back:
                self.carried += len(piece)
                if self.corrupt:
                    piece = bytes([piece[0] ^ 1]) + piece[1:]
            writer.write(piece)
            await writer.drain()

    def _time(self, octets: int, *, back: bool) -> float:
        """Say when octets that set out now arrive."""
        now = asyncio.get_running_loop().time()
        begins = now
        if back and self.rate is not None:
            begins = self._free_at = max(self._free_at, now) + octets / self.rate
        lost = STALL_SECONDS if back and random.random() < self.loss else 0.0
        return begins + self.delay + lost
