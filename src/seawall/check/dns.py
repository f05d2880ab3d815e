"""Names: what programs on this machine find for a host, and what its name servers say when asked one by one.

What programs find decides (it knows ``/etc/hosts`` and everything else that is set up here). The name servers' own
words say why there is nothing: no such name, a server that gives up, one that never answers, two that disagree.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import dns.asyncquery
import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver

from seawall.check.addresses import is_address, is_nowhere, is_private
from seawall.check.cause import Cause
from seawall.check.step import Evidence, Fault, Found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seawall.check.limits import Limits

__all__ = ["Reply", "Resolver", "SystemResolver", "look_up"]

_SLOW: Final = 2.0
"""Seconds from which looking up is worth a word: clients have five for everything."""
_PRIVATE_LINK: Final = ".privatelink."


@dataclass(frozen=True, slots=True)
class Reply:
    """What one name server said to one question.

    Attributes:
        server: Its address.
        kind: ``A`` or ``AAAA``.
        status: ``NOERROR``, ``NXDOMAIN`` and so on; empty if it did not answer.
        addresses: The addresses.
        chain: The names that the host is another name of, in order.
        seconds: How long it took.
    """

    server: str
    kind: str
    status: str
    addresses: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()
    seconds: float = 0.0


class Resolver(Protocol):
    """Somebody who knows where hosts are."""

    async def find(self, host: str) -> tuple[str, ...]:
        """Return a host's addresses, the preferred ones first.

        Raises:
            OSError: There are none.
        """

    async def ask(self, host: str, seconds: float) -> Sequence[Reply]:
        """Ask every name server of this machine for both kinds of address; never raises."""


class SystemResolver:
    """This machine's own."""

    async def find(self, host: str) -> tuple[str, ...]:
        """Look a host up as every program here does."""
        loop = asyncio.get_running_loop()
        found: asyncio.Future[tuple[str, ...]] = loop.create_future()

        def tell(addresses: tuple[str, ...], error: OSError | None) -> None:
            if not found.done():
                found.set_exception(error) if error else found.set_result(addresses)

        def search() -> None:
            addresses: tuple[str, ...] = ()
            problem: OSError | None = None
            try:
                infos = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
                addresses = tuple(dict.fromkeys(str(info[4][0]) for info in infos))
            except UnicodeError:
                problem = socket.gaierror(socket.EAI_NONAME, "this cannot be a host name")
            except OSError as error:
                problem = error
            # The check may be over by now.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(tell, addresses, problem)

        # A thread of its own that nobody waits for: the system's resolver cannot be told to stop.
        threading.Thread(target=search, daemon=True, name=f"find {host}").start()
        return await found

    async def ask(self, host: str, seconds: float) -> Sequence[Reply]:
        """Ask the servers of ``/etc/resolv.conf``."""
        try:
            servers = [str(one) for one in dns.resolver.Resolver().nameservers]
        except (dns.exception.DNSException, OSError):
            return ()
        return await asyncio.gather(
            *(_ask(host, kind, server, seconds) for server in servers for kind in ("A", "AAAA"))
        )


async def _ask(host: str, kind: str, server: str, seconds: float) -> Reply:
    began = time.monotonic()
    try:
        question = dns.message.make_query(host, kind)
        answer, _ = await dns.asyncquery.udp_with_fallback(question, server, timeout=seconds)
    except (dns.exception.DNSException, OSError, EOFError):
        return Reply(server, kind, "", seconds=time.monotonic() - began)
    wanted = dns.rdatatype.from_text(kind)
    addresses = [str(item) for rows in answer.answer if rows.rdtype == wanted for item in rows]
    aliases = {
        str(rows.name).rstrip("."): str(rows[0].target).rstrip(".")
        for rows in answer.answer
        if rows.rdtype == dns.rdatatype.CNAME
    }
    status = dns.rcode.to_text(answer.rcode())
    return Reply(server, kind, status, tuple(addresses), _chain(host, aliases), time.monotonic() - began)


def _chain(host: str, aliases: dict[str, str]) -> tuple[str, ...]:
    lower = {name.lower(): target for name, target in aliases.items()}
    chain: list[str] = []
    name = host
    while (name := lower.get(name.lower(), "")) and name not in chain:
        chain.append(name)
    return tuple(chain)


