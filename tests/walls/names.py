"""The name server of the world: says what it is told to say, also what is wrong, late, or nothing at all."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.walls.loops import Closeable, InsideLoop

TTL: Final = 1
STEPS: Final = 8
"""How many aliases are followed."""
HEAD: Final = struct.Struct("!H")


@dataclass(frozen=True)
class Record:
    """What is said about a name."""

    addresses: tuple[str, ...] = ()
    alias: str = ""
    code: dns.rcode.Rcode = dns.rcode.NOERROR
    delay: float = 0.0
    silent: bool = False


class Names:
    """A name server on UDP and TCP, with names that can be changed while it runs.

    Attributes:
        asked: The names that were asked for, in order.
    """

    def __init__(self, addresses: tuple[str, ...], first: Mapping[str, tuple[str, ...]]) -> None:
        self._addresses = addresses
        self._first = {host: Record(tuple(found)) for host, found in first.items()}
        self._records: dict[str, Record] = {}
        self._every = Record()
        self.asked: list[str] = []
        self.reset()

    def start(self, loop: InsideLoop) -> None:
        """Answer for as long as a loop runs."""
        loop.opened += loop.do(self._listen())

    def reset(self) -> None:
        """Say again what was said in the beginning."""
        self._records = dict(self._first)
        self._every = Record()
        self.asked = []

    def lead(self, host: str, *addresses: str) -> None:
        """Let a name lead to these addresses and no others, be they right or not."""
        self._records[host] = Record(addresses)

    def alias(self, host: str, target: str, *addresses: str) -> None:
        """Make a name another one's alias; with addresses, those of the other one."""
        self._records[host] = Record(alias=target)
        if addresses:
            self.lead(target, *addresses)

    def drop(self, host: str) -> None:
        """Know nothing of a name any more (NXDOMAIN)."""
        self._records.pop(host, None)

    def empty(self, host: str) -> None:
        """Know a name, but no address of it."""
        self._records[host] = Record()

    def fail(self, host: str) -> None:
        """Give up when asked for a name (SERVFAIL)."""
        self._records[host] = Record(code=dns.rcode.SERVFAIL)

    def silence(self, host: str = "") -> None:
        """Say nothing when asked for a name, or for any."""
        self._change(host, silent=True)

    def slow(self, seconds: float, host: str = "") -> None:
        """Take time to answer about a name, or about any."""
        self._change(host, delay=seconds)

    def addresses(self, host: str) -> tuple[str, ...]:
        """Return what a name leads to at the end of all aliases."""
        for _ in range(STEPS):
            record = self._records.get(host, Record())
            if not record.alias:
                return record.addresses
            host = record.alias
        return ()

    def known(self) -> dict[str, tuple[str, ...]]:
        """Return every name there is, with its addresses."""
        return {host: self.addresses(host) for host in tuple(self._records)}

    def _change(self, host: str, *, delay: float = 0.0, silent: bool = False) -> None:
        if host:
            self._records[host] = replace(self._records.get(host, Record()), delay=delay, silent=silent)
        else:
            self._every = Record(delay=delay, silent=silent)

    async def _listen(self) -> list[Closeable]:
        opened: list[Closeable] = []
        for address in self._addresses:
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), local_addr=(address, 53))
            opened += [transport, await asyncio.start_server(self._talk, address, 53)]
        return opened

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (length,) = HEAD.unpack(await reader.readexactly(HEAD.size))
                answer = await self.answer(await reader.readexactly(length))
                writer.write(HEAD.pack(len(answer)) + answer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # The client has no more questions, or the laboratory is closed.
        finally:
            writer.close()

    async def answer(self, asked: bytes) -> bytes:
        """Answer a question, when it is time; never, when silence was asked for."""
        query = dns.message.from_wire(asked)
        (question,) = query.question
        host = question.name.to_text(omit_final_dot=True).lower()
        self.asked.append(host)
        own = self._records.get(host, Record(code=dns.rcode.NXDOMAIN))
        if own.silent or self._every.silent:
            await asyncio.Event().wait()
        await asyncio.sleep(own.delay + self._every.delay)
        answer = dns.message.make_response(query, recursion_available=True)
        answer.flags |= dns.flags.AA
        for _ in range(STEPS):
            record = self._records.get(host, Record(code=dns.rcode.NXDOMAIN))
            answer.set_rcode(record.code)
            if not record.alias:
                self._add(answer, host, record, question.rdtype)
                break
            answer.answer.append(dns.rrset.from_text(f"{host}.", TTL, "IN", "CNAME", f"{record.alias}."))
            host = record.alias
        return answer.to_wire()

    @staticmethod
    def _add(answer: dns.message.Message, host: str, record: Record, kind: dns.rdatatype.RdataType) -> None:
        version = {dns.rdatatype.A: 4, dns.rdatatype.AAAA: 6}.get(kind)
        found = [one for one in record.addresses if ip_address(one).version == version]
        if found:
            answer.answer.append(dns.rrset.from_text(f"{host}.", TTL, "IN", kind, *found))


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, names: Names) -> None:
        self._names = names
        self._transport: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        task = asyncio.ensure_future(self._reply(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reply(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = await self._names.answer(data)
        if self._transport is not None:
            self._transport.sendto(answer, addr)
