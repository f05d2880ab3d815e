"""A small hostile world: sites that behave as they are told, a resolver that knows them, a check that meets them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Final, Self

from seawall.check.approach import Outfit
from seawall.check.credentials import Credentials
from seawall.check.limits import Limits
from seawall.check.question import Question
from seawall.check.reference import Reference
from seawall.check.route import Routes
from seawall.check.run import check
from seawall.check.services import is_public
from tests.check.certificates import Authority
from tests.check.judge import judge
from tests.check.site import Reply, Request, Site, Talk

if TYPE_CHECKING:
    import ssl
    from asyncio import StreamReader, StreamWriter
    from collections.abc import Awaitable, Callable, Sequence

    from seawall.check.dns import Reply as Said
    from seawall.check.report import Report
    from seawall.firewall.need import Need

__all__ = ["LIMITS", "PASSWORD", "USER", "Reply", "Request", "Site", "Talk", "World", "play"]

USER: Final = "dockhand"
PASSWORD: Final = "Tr0ub4dor+/3=Zebra"
LIMITS: Final = Limits(total=9, lookup=0.5, connect=0.5, handshake=0.5, answer=0.5, quiet=0.5)
AUTHORITY: Final = Authority()
TRUSTED: Final = AUTHORITY.trust()


if TYPE_CHECKING:
    Handler = Callable[[Request, Talk], Awaitable[Reply | None]]
    Raw = Callable[[Talk], Awaitable[None]]


class Resolver:
    """Knows what it was told; a number instead of addresses is how many seconds it takes to find nothing."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[str, ...] | OSError | float] = {}
        self.replies: dict[str, tuple[Said, ...]] = {}
        self.delay = 0.0
        self.asked: list[str] = []

    async def find(self, host: str) -> tuple[str, ...]:
        self.asked.append(host)
        await asyncio.sleep(self.delay)
        found = self.known.get(host, socket.gaierror(socket.EAI_NONAME, "no such name"))
        if isinstance(found, OSError):
            raise found
        if isinstance(found, tuple):
            return found
        await asyncio.sleep(found)
        raise OSError("gave up")

    async def ask(self, host: str, seconds: float) -> Sequence[Said]:
        await asyncio.sleep(0 * seconds)
        return self.replies.get(host, ())


class World:
    """Sites on addresses of this machine; a context manager.

    Attributes:
        resolver: Knows them.
        sites: All of them.
        trusted: What the client trusts.
        routes: Which proxies it goes through.
        credentials: Who signs in, if anybody.
    """

    def __init__(self) -> None:
        self.resolver = Resolver()
        self.sites: list[Site] = []
        self.authority = AUTHORITY
        self.trusted = TRUSTED
        self.routes = Routes(None)
        self.credentials: Credentials | None = Credentials(USER, PASSWORD)
        self.limits = LIMITS
        self.secrets: set[str] = set()
        self._servers: list[asyncio.Server] = []
        self._number = 1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()
        for site in self.sites:
            for task in site.tasks:
                task.cancel()
            await asyncio.gather(*site.tasks, return_exceptions=True)

    async def site(
        self,
        host: str,
        handler: Handler,
        *,
        context: ssl.SSLContext | None = None,
        address: str = "",
        port: int = 0,
        is_plain: bool = False,
    ) -> Site:
        """Open a site that speaks HTTP, over TLS unless it is plain."""

        async def serve(talk: Talk) -> None:
            while (request := await _request(talk.reader)) is not None:
                site.requests.append(request)
                reply = await handler(request, talk)
                if reply is None:
                    return
                await talk.say(reply.octets())

        secured = None if is_plain else context or AUTHORITY.server([host])
        site = await self.raw(host, serve, context=secured, address=address, port=port)
        return site

    async def raw(
        self,
        host: str,
        handler: Raw,
        *,
        context: ssl.SSLContext | None = None,
        address: str = "",
        port: int = 0,
    ) -> Site:
        """Open a site that does with a connection whatever it likes."""
        site = Site(host)

        async def serve(reader: StreamReader, writer: StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            site.tasks.add(task)
            site.connections += 1
            site.open.add(writer)
            try:
                await handler(Talk(reader, writer))
            except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
                pass  # the client went, as some are meant to
            finally:
                site.open.discard(writer)
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()

        if not address:
            self._number += 1
            address = f"127.0.0.{self._number}"
        server = await asyncio.start_server(
            serve, address, port, ssl=context, ssl_shutdown_timeout=0.2 if context else None
        )
        self._servers.append(server)
        site.port = server.sockets[0].getsockname()[1]
        self.resolver.known.setdefault(host, (address,))
        self.sites.append(site)
        return site

    def question(
        self, at: Site, image: str = "app:1", *, push: bool = False, need: Need | None = None, before: bool = False
    ) -> Question:
        """Ask for an image at a site."""

        async def credentials(authority: str, repository: str) -> Credentials | None:
            assert authority
            assert isinstance(repository, str)
            return self.credentials

        repository, _, tag = image.partition(":")
        name, _, digest = tag.partition("@")
        return Question(
            reference=Reference(at.host, at.port, repository, name, digest),
            need=need,
            credentials=credentials,
            client="here",
            push=push,
            before_switch=before,
        )

    async def check(
        self, at: Site, image: str = "app:1", *, push: bool = False, need: Need | None = None, before: bool = False
    ) -> Report:
        """Check, and judge what holds of every check whatever the world is like."""
        outfit = Outfit(
            resolver=self.resolver,
            routes=self.routes,
            trust=lambda _host, _port: self.trusted,
            limits=self.limits,
            private=lambda _: False,
            known=is_public,
        )
        secrets = set(self.secrets)
        if self.credentials is not None:
            secrets |= {self.credentials.password, self.credentials.identity_token} - {""}
        running = asyncio.all_tasks()
        report = await check(self.question(at, image, push=push, need=need, before=before), outfit)
        await judge(report, secrets=secrets, user=USER, running=running, sites=self.sites)
        return report


async def _request(reader: StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    method, target, _ = first.split(" ", 2)
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, target, headers, body)


def play(scenario: Callable[[World], Awaitable[Report]]) -> Report:
    """Play a scenario in a world of its own."""

    async def whole() -> Report:
        async with World() as world:
            return await scenario(world)

    return asyncio.run(whole())
