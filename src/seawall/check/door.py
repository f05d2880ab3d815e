"""A host that was reached, to be asked things."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from seawall.check.addresses import authority
from seawall.check.cause import Cause
from seawall.check.http import Conversation
from seawall.check.limits import MOST_ANSWER
from seawall.check.step import Fault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from anyio.abc import ByteStream

    from seawall.check.http import Answer
    from seawall.check.journal import Spot
    from seawall.check.limits import Limits

__all__ = ["Door"]


class Door:
    """A host whose name, connection and certificate are good.

    Attributes:
        spot: The host.
        heard: What it answered so far.
    """

    def __init__(
        self, spot: Spot, limits: Limits, first: ByteStream, knock: Callable[[], Awaitable[ByteStream]]
    ) -> None:
        self.spot = spot
        self._limits = limits
        self._knock = knock
        self._free = [Conversation(first, self.authority, limits)]
        self.heard: list[Answer] = []

    @property
    def authority(self) -> str:
        """The host as HTTP names it."""
        return authority(self.spot.host, self.spot.port)

    async def begin(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, *, body: bytes = b""
    ) -> tuple[Conversation, Answer]:
        """Make a request; return the connection, to be given back with :meth:`leave`, and the head of the answer.

        Raises:
            Fault: There is no answer.
        """
        if self._free:
            talk = self._free.pop()
            try:
                return talk, await talk.begin(method, target, headers, body=body)
            except Fault as fault:
                await talk.close()
                # A server may hang up on a connection that rests; clients try once more, over a new one.
                if fault.cause is not Cause.BROKEN_OFF:
                    raise
        talk = Conversation(await self._knock(), self.authority, self._limits)
        try:
            return talk, await talk.begin(method, target, headers, body=body)
        except Fault:
            await talk.close()
            raise

    async def leave(self, talk: Conversation) -> None:
        """Give a connection back, to be used again if that can be."""
        if talk.is_free:
            self._free.append(talk)
        else:
            await talk.close()

    async def ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        *,
        body: bytes = b"",
        most: int = MOST_ANSWER,
    ) -> Answer:
        """Make a request, and read the answer to its end or until it is too long.

        Raises:
            Fault: There is no answer, or it does not come to an end in time.
        """
        talk, head = await self.begin(method, target, headers, body=body)
        try:
            answer = await self.rest(talk, head, most)
        finally:
            await self.leave(talk)
        self.heard.append(answer)
        return answer

    async def rest(self, talk: Conversation, head: Answer, most: int = MOST_ANSWER) -> Answer:
        """Read an answer that was begun to its end, which must not be put off for ever."""
        seconds = self._limits.answer + self._limits.quiet
        try:
            async with asyncio.timeout(seconds):
                return await talk.rest(head, most)
        except TimeoutError:
            raise Fault(Cause.STALLED, f"an answer that is not over after {seconds:g} seconds") from None
