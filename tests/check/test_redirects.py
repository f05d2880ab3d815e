"""Where registries send clients that should not go there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from seawall.check.cause import Cause
from seawall.check.step import Verdict
from tests.check.registry import LAYER, Registry
from tests.check.world import Reply, Request, Talk, World, play

if TYPE_CHECKING:
    from seawall.check.report import Report

LINKS: Final = {
    "to itself": ("{blob}", {Cause.REDIRECT_LOOP}),
    "fragment": ("#x", {Cause.REDIRECT_LOOP}),
    "insecure": ("http://data.localhost/x", {Cause.REDIRECT_INSECURE}),
    "files": ("file:///etc/passwd", {Cause.REDIRECT_LOOP, Cause.REDIRECT_INSECURE}),
    "scripts": ("javascript:alert(1)", {Cause.REDIRECT_LOOP, Cause.REDIRECT_INSECURE}),
    "gopher": ("gopher://127.0.0.1:25/x", {Cause.REDIRECT_INSECURE}),
    "nobody": ("https:///path", {Cause.REDIRECT_LOOP, Cause.DIGEST, Cause.NO_IMAGE}),
    "userinfo": ("https://user:pw@data.localhost/x", {Cause.REDIRECT_LOOP}),
    "userinfo that looks like a host": ("https://registry.localhost:443@data.localhost/", {Cause.REDIRECT_LOOP}),
    "blank in host": ("https://data localhost/x", {Cause.REDIRECT_LOOP}),
    "blank in path": ("https://data.localhost/a b", {Cause.REDIRECT_LOOP}),
    "backslash": ("https://data.localhost\\@elsewhere.localhost/", {Cause.REDIRECT_LOOP}),
    "tab": ("https://data.\tlocalhost/x", {Cause.REDIRECT_LOOP}),
    "escape": ("https://data.localhost/\x1b[31m", {Cause.REDIRECT_LOOP}),
    "latin": ("https://d\xe4ta.localhost/", {Cause.REDIRECT_LOOP}),
    "percent": ("https://data%2elocalhost/", {Cause.REDIRECT_LOOP}),
    "tags": ("https://<b>x</b>/", {Cause.REDIRECT_LOOP}),
    "brackets": ("https://[::1/", {Cause.REDIRECT_LOOP}),
    "future": ("https://[v1.x]/", {Cause.REDIRECT_LOOP}),
    "port 99999": ("https://data.localhost:99999/", {Cause.REDIRECT_LOOP}),
    "port x": ("https://data.localhost:x/", {Cause.REDIRECT_LOOP}),
    "long host": (f"https://{'a.' * 500}example/", {Cause.REDIRECT_LOOP}),
    "long label": (f"https://{'a' * 64}.example/", {Cause.REDIRECT_LOOP}),
    "hexadecimal": ("https://0x7f.1/", {Cause.REDIRECT_LOOP, Cause.REDIRECT_PRIVATE}),
    "short": ("https://127.1/", {Cause.REDIRECT_LOOP, Cause.REDIRECT_PRIVATE}),
    "decimal": ("https://2130706433/", {Cause.REDIRECT_LOOP, Cause.REDIRECT_PRIVATE}),
    "octal": ("https://0177.0.0.1/", {Cause.REDIRECT_LOOP, Cause.REDIRECT_PRIVATE}),
    "hexadecimal whole": ("https://0x7f000001/", {Cause.REDIRECT_LOOP, Cause.REDIRECT_PRIVATE}),
    "empty": ("", {Cause.REDIRECT_LOOP}),
}
"""Odd places, and what is true of them. Nobody may be connected to."""


@pytest.mark.parametrize("case", LINKS)
def test_links_that_are_not_followed(case: str) -> None:
    link, causes = LINKS[case]

    async def scenario(world: World) -> Report:
        registry = Registry()

        async def away(request: Request, _: Talk) -> Reply:
            return Reply(307, [("Location", link.format(blob=request.target) if "{blob}" in link else link)])

        registry.odd["GET /v2/app/blobs/sha"] = away
        for host in ("data.localhost", "elsewhere.localhost", "127.1", "0x7f.1", "2130706433", "0177.0.0.1"):
            world.resolver.known[host] = ("127.0.0.99",)
        trap = await world.site("trap.localhost", Registry(), address="127.0.0.99")
        site = await world.site("registry.localhost", registry)
        report = await world.check(site)
        assert not trap.connections
        assert set(world.resolver.asked) <= {"registry.localhost"}
        return report

    report = play(scenario)
    assert report.problems[0].cause in causes
    assert report.problems[0].fatal


@pytest.mark.parametrize("link", ["//data.localhost:{port}/blob", "https://DATA.localhost.:{port}/blob", "/other"])
def test_links_that_are_odd_and_right(link: str) -> None:
    async def scenario(world: World) -> Report:
        async def storage(_: Request, __: Talk) -> Reply:
            return Reply(body=LAYER)

        data = await world.site("data.localhost", storage)
        registry = Registry({"GET /other": Reply(body=LAYER)}, link=link.format(port=data.port))
        return await world.check(await world.site("registry.localhost", registry))

    report = play(scenario)
    assert report.verdict is Verdict.OK, report.problems


def test_a_chain_of_redirects_without_end() -> None:
    async def scenario(world: World) -> Report:
        count = 0

        async def storage(_: Request, __: Talk) -> Reply:
            nonlocal count
            count += 1
            return Reply(302, [("Location", f"/{count}")])

        data = await world.site("data.localhost", storage)
        registry = Registry(link=f"https://{data.authority}/0")
        report = await world.check(await world.site("registry.localhost", registry))
        assert count < 20
        return report

    assert play(scenario).problems[0].cause is Cause.REDIRECT_LOOP


def test_a_ring_of_hosts() -> None:
    async def scenario(world: World) -> Report:
        registry = Registry()
        site = await world.site("registry.localhost", registry)

        async def storage(request: Request, _: Talk) -> Reply:
            assert "authorization" not in request.headers
            return Reply(302, [("Location", f"https://{site.authority}{site.asked('/v2/app/blobs/')[0].target}")])

        data = await world.site("data.localhost", storage)
        registry.realm = f"https://{site.authority}/token"
        registry.link = f"https://{data.authority}/x"
        return await world.check(site)

    assert play(scenario).problems[0].cause is Cause.REDIRECT_LOOP


def test_credentials_do_not_go_to_another_port_of_the_same_host() -> None:
    async def scenario(world: World) -> Report:
        registry = Registry()

        async def storage(request: Request, _: Talk) -> Reply:
            assert "authorization" not in request.headers
            return Reply(body=LAYER)

        context = world.authority.server(["registry.localhost"])
        other = await world.site("registry.localhost", storage, context=context, address="127.0.0.2")
        site = await world.site("registry.localhost", registry, context=context, address="127.0.0.2")
        registry.realm = f"https://{site.authority}/token"
        registry.link = f"https://{other.authority}/x"
        report = await world.check(site)
        assert len(other.requests) == 1
        return report

    assert play(scenario).verdict is Verdict.OK


def test_an_endless_page_behind_the_redirect() -> None:
    async def scenario(world: World) -> Report:
        async def storage(_: Request, __: Talk) -> Reply:
            return Reply(body=LAYER)

        data = await world.site("data.localhost", storage)

        async def away(_: Request, talk: Talk) -> None:
            await talk.say(f"HTTP/1.1 307 X\r\nLocation: https://{data.authority}/x\r\n\r\n".encode())
            while True:
                await talk.say(b"x" * 65536)

        registry = Registry({"GET /v2/app/blobs/sha": away})
        return await world.check(await world.site("registry.localhost", registry))

    report = play(scenario)
    assert report.verdict is Verdict.OK, report.problems
    assert report.seconds < 3
