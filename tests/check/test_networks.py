"""Networks of public and private addresses: who is led inside, what is dropped, and what has no way."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from seawall.check.cause import Cause
from seawall.check.step import Verdict
from tests.check.registry import LAYER, Registry
from tests.check.world import Reply, Request, Talk, World
from tests.support.nets import Net, needs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from seawall.check.report import Report
    from tests.check.world import Site

pytestmark = needs("nft")

LOGIN: Final = "20.10.0.1"
DATA: Final = "20.10.0.2"
INSIDE: Final = ("10.0.0.5", "169.254.169.254", "100.64.0.5", "fd00::5", "127.0.0.5")
LOGIN_6: Final = "2a01:4f8::1"
DROPPED: Final = "table inet wall {{\nchain out {{\ntype filter hook output priority 0\n{} drop\n}}\n}}\n"


@pytest.fixture(scope="module")
def world_net() -> Iterator[Net]:
    """Public and private addresses, all of them this machine's."""
    with Net() as net:
        net.owns(
            f"{LOGIN}/32", f"{DATA}/32", f"{LOGIN_6}/128", *(f"{one}/{128 if ':' in one else 32}" for one in INSIDE[:4])
        )
        yield net


def play(net: Net, scenario: Callable[[World], Awaitable[Report]]) -> Report:
    async def whole() -> Report:
        async with World() as world:
            return await scenario(world)

    with net.inside():
        return asyncio.run(whole())


async def traps(world: World) -> list[Site]:
    """Everything inside that nobody may be led to."""

    async def trap(talk: Talk) -> None:
        await talk.silence()

    return [await world.raw(f"trap{number}.test", trap, address=one, port=443) for number, one in enumerate(INSIDE)]


WAYS: Final = ("link", "realm", "endpoint", "upload", "manifest")
PLACES: Final = (*(f"trap{number}.test" for number in range(len(INSIDE))), *INSIDE, "::ffff:10.0.0.5", "64:ff9b::a00:5")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("way", WAYS)
def test_nobody_is_led_inside(world_net: Net, way: str, place: str) -> None:
    async def scenario(world: World) -> Report:
        inside = await traps(world)
        host = f"[{place}]" if ":" in place else place
        registry = Registry()
        away = Reply(307, [("Location", f"https://{host}/x")])
        if way == "link":
            registry.link = f"https://{host}/x"
        elif way == "realm":
            registry.realm = f"https://{host}/token"
        elif way == "manifest":
            registry.odd["GET /v2/app/manifests/"] = away
        elif way == "upload":
            registry.odd["POST /v2/app/blobs/uploads/"] = replace(away, status=202)
        else:
            rows = [{"region": "east", "endpoint": place}]
            registry.odd["GET /v2/_seawall/endpoints"] = Reply(body=json.dumps({"dataEndpoints": rows}).encode())
        site = await world.site("registry.test", registry, address=LOGIN, port=443)
        report = await world.check(site, push=way == "upload")
        assert not [one.host for one in inside if one.connections]
        return report

    report = play(world_net, scenario)
    if way in {"link", "realm", "manifest"}:
        assert report.verdict is Verdict.FAILED
        assert report.problems[0].cause in {Cause.REDIRECT_PRIVATE, Cause.REDIRECT_LOOP}


def test_nobody_is_led_inside_by_a_registry_with_one_foot_there(world_net: Net) -> None:
    """Whose own name has a private address beside its public one."""

    async def scenario(world: World) -> Report:
        inside = await traps(world)
        site = await world.site("registry.test", Registry(link="https://10.0.0.5/x"), address=LOGIN, port=443)
        world.resolver.known["registry.test"] = (LOGIN, "10.0.0.77")
        report = await world.check(site)
        assert not [one.host for one in inside if one.connections]
        return report

    assert play(world_net, scenario).problems[0].cause is Cause.REDIRECT_PRIVATE


def test_nobody_is_led_inside_by_the_second_of_two_addresses(world_net: Net) -> None:
    async def scenario(world: World) -> Report:
        inside = await traps(world)
        world.resolver.known["data.test"] = (DATA, "10.0.0.5")
        site = await world.site("registry.test", Registry(link="https://data.test/x"), address=LOGIN, port=443)
        report = await world.check(site)
        assert not [one.host for one in inside if one.connections]
        return report

    assert play(world_net, scenario).problems[0].cause is Cause.REDIRECT_PRIVATE


