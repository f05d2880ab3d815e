"""A host that was reached, to be asked things."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seawall.check.http import Conversation
from seawall.check.limits import MOST_ANSWER

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from anyio.abc import ByteStream

    from seawall.check.http import Answer
    from seawall.check.journal import Spot
    from seawall.check.limits import Limits

__all__ = ["Door"]

HTTPS = 443


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
        host = f"[{self.spot.host}]" if ":" in self.spot.host else self.spot.host
        return host if self.spot.port == HTTPS else f"{host}:{self.spot.port}"

    async def talk(self) -> Conversation:
        """Return a connection that nobody uses; give it back with :meth:`leave`.

        Raises:
            Fault: None comes about any more.
        """
        if self._free:
            return self._free.pop()
        return Conversation(await self._knock(), self.authority, self._limits)

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
        """Make one request; as :meth:`Conversation.ask`."""
        talk = await self.talk()
        try:
            answer = await talk.ask(method, target, headers, body=body, most=most)
            self.heard.append(answer)
            return answer
        finally:
            await self.leave(talk)
