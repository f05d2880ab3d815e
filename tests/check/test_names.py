"""Name servers that lie, are silent, slow, of two minds, or say too much."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Final

import pytest

from seawall.check.cause import Cause
from seawall.check.dns import Reply as Said
from seawall.check.step import Verdict
from tests.check.registry import Registry
from tests.check.world import World, play

if TYPE_CHECKING:
    from seawall.check.report import Report

HOST: Final = "registry.test"
NO_NAME: Final = socket.gaierror(socket.EAI_NONAME, "no such name")
AGAIN: Final = socket.gaierror(socket.EAI_AGAIN, "try again")

NOTHING: Final[dict[str, tuple[tuple[str, ...] | OSError | float, list[tuple[str, str, tuple[str, ...]]], Cause]]] = {
    "no such name": (NO_NAME, [("a", "NXDOMAIN", ())], Cause.DNS),
    "no address": (NO_NAME, [("a", "NOERROR", ())], Cause.DNS),
    "no such name, nobody asked": (NO_NAME, [], Cause.DNS),
    "trouble": (AGAIN, [("a", "SERVFAIL", ())], Cause.DNS_FAILED),
    "refused": (AGAIN, [("a", "REFUSED", ())], Cause.DNS_FAILED),
    "silent": (60.0, [("a", "", ())], Cause.DNS_SILENT),
    "silent, and never asked": (60.0, [], Cause.DNS_SILENT),
    "one is silent": (60.0, [("a", "", ()), ("b", "NOERROR", ("20.0.0.1",))], Cause.DNS_SILENT),
    "one gives up, one is silent": (60.0, [("a", "", ()), ("b", "SERVFAIL", ())], Cause.DNS_FAILED),
    "nobody's address": (("0.0.0.0",), [], Cause.DNS_LIES),
    "nobody's address, version 6": (("::",), [], Cause.DNS_LIES),
}


@pytest.mark.parametrize("case", NOTHING)
def test_names_that_lead_nowhere(case: str) -> None:
    known, replies, cause = NOTHING[case]

    async def scenario(world: World) -> Report:
        world.resolver.known[HOST] = known
        world.resolver.replies[HOST] = tuple(Said(server, "A", status, found) for server, status, found in replies)
        site = await world.site(HOST, Registry())
        report = await world.check(site)
        assert not site.connections
        return report

    report = play(scenario)
    assert report.problems[0].cause is cause
    assert report.seconds < 3


@pytest.mark.parametrize(("host", "listens"), [("quay.io", False), ("quay.io", True)])
def test_a_name_that_leads_to_this_machine_by_mistake(host: str, *, listens: bool) -> None:
    """Block lists do that; nobody listens here, or the wrong one."""

    async def scenario(world: World) -> Report:
        site = await world.site(host, Registry())
        if not listens:
            world.resolver.known[host] = ("127.66.66.66",)
        return await world.check(site)

    report = play(scenario)
    assert report.problems[0].cause is Cause.DNS_LIES
    assert report.problems[0].fatal


def test_a_name_that_leads_to_this_machine_on_purpose() -> None:
    """Debian has its own name at 127.0.1.1 in /etc/hosts; a pull works, so the check must."""

    async def scenario(world: World) -> Report:
        return await world.check(await world.site(HOST, Registry()))

    report = play(scenario)
    assert report.verdict is Verdict.OK, report.problems


def test_name_servers_of_two_minds() -> None:
    async def scenario(world: World) -> Report:
        replies = (Said("10.0.0.53", "A", "NOERROR", ("127.0.0.2",)), Said("8.8.8.8", "A", "NXDOMAIN"))
        world.resolver.replies["registry.localhost"] = replies
        return await world.check(await world.site("registry.localhost", Registry()))

    report = play(scenario)
    assert report.verdict is Verdict.WARNING
    assert report.problems[0].cause is Cause.DNS_FAILED


def test_a_slow_name_server() -> None:
    async def scenario(world: World) -> Report:
        world.resolver.delay = 0.3
        return await world.check(await world.site("registry.localhost", Registry()))

    report = play(scenario)
    assert report.verdict is not Verdict.FAILED
    assert report.seconds < 2


def test_five_hundred_addresses() -> None:
    async def scenario(world: World) -> Report:
        site = await world.site("registry.localhost", Registry())
        many = tuple(f"127.9.{number // 250}.{number % 250}" for number in range(500))
        world.resolver.known[site.host] = ("127.0.0.2", *many)
        world.resolver.replies[site.host] = (Said("10.0.0.53", "A", "NOERROR", many),)
        return await world.check(site)

    report = play(scenario)
    assert report.verdict is not Verdict.FAILED
    assert report.seconds < 3


def test_a_chain_without_end() -> None:
    async def scenario(world: World) -> Report:
        chain = tuple(f"{'x' * 60}{number}.{'y' * 60}.example" for number in range(500))
        world.resolver.replies["registry.localhost"] = (Said("10.0.0.53", "A", "NOERROR", (), chain),)
        return await world.check(await world.site("registry.localhost", Registry()))

    report = play(scenario)
    assert report.verdict is not Verdict.FAILED


def test_the_layer_is_at_a_name_that_nobody_knows() -> None:
    async def scenario(world: World) -> Report:
        return await world.check(await world.site("registry.localhost", Registry(link="https://data.test/blob")))

    report = play(scenario)
    assert report.problems[0].cause is Cause.DNS
    assert report.problems[0].hosts == ("data.test",)


def test_every_name_takes_for_ever_and_the_whole_is_bounded() -> None:
    async def scenario(world: World) -> Report:
        world.resolver.known["registry.test"] = 600.0
        site = await world.site("registry.test", Registry())
        began = asyncio.get_running_loop().time()
        report = await world.check(site)
        assert asyncio.get_running_loop().time() - began < world.limits.total / 2
        return report

    assert play(scenario).problems[0].cause is Cause.DNS_SILENT