async def look_up(
    resolver: Resolver, host: str, limits: Limits, *, private: bool = False
) -> tuple[tuple[str, ...], Found]:
    """Find where a host is.

    Args:
        resolver: Who knows.
        host: The name; an address stands for itself.
        limits: How long to wait.
        private: Whether it must lead to a private endpoint.

    Returns:
        The addresses, the preferred ones first, and what there is to say.

    Raises:
        Fault: There are none that could be its own.
    """
    if is_address(host):
        return (host,), Found("is an address; nothing to look up")
    asking = asyncio.ensure_future(resolver.ask(host, limits.lookup))
    try:
        return await _look_up(resolver, host, limits, asking, private=private)
    finally:
        asking.cancel()


async def _look_up(
    resolver: Resolver, host: str, limits: Limits, asking: asyncio.Future[Sequence[Reply]], *, private: bool
) -> tuple[tuple[str, ...], Found]:
    began = time.monotonic()
    error: OSError | None = None
    addresses: tuple[str, ...] = ()
    try:
        async with asyncio.timeout(limits.lookup):
            addresses = await resolver.find(host)
    except OSError as problem:  # a TimeoutError is one as well
        error = problem
    seconds = time.monotonic() - began
    try:
        # Programs have what they need; the servers' own words must not hold them up.
        async with asyncio.timeout(0.5 if addresses else limits.lookup):
            replies = tuple(await asking)
    except TimeoutError:
        replies = ()
    evidence = _evidence(addresses, replies)
    if not addresses:
        raise _nothing(host, replies, error, evidence)
    if any(map(is_nowhere, addresses)):
        raise Fault(Cause.DNS_LIES, f"is led to {addresses[0]}, where nothing can be", *evidence)
    return addresses, _found(addresses, replies, evidence, seconds, private=private)


def _found(
    addresses: tuple[str, ...], replies: Sequence[Reply], evidence: Evidence, seconds: float, *, private: bool
) -> Found:
    where = ", ".join(addresses[:4]) + (f" and {len(addresses) - 4} more" if len(addresses) > 4 else "")
    if private and not any(map(is_private, addresses)):
        return Found(f"{where}: a public address, where a private endpoint's should be", evidence, Cause.PRIVATE_LINK)
    if (split := _split(replies)) is not None:
        return Found(f"{where}; name servers disagree: {split}", evidence, Cause.DNS_FAILED)
    if seconds > _SLOW:
        return Found(f"{where}, after {seconds:.1f} seconds", evidence, Cause.DNS_SLOW)
    if any(_PRIVATE_LINK in f".{name}" for reply in replies for name in reply.chain):
        sort = "a private endpoint" if any(map(is_private, addresses)) else "public, though there is a private zone"
        return Found(f"{where}: {sort}", evidence)
    return Found(where, evidence)


def _split(replies: Sequence[Reply]) -> str | None:
    """Say how servers differ in what clients would notice: there or not, public or private."""
    seen: dict[str, str] = {}
    for reply in replies:
        if reply.kind == "A" and reply.status:
            sort = "a private address" if any(map(is_private, reply.addresses)) else "a public address"
            seen[reply.server] = sort if reply.addresses else reply.status
    if len(set(seen.values())) < 2:
        return None
    return ", ".join(f"{server} has {what}" for server, what in seen.items())


def _nothing(host: str, replies: Sequence[Reply], error: OSError | None, evidence: Evidence) -> Fault:
    statuses = [reply.status for reply in replies]
    silent = isinstance(error, TimeoutError) or (isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN)
    if any(reply.addresses for reply in replies) and silent:
        mute = sorted({f"{reply.server} for {reply.kind}" for reply in replies if not reply.status})
        who = f": {', '.join(mute)}" if mute else ""
        return Fault(Cause.DNS_SILENT, f"questions are left unanswered{who}", *evidence)
    if "NXDOMAIN" in statuses:
        return Fault(Cause.DNS, "there is no such name", *evidence)
    failed = sorted({status for status in statuses if status and status != "NOERROR"})
    if failed:
        return Fault(Cause.DNS_FAILED, f"the name server answers {', '.join(failed)}", *evidence)
    if "NOERROR" in statuses:
        return Fault(Cause.DNS, "the name exists, and has no address", *evidence)
    if silent or not isinstance(error, socket.gaierror):
        return Fault(Cause.DNS_SILENT, "no name server answers", *evidence)
    return Fault(Cause.DNS, f"there is no address for {host}", *evidence)


def _evidence(addresses: tuple[str, ...], replies: Sequence[Reply]) -> Evidence:
    rows = [("addresses", ", ".join(addresses))] if addresses else []
    for reply in replies:
        said = reply.status or "no answer"
        if reply.addresses:
            said = ", ".join(reply.addresses)
        path = "".join(f"{name} -> " for name in reply.chain)
        rows.append((f"{reply.kind} from {reply.server}", f"{path}{said} ({reply.seconds * 1000:.0f} ms)"))
    return tuple(rows)
