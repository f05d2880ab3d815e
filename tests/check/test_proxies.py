"""Proxies that refuse, cannot, hang, want credentials, answer nonsense, or cannot be trusted."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

import pytest

from seawall.check.cause import Cause
from seawall.check.route import Proxy, Routes
from seawall.check.step import Verdict
from tests.check.registry import Registry
from tests.check.world import Reply, Talk, World, play

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from seawall.check.report import Report
    from tests.check.world import Site

    Raw = Callable[[Talk], Awaitable[None]]

SECRET: Final = "Pr0xyPassw0rd/+="


async def pipe(talk: Talk, site: Site, first: bytes = b"") -> None:
    """Join a client to a site."""
    reader, writer = await asyncio.open_connection("127.0.0.2", site.port)

    async def carry() -> None:
        while data := await talk.reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    carrying = asyncio.create_task(carry(), name="World.raw")
    with contextlib.suppress(OSError):
        await talk.say(first)
        while data := await reader.read(65536):
            await talk.say(data)
    carrying.cancel()
    writer.close()


def answering(octets: bytes, *, stays: bool = False) -> Callable[[Site], Raw]:
    """A proxy that answers every request so, and joins the client to the registry if it stays."""

    def proxy(site: Site) -> Raw:
        async def serve(talk: Talk) -> None:
            await talk.reader.readuntil(b"\r\n\r\n")
            if stays:
                await pipe(talk, site, octets)
            else:
                await talk.say(octets)

        return serve

    return proxy


def saying(octets: bytes) -> Callable[[Site], Raw]:
    """A server that says so, whatever it is asked, and then nothing more."""

    def proxy(_: Site) -> Raw:
        async def serve(talk: Talk) -> None:
            await talk.reader.read(1)
            await talk.say(octets)
            await talk.silence()

        return serve

    return proxy


def dripping(octets: bytes) -> Callable[[Site], Raw]:
    def proxy(_: Site) -> Raw:
        async def serve(talk: Talk) -> None:
            await talk.reader.read(1)
            await talk.drip(octets)

        return serve

    return proxy


def flooding(octets: bytes) -> Callable[[Site], Raw]:
    def proxy(_: Site) -> Raw:
        async def serve(talk: Talk) -> None:
            await talk.reader.read(1)
            while True:
                await talk.say(octets)

        return serve

    return proxy


def shutting(_: Site) -> Raw:
    async def serve(talk: Talk) -> None:
        await talk.reader.read(1)

    return serve


def refusal(status: int, *headers: tuple[str, str]) -> Callable[[Site], Raw]:
    return answering(Reply(status, headers, b"<html>no</html>").octets())


SQUID: Final = "X-Squid-Error"
OK: Final = b"HTTP/1.1 200 Connection established\r\n\r\n"
PROXIES: Final[dict[str, tuple[Callable[[Site], Raw], set[Cause | None]]]] = {
    "refuses": (refusal(403), {Cause.PROXY}),
    "refuses oddly": (refusal(418), {Cause.PROXY}),
    "wants credentials": (refusal(407, ("Proxy-Authenticate", "Basic realm=x")), {Cause.PROXY_LOGIN}),
    "steers": (refusal(403, ("Server", "\x1b[31m\x9b" + "s" * 9000), ("Via", "\x07")), {Cause.PROXY}),
    "says the password back": (refusal(403, ("Server", SECRET), ("Via", "UHIweHlQYXNzdzByZC8rPQ")), {Cause.PROXY}),
    "cannot resolve": (refusal(503, (SQUID, "ERR_DNS_FAIL 0")), {Cause.PROXY_FAILED}),
    "cannot connect": (refusal(503, (SQUID, "ERR_CONNECT_FAIL 110")), {Cause.PROXY_FAILED}),
    "denies by 503": (refusal(503, (SQUID, "ERR_ACCESS_DENIED 0")), {Cause.PROXY}),
    "bad gateway": (refusal(502), {Cause.PROXY_FAILED}),
    "hangs": (saying(b""), {Cause.PROXY_FAILED, Cause.PROXY_GONE}),
    "hangs up": (answering(b""), {Cause.PROXY, Cause.PROXY_GONE}),
    "half an answer": (answering(b"HTTP/1.1 200 O"), {Cause.PROXY, Cause.PROXY_GONE}),
    "nonsense": (answering(bytes(range(256)) * 20), {Cause.PROXY_GONE}),
    "SSH": (answering(b"SSH-2.0-x\r\n\r\n"), {Cause.PROXY_GONE}),
    "sends elsewhere": (refusal(302, ("Location", "http://portal.example/")), {Cause.PROXY, Cause.CAPTIVE_PORTAL}),
    "drips": (dripping(b"HTTP/1.1 200 " + b"x" * 5000), {Cause.PROXY_FAILED, Cause.PROXY_GONE}),
    "early hints": (flooding(b"HTTP/1.1 103 X\r\n\r\n" * 20), {Cause.PROXY_FAILED, Cause.PROXY_GONE}),
    "endless head": (flooding(b"x" * 65536), {Cause.PROXY_GONE}),
    "connects to nothing": (answering(OK), {Cause.CUT, Cause.PROXY}),
    "connects to silence": (saying(OK), {Cause.SILENT}),
    "glues bytes on": (answering(OK + b"<html>hello", stays=True), {None, Cause.TLS, Cause.NO_TLS, Cause.PROXY_GONE}),
    "is all right": (answering(OK, stays=True), {None}),
}


@pytest.mark.parametrize("login", [False, True])
@pytest.mark.parametrize("case", PROXIES)
def test_http_proxies(case: str, *, login: bool) -> None:
    make, causes = PROXIES[case]

    async def scenario(world: World) -> Report:
        site = await world.site("registry.localhost", Registry())
        proxy = await world.raw("proxy.localhost", make(site))
        user = ("clerk", SECRET) if login else ("", "")
        world.secrets = {SECRET} if login else set()
        world.routes = Routes(Proxy("http", proxy.host, proxy.port, *user))
        report = await world.check(site)
        assert "registry.localhost" not in world.resolver.asked
        return report

    report = play(scenario)
    first = report.problems[0].cause if report.problems else None
    assert first in causes
    assert report.seconds < 4
    assert not any(SECRET in one.way for one in report.met)


CODES: Final = {
    0: None,
    1: Cause.PROXY_FAILED,
    2: Cause.PROXY,
    3: Cause.PROXY_FAILED,
    4: Cause.PROXY_FAILED,
    5: Cause.PROXY_FAILED,
    6: Cause.PROXY_FAILED,
    7: Cause.PROXY_FAILED,
    8: Cause.PROXY_FAILED,
    9: Cause.PROXY_GONE,
    255: Cause.PROXY_GONE,
}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(("kind", "login"), [(1, False), (3, True), (4, True)])
def test_socks_replies(code: int, kind: int, *, login: bool) -> None:
    async def scenario(world: World) -> Report:
        site = await world.site("registry.localhost", Registry())

        async def serve(talk: Talk) -> None:
            count = (await talk.reader.readexactly(2))[1]
            methods = await talk.reader.readexactly(count)
            assert (2 if login else 0) in methods
            await talk.say(b"\x05\x02" if login else b"\x05\x00")
            if login:
                length = (await talk.reader.readexactly(2))[1]
                assert await talk.reader.readexactly(length) == b"clerk"
                length = (await talk.reader.readexactly(1))[0]
                assert await talk.reader.readexactly(length) == SECRET.encode()
                await talk.say(b"\x01\x00")
            head = await talk.reader.readexactly(5)
            assert head[:4] == b"\x05\x01\x00\x03"
            name = await talk.reader.readexactly(head[4])
            assert name == b"registry.localhost"
            await talk.reader.readexactly(2)
            bound = {1: bytes(4), 3: b"\x03abc", 4: bytes(16)}[kind]
            reply = bytes((5, code, 0, kind)) + bound + b"\x00\x50"
            if code:
                await talk.say(reply)
            else:
                await pipe(talk, site, reply)

        proxy = await world.raw("proxy.localhost", serve)
        world.secrets = {SECRET}
        world.routes = Routes(Proxy("socks5h", proxy.host, proxy.port, *(("clerk", SECRET) if login else ())))
        return await world.check(site)

    report = play(scenario)
    first = report.problems[0].cause if report.problems else None
    assert first is CODES[code]


SOCKS: Final = {
    "hangs": (saying(b""), {Cause.PROXY_FAILED, Cause.PROXY_GONE}),
    "hangs up": (shutting, {Cause.PROXY_FAILED, Cause.PROXY_GONE, Cause.PROXY}),
    "no method": (saying(b"\x05\xff"), {Cause.PROXY_LOGIN}),
    "an unknown method": (saying(b"\x05\x77"), {Cause.PROXY_LOGIN, Cause.PROXY_GONE}),
    "SOCKS 4": (saying(b"\x04\x00" + bytes(9)), {Cause.PROXY_GONE}),
    "HTTP": (saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), {Cause.PROXY_GONE}),
    "wrong credentials": (saying(b"\x05\x02\x01\x01"), {Cause.PROXY_LOGIN}),
    "nonsense after signing in": (saying(b"\x05\x02\x01\x00" + b"\xff" * 300), {Cause.PROXY_GONE}),
    "half a reply": (saying(b"\x05\x02\x01\x00\x05\x00"), {Cause.PROXY_FAILED, Cause.PROXY_GONE}),
    "an address of no kind": (saying(b"\x05\x02\x01\x00\x05\x00\x00\x09" + bytes(30)), {Cause.PROXY_GONE}),
    "drips": (dripping(b"\x05\x02\x01\x00\x05\x00\x00\x03\xff" + bytes(300)), {Cause.PROXY_FAILED}),
}


@pytest.mark.parametrize("case", SOCKS)
def test_socks_proxies(case: str) -> None:
    make, causes = SOCKS[case]

    async def scenario(world: World) -> Report:
        site = await world.site("registry.localhost", Registry())
        proxy = await world.raw("proxy.localhost", make(site))
        world.secrets = {SECRET}
        world.routes = Routes(Proxy("socks5", proxy.host, proxy.port, "clerk", SECRET))
        return await world.check(site)

    report = play(scenario)
    assert report.problems[0].cause in causes
    assert report.seconds < 4


@pytest.mark.parametrize("scheme", ["http", "https", "socks5"])
def test_a_proxy_that_is_not_there(scheme: str) -> None:
    async def scenario(world: World) -> Report:
        site = await world.site("registry.localhost", Registry())
        world.resolver.known["proxy.localhost"] = ("127.0.0.2",)
        world.routes = Routes(Proxy(scheme, "proxy.localhost", 1, "clerk", SECRET))
        world.secrets = {SECRET}
        return await world.check(site)

    report = play(scenario)
    assert report.problems[0].cause is Cause.PROXY_GONE
    assert report.problems[0].hosts == ("proxy.localhost",)


def test_a_proxy_whose_name_nobody_knows() -> None:
    async def scenario(world: World) -> Report:
        site = await world.site("registry.localhost", Registry())
        world.routes = Routes(Proxy("http", "proxy.test", 3128))
        return await world.check(site)

    assert play(scenario).problems[0].cause is Cause.PROXY_GONE


@pytest.mark.parametrize("trusted", [True, False])
def test_a_proxy_over_tls(*, trusted: bool) -> None:
    async def scenario(world: World) -> Report:
        site = await world.site("registry.localhost", Registry())
        context = world.authority.server(["proxy.localhost" if trusted else "other.example"])
        proxy = await world.raw("proxy.localhost", answering(OK, stays=True)(site), context=context)
        world.secrets = {SECRET}
        world.routes = Routes(Proxy("https", proxy.host, proxy.port, "clerk", SECRET))
        return await world.check(site)

    report = play(scenario)
    if trusted:
        assert report.verdict is Verdict.OK, report.problems
    else:
        assert report.problems[0].cause is Cause.WRONG_NAME
        assert report.problems[0].hosts == ("proxy.localhost",)


def test_a_host_without_proxy() -> None:
    async def scenario(world: World) -> Report:
        site = await world.site("registry.localhost", Registry())
        proxy = await world.raw("proxy.localhost", refusal(403)(site))
        world.routes = Routes(Proxy("http", proxy.host, proxy.port), no_proxy=".localhost")
        report = await world.check(site)
        assert not proxy.connections
        return report

    assert play(scenario).verdict is Verdict.OK


@pytest.mark.parametrize("name", ["127.1", "0x7f.1", "2130706433", "10.0.0.5", "[fd00::1]", "169.254.169.254"])
def test_a_proxy_is_not_asked_for_the_inside(name: str) -> None:
    """Where the proxy looks names up, nobody here can see where they lead; addresses can be seen."""

    async def scenario(world: World) -> Report:
        asked = []
        site = await world.site("registry.localhost", Registry(link=f"https://{name}/x"))

        async def serve(talk: Talk) -> None:
            asked.append(await talk.reader.readuntil(b"\r\n\r\n"))
            await pipe(talk, site, OK)

        proxy = await world.raw("proxy.localhost", serve)
        world.routes = Routes(Proxy("http", proxy.host, proxy.port))
        report = await world.check(site)
        assert all(one.startswith(b"CONNECT registry.localhost:") for one in asked)
        return report

    assert play(scenario).problems[0].cause in {Cause.REDIRECT_PRIVATE, Cause.REDIRECT_LOOP}
