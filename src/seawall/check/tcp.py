"""Connections: every address of a host is tried at once, and the first that answers is used.

All are tried, since clients prefer IPv6 where there is some: a wall that drops only that makes every pull slow.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from anyio.abc import SocketStream

from seawall.check.cause import Cause
from seawall.check.step import Evidence, Fault, Found

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Attempt", "connect", "judge", "try_all"]

_MOST: Final = 4
"""Addresses of each family that are tried."""
_ABSENT: Final = frozenset((errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT))


@dataclass(frozen=True, slots=True)
class Attempt:
    """One connection that was tried.

    Attributes:
        address: Where to.
        seconds: How long it took.
        cause: Why there is none; ``None`` if there is.
        error: What the system said.
    """

    address: str
    seconds: float
    cause: Cause | None = None
    error: str = ""


async def connect(address: str, port: int, seconds: float) -> SocketStream:
    """Connect to an address.

    Raises:
        OSError: As the system has it; a TimeoutError when nothing came back.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    talk = socket.socket(family, socket.SOCK_STREAM)
    try:
        talk.setblocking(False)  # noqa: FBT003 - the standard library's
        talk.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().sock_connect(talk, (address, port))
        return await SocketStream.from_socket(talk)
    except BaseException:
        talk.close()
        raise


async def try_all(
    addresses: Sequence[str], port: int, seconds: float, first: asyncio.Future[tuple[str, SocketStream]]
) -> tuple[Attempt, ...]:
    """Try all addresses at once.

    Args:
        addresses: Where to.
        port: The port.
        seconds: How long to wait for each.
        first: Is given the first connection there is, and its address.
    """

    async def attempt(address: str) -> Attempt:
        began = time.monotonic()
        try:
            stream = await connect(address, port, seconds)
        except OSError as error:
            cause = _cause(address, error)
            words = f"no answer in {seconds:g} seconds" if cause is Cause.DROPPED else _words_of(error)
            return Attempt(address, time.monotonic() - began, cause, words)
        if first.done():
            await stream.aclose()
        else:
            first.set_result((address, stream))
        return Attempt(address, time.monotonic() - began)

    four = [one for one in addresses if ":" not in one][:_MOST]
    six = [one for one in addresses if ":" in one][:_MOST]
    return tuple(await asyncio.gather(*map(attempt, (*six, *four))))


def _words_of(error: OSError) -> str:
    # The event loop's own words repeat the address.
    return os.strerror(error.errno).lower() if error.errno else str(error)


def _cause(address: str, error: OSError) -> Cause:
    if isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
        return Cause.DROPPED
    if error.errno in _ABSENT and not _has_way(address):
        return Cause.NO_ROUTE
    return Cause.REFUSED


def _has_way(address: str) -> bool:
    """Say whether this machine knows a way to an address; a wall's "unreachable" comes back from further off."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            # Nothing is sent: connecting a datagram socket only looks at the routes.
            probe.connect((address, 9))
        except OSError as error:
            return error.errno not in _ABSENT
    return True


def judge(attempts: Sequence[Attempt]) -> Found:
    """Say what the attempts come to.

    Raises:
        Fault: There is no connection.
    """
    evidence: Evidence = tuple(
        (one.address, one.error or f"connected in {one.seconds * 1000:.0f} ms") for one in attempts
    )
    there = [one for one in attempts if one.cause is None]
    blocked = [one for one in attempts if one.cause not in {None, Cause.NO_ROUTE}]
    if not there:
        # What was sent and met something tells more than what could not be sent.
        worst = next((one for one in blocked if one.cause is Cause.REFUSED), None) or (blocked or list(attempts))[0]
        assert worst.cause is not None
        raise Fault(worst.cause, _words(worst, attempts), *evidence)
    fastest = min(one.seconds for one in there)
    families = sorted({"IPv6" if ":" in one.address else "IPv4" for one in there})
    said = f"connected over {' and '.join(families)} in {fastest * 1000:.0f} ms"
    if blocked:
        only = sorted({"IPv6" if ":" in one.address else "IPv4" for one in blocked})
        words = f"{said}, but {blocked[0].address} ({only[0]}): {blocked[0].error}"
        return Found(words, evidence, Cause.ONE_FAMILY)
    return Found(said, evidence)


def _words(worst: Attempt, attempts: Sequence[Attempt]) -> str:
    if worst.cause is not Cause.NO_ROUTE:
        return f"{worst.address}: {worst.error}"
    families = sorted({"IPv6" if ":" in one.address else "IPv4" for one in attempts})
    if len(families) > 1:
        return "this machine has no way to any of its addresses"
    return f"this machine has no {families[0]}, and the host has nothing else"
