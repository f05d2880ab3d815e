"""The way to a host: its name, a connection or a proxy, TLS. Each host is approached once, whoever needs it."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import anyio

from seawall.check import suspicion, tls
from seawall.check.addresses import is_loopback, is_private
from seawall.check.cause import Cause
from seawall.check.dns import look_up
from seawall.check.door import Door
from seawall.check.http import Conversation
from seawall.check.journal import Spot
from seawall.check.step import Fault, Found, Kind, Place
from seawall.check.tcp import connect, judge, try_all
from seawall.check.tunnel import credentials_header, open_tunnel, tunnel_refusal

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

    from anyio.abc import ByteStream, SocketStream
    from anyio.streams.tls import TLSStream

    from seawall.check.dns import Resolver
    from seawall.check.journal import Journal
    from seawall.check.limits import Limits
    from seawall.check.route import Proxy, Routes

    Opener = Callable[[], Awaitable[ByteStream]]

__all__ = ["Approaches", "Outfit"]

_GOODBYE: Final = 0.1
"""Seconds for hanging up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outfit:
    """What a check goes out with.

    Attributes:
        resolver: Knows where hosts are.
        routes: Knows which proxy leads where.
        trust: Makes what the certificate of a host and port is checked against.
        limits: How long to wait.
        private: Says whether a host must be found at a private endpoint.
        known: Says whether a host is a well-known service's, which is never on this machine.
    """

    resolver: Resolver
    routes: Routes
    trust: Callable[[str, int], ssl.SSLContext]
    limits: Limits
    private: Callable[[str], bool]
    known: Callable[[str], bool]


