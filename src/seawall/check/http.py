"""HTTP/1.1 over a connection that was opened step by step, with a limit on everything.

The words on the wire are h11's; here is only what a check needs to be sure of: how long it waits, how much it reads,
and that what a server says cannot do anything to whoever reads the report.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import anyio
import h11

from seawall.check.cause import Cause
from seawall.check.limits import MOST_ANSWER
from seawall.check.step import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from anyio.abc import ByteStream

    from seawall.check.limits import Limits

__all__ = ["Answer", "Conversation", "printable"]

_PIECE: Final = 64 * 1024
_AGENT: Final = "seawall-check"
_LONGEST: Final = 200


def printable(text: str, longest: int = _LONGEST) -> str:
    """Make a server's words fit to be shown: on one line, without control characters, not too long."""
    # Formatting characters as well: some of them turn round the order in which text is read.
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text[: 4 * longest]).split())
    return line if len(line) <= longest else f"{line[: longest - 3]}..."


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered.

    Attributes:
        status: The status.
        headers: Headers by lower-case name; of several with one name the first.
        body: The body, as far as it was read.
        whole: Whether that is all of it.
        seconds: From the request to the head of the answer.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool
    seconds: float

    @property
    def text(self) -> str:
        """The body as text, whatever it is."""
        return self.body.decode("utf-8", "replace")

    @property
    def is_page(self) -> bool:
        """Say whether it is a page for people."""
        kind = self.headers.get("content-type", "").lower()
        start = self.body[:256].lstrip().lower()
        return "html" in kind or start.startswith((b"<!doctype html", b"<html"))

    def document(self) -> dict[str, Any]:
        """Read the body as a JSON object; an empty one for anything else."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def error(self) -> tuple[str, str]:
        """Return the code and message of an error as registries word them; nothing where there is none."""
        errors = self.document().get("errors")
        first = errors[0] if isinstance(errors, list) and errors else None
        if not isinstance(first, dict):
            return "", ""
        return printable(str(first.get("code", ""))), printable(str(first.get("message", "")))

    def words(self) -> str:
        """Say what was answered, in a line."""
        code, message = self.error()
        if code or message:
            return f"{self.status} {code}: {message}".rstrip(": ")
        sort = self.headers.get("content-type", "").partition(";")[0]
        return f"{self.status}{f' ({printable(sort, 60)})' if sort else ''}"


class Conversation:
    """Requests and answers over one connection, one after another."""

    def __init__(self, stream: ByteStream, authority: str, limits: Limits) -> None:
        self._stream = stream
        self._authority = authority
        self._limits = limits
        self._protocol = h11.Connection(h11.CLIENT)
        self._ended = False

    @property
    def is_free(self) -> bool:
        """Say whether another request can be made."""
        return self._protocol.our_state is h11.IDLE

    async def close(self) -> None:
        """Hang up."""
        with anyio.CancelScope(shield=True), anyio.move_on_after(0.1):
            await anyio.aclose_forcefully(self._stream)

    async def rest(self, head: Answer, most: int = MOST_ANSWER) -> Answer:
        """Read the body of an answer that was begun.

        Raises:
            Fault: It breaks off, or goes quiet.
        """
        read = bytearray()
        whole = True
        async for piece in self.pieces():
            read += piece
            if len(read) > most:
                whole = False
                break
        return Answer(head.status, head.headers, bytes(read[:most]), whole, head.seconds)

    async def begin(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, *, body: bytes = b""
    ) -> Answer:
        """Make a request, and read the head of its answer.

        Raises:
            Fault: There was no answer, or none that is HTTP.
        """
        began = time.monotonic()
        length = {"Content-Length": str(len(body))} if body or method in {"POST", "PATCH", "PUT"} else {}
        sent = {"Host": self._authority, "User-Agent": _AGENT, **(headers or {}), **length}
        try:
            request = h11.Request(method=method, target=target, headers=list(sent.items()))
            async with asyncio.timeout(self._limits.answer):
                await self._send(request)
                if body:
                    await self._send(h11.Data(data=body))
                await self._send(h11.EndOfMessage())
                event = await self._next()
                while isinstance(event, h11.InformationalResponse):
                    event = await self._next()
        except TimeoutError:
            raise Fault(Cause.STALLED, f"no answer to {method} in {self._limits.answer:g} seconds") from None
        except (anyio.BrokenResourceError, anyio.EndOfStream, anyio.ClosedResourceError, OSError):
            raise Fault(Cause.BROKEN_OFF, f"hung up instead of answering {method}") from None
        except h11.LocalProtocolError:
            raise Fault(Cause.NOT_A_REGISTRY, "what is to be asked for cannot be said in HTTP") from None
        except h11.RemoteProtocolError as error:
            if self._ended:
                raise Fault(Cause.BROKEN_OFF, f"hung up instead of answering {method}") from None
            detail = ("in detail", printable(str(error)))
            raise Fault(Cause.NOT_A_REGISTRY, "what answers does not speak HTTP", detail) from None
        if not isinstance(event, h11.Response):
            raise Fault(Cause.BROKEN_OFF, f"hung up instead of answering {method}")
        found: dict[str, str] = {}
        for name, value in event.headers:
            found.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
        return Answer(event.status_code, found, b"", whole=False, seconds=time.monotonic() - began)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Read the body of an answer that was begun.

        Raises:
            Fault: It breaks off, or goes quiet.
        """
        while True:
            try:
                async with asyncio.timeout(self._limits.quiet):
                    event = await self._next()
            except TimeoutError:
                raise Fault(Cause.STALLED, f"nothing more for {self._limits.quiet:g} seconds") from None
            except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError, h11.RemoteProtocolError):
                raise Fault(Cause.BROKEN_OFF, "breaks off before the end") from None
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            else:
                break
        if self._protocol.our_state is h11.DONE and self._protocol.their_state is h11.DONE:
            self._protocol.start_next_cycle()

    async def _send(self, event: h11.Event) -> None:
        data = self._protocol.send(event)
        if data:
            await self._stream.send(data)

    async def _next(self) -> type[h11.NEED_DATA | h11.PAUSED] | h11.Event:
        while (event := self._protocol.next_event()) is h11.NEED_DATA:
            try:
                data = await self._stream.receive(_PIECE)
            except anyio.EndOfStream:
                data = b""
                self._ended = True
            self._protocol.receive_data(data)
        return event