def test_a_private_registry_may_send_to_private_addresses(world_net: Net) -> None:
    async def scenario(world: World) -> Report:
        async def storage(_: Request, __: Talk) -> Reply:
            return Reply(body=LAYER)

        await world.site("data.test", storage, address="10.0.0.5", port=443)
        registry = Registry(link="https://data.test/x")
        site = await world.site("registry.test", registry, address="100.64.0.5", port=443)
        return await world.check(site)

    assert play(world_net, scenario).verdict is Verdict.OK


@pytest.fixture
def walled() -> Iterator[Net]:
    """Public addresses, and a wall that is yet to be built."""
    with Net() as net:
        net.owns(f"{LOGIN}/32", f"{DATA}/32", f"{LOGIN_6}/128")
        yield net


def pull(*addresses: str, link: bool = False) -> Callable[[World], Awaitable[Report]]:
    async def scenario(world: World) -> Report:
        async def storage(_: Request, __: Talk) -> Reply:
            return Reply(body=LAYER)

        registry = Registry(link="https://data.test/x" if link else "")
        await world.site("data.test", storage, address=DATA, port=443)
        for address in addresses:
            site = await world.site("registry.test", registry, address=address, port=443)
        world.resolver.known["registry.test"] = addresses
        return await world.check(site)

    return scenario


def test_a_black_hole(walled: Net) -> None:
    walled.run("nft", "-f", "-", stdin=DROPPED.format("tcp dport 443"))
    report = play(walled, pull(LOGIN, link=True))
    assert report.problems[0].cause is Cause.DROPPED
    assert report.problems[0].hosts == ("registry.test",)
    assert report.seconds < 2


def test_a_black_hole_behind_the_redirect(walled: Net) -> None:
    walled.run("nft", "-f", "-", stdin=DROPPED.format(f"ip daddr {DATA}"))
    report = play(walled, pull(LOGIN, link=True))
    assert report.problems[0].cause is Cause.DROPPED
    assert report.problems[0].hosts == ("data.test",)


def test_a_wall_that_says_no(walled: Net) -> None:
    rules = DROPPED.replace("drop", "reject with tcp reset")
    walled.run("nft", "-f", "-", stdin=rules.format("tcp dport 443"))
    report = play(walled, pull(LOGIN))
    assert report.problems[0].cause is Cause.REFUSED
    assert report.seconds < 1


def test_version_6_is_dropped_and_version_4_is_fine(walled: Net) -> None:
    walled.run("nft", "-f", "-", stdin=DROPPED.format("meta nfproto ipv6 tcp dport 443"))
    report = play(walled, pull(LOGIN_6, LOGIN))
    assert report.verdict is Verdict.WARNING
    assert report.problems[0].cause is Cause.ONE_FAMILY
    assert report.seconds < 3


def test_there_is_no_way_for_version_6(walled: Net) -> None:
    async def scenario(world: World) -> Report:
        site = await world.site("registry.test", Registry(), address=LOGIN, port=443)
        world.resolver.known["registry.test"] = ("2a01:4f8:9::9", LOGIN)
        return await world.check(site)

    assert play(walled, scenario).verdict is Verdict.OK


def test_there_is_version_6_alone_and_the_registry_has_none(walled: Net) -> None:
    async def scenario(world: World) -> Report:
        site = await world.site("registry.test", Registry(), address=LOGIN, port=443)
        world.resolver.known["registry.test"] = ("198.18.0.1",)
        return await world.check(site)

    report = play(walled, scenario)
    assert report.problems[0].cause is Cause.NO_ROUTE
    assert report.seconds < 1


def test_bytes_that_stop_in_the_middle(walled: Net) -> None:
    """The connection and the hello go through, and what is large does not: a path whose MTU nobody tells."""

    async def scenario(world: World) -> Report:
        registry = Registry()

        async def stop(_: Request, talk: Talk) -> None:
            await talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(LAYER) + LAYER[:1000])
            rules = DROPPED.format("tcp sport 443")
            await asyncio.to_thread(walled.run, "nft", "-f", "-", stdin=rules)
            await talk.silence()

        registry.odd["GET /v2/app/blobs/"] = stop
        site = await world.site("registry.test", registry, address=LOGIN, port=443)
        world.sites.clear()  # nothing of the server's side ends behind a black hole
        return await world.check(site)

    began = time.monotonic()
    report = play(walled, scenario)
    assert report.problems[0].cause is Cause.STALLED
    assert time.monotonic() - began < 5