class Approaches:
    """Approaches hosts, many at once, and each but once."""

    def __init__(self, outfit: Outfit, journal: Journal) -> None:
        self._outfit = outfit
        self._limits = outfit.limits
        self._journal = journal
        self._tasks: dict[tuple[str, int], asyncio.Task[Door]] = {}
        self._proxies: dict[Proxy, asyncio.Task[str]] = {}
        self._loose: set[asyncio.Task[None]] = set()
        self._streams: list[ByteStream] = []

    def to(self, spot: Spot, *, public: bool = False) -> asyncio.Task[Door]:
        """Approach a host, or return the approach that is under way.

        Args:
            spot: The host.
            public: Whether a stranger named it, so that nothing inside this network is gone to.

        Awaiting it raises a :class:`Fault` if the host cannot be reached; the steps say so already.
        """
        key = spot.host, spot.port
        if key not in self._tasks:
            task = asyncio.create_task(self._approach(spot, public=public))
            # Whoever cares awaits it; nobody need.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._tasks[key] = task
        return self._tasks[key]

    async def plainly(self, spot: Spot) -> None:
        """Approach a host that is asked without TLS, as lists of revoked certificates are.

        Raises:
            Fault: It cannot be reached; the steps say so.
        """
        proxy = self._outfit.routes.to(spot.host, spot.port)
        self._journal.meet(spot, str(proxy) if proxy else "direct")
        if proxy is None:
            _, stream = await self._direct(spot)
            await stream.aclose()
        else:
            at = await self._proxy(proxy)
            await self._journal.run(Kind.PROXY, spot, self._asked(proxy, at, spot))
        self._journal.meet(spot, reached=True)

    async def _asked(self, proxy: Proxy, at: str, spot: Spot) -> tuple[None, Found]:
        """Ask a proxy for a page, as clients do where there is no TLS."""
        if proxy.scheme.startswith("socks"):
            await self._first_tunnel(proxy, at, spot)
            return None, Found("the proxy connects to it")
        talk = Conversation(await self._to_proxy(proxy, at), spot.host, self._limits)
        try:
            answer = await talk.rest(await talk.begin("GET", f"http://{spot.host}/", credentials_header(proxy)), 4096)
        finally:
            await talk.close()
        if answer.status in {403, 407, 502, 503, 504}:
            raise tunnel_refusal(answer.status, proxy, (("answer", answer.words()),))
        return None, Found(f"the proxy answers {answer.status}")

    async def rest(self) -> None:
        """Wait for connections that nobody waits for, which are tried to know whether they come about."""
        await asyncio.gather(*self._loose)

    async def close(self) -> None:
        """Leave everything that is under way, and hang up everywhere."""
        tasks = (*self._tasks.values(), *self._proxies.values(), *self._loose)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for stream in self._streams:
            with anyio.move_on_after(_GOODBYE), contextlib.suppress(OSError, anyio.BrokenResourceError):
                await anyio.aclose_forcefully(stream)

    async def _approach(self, spot: Spot, *, public: bool) -> Door:
        proxy = self._outfit.routes.to(spot.host, spot.port)
        self._journal.meet(spot, str(proxy) if proxy else "direct")
        stream: ByteStream
        if proxy is None:
            address, stream = await self._direct(spot, public=public)
            opener: Opener = partial(self._again, address, spot.port)
        else:
            at = await self._proxy(proxy)
            opener = partial(self._through, proxy, at, spot)
            stream = await self._journal.run(Kind.PROXY, spot, self._first_tunnel(proxy, at, spot))
        context = self._outfit.trust(spot.host, spot.port)
        secured = await self._journal.run(Kind.TLS, spot, self._secure(stream, spot, context, opener))
        self._journal.meet(spot, reached=True)

        async def knock() -> TLSStream:
            return await self._believed(await opener(), spot, context)

        return Door(spot, self._limits, secured, knock)

    async def _direct(self, spot: Spot, *, public: bool = False) -> tuple[str, SocketStream]:
        """Find a host and connect to it; what becomes of its other addresses is told later."""
        addresses = await self._journal.run(Kind.DNS, spot, self._found(spot, public=public))
        self._journal.meet(spot, addresses=addresses)
        first: asyncio.Future[tuple[str, SocketStream]] = asyncio.get_running_loop().create_future()

        async def all_of_them() -> tuple[None, Found]:
            return None, judge(await try_all(addresses, spot.port, self._limits.connect, first))

        trying: asyncio.Task[None] = asyncio.create_task(self._journal.run(Kind.TCP, spot, all_of_them()))
        trying.add_done_callback(lambda done: done.cancelled() or done.exception())
        either: set[asyncio.Future[Any]] = {first, trying}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not first.done():
            await trying
        self._loose.add(trying)
        self._streams.append(first.result()[1])
        return first.result()

    async def _found(self, spot: Spot, *, public: bool) -> tuple[tuple[str, ...], Found]:
        private = self._outfit.private(spot.host)
        addresses, found = await look_up(self._outfit.resolver, spot.host, self._limits, private=private)
        if self._outfit.known(spot.host) and all(map(is_loopback, addresses)):
            raise Fault(Cause.DNS_LIES, f"is led to {addresses[0]}, this machine itself", *found.evidence)
        inside = next(filter(is_private, addresses), None)
        if public and not private and inside is not None:
            said = f"clients are sent here, and it is {inside}, inside this network"
            raise Fault(Cause.REDIRECT_PRIVATE, said, *found.evidence)
        return addresses, found

    async def _proxy(self, proxy: Proxy) -> str:
        """Return the address that a proxy answers at."""
        if proxy not in self._proxies:
            self._proxies[proxy] = asyncio.create_task(self._reach_proxy(proxy))
        return await asyncio.shield(self._proxies[proxy])

    async def _reach_proxy(self, proxy: Proxy) -> str:
        spot = Spot(proxy.host, proxy.port, Place.PROXY)
        self._journal.hide(proxy.password)
        self._journal.meet(spot)
        address, stream = await self._direct(spot)
        await stream.aclose()
        if proxy.scheme == "https":
            opener = partial(self._again, address, proxy.port)
            context = self._outfit.trust(proxy.host, proxy.port)
            secured = await self._journal.run(Kind.TLS, spot, self._secure(await opener(), spot, context, opener))
            await secured.aclose()
        self._journal.meet(spot, reached=True)
        return address

    async def _first_tunnel(self, proxy: Proxy, at: str, spot: Spot) -> tuple[ByteStream, Found]:
        stream = await self._to_proxy(proxy, at)
        return stream, await open_tunnel(stream, proxy, spot.host, spot.port, self._limits.connect)

    async def _through(self, proxy: Proxy, at: str, spot: Spot) -> ByteStream:
        stream, _ = await self._first_tunnel(proxy, at, spot)
        return stream

    async def _to_proxy(self, proxy: Proxy, at: str) -> ByteStream:
        stream = await self._again(at, proxy.port)
        if proxy.scheme != "https":
            return stream
        spot = Spot(proxy.host, proxy.port, Place.PROXY)
        return await self._believed(stream, spot, self._outfit.trust(proxy.host, proxy.port))

    async def _again(self, address: str, port: int) -> ByteStream:
        try:
            stream = await connect(address, port, self._limits.connect)
        except OSError as error:
            words = "no answer" if isinstance(error, TimeoutError) else error.strerror or str(error)
            raise Fault(Cause.BROKEN_OFF, f"connected once, but not again: {words}") from None
        self._streams.append(stream)
        return stream

    async def _believed(self, stream: ByteStream, spot: Spot, context: ssl.SSLContext) -> TLSStream:
        try:
            return await tls.handshake(stream, spot.host, context, self._limits.handshake)
        except tls.Mistrust as doubt:
            raise Fault(doubt.cause, f"shows another certificate than before: {doubt.words}") from None

    async def _secure(
        self, stream: ByteStream, spot: Spot, context: ssl.SSLContext, opener: Opener
    ) -> tuple[TLSStream, Found]:
        try:
            secured = await tls.handshake(stream, spot.host, context, self._limits.handshake)
        except tls.Mistrust as doubt:
            raise await suspicion.look(spot, doubt, opener, self._limits) from None
        return secured, tls.shown(secured)
