"""Uploads that are sent elsewhere, refused, or cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from seawall.check.cause import Cause
from seawall.check.step import Kind, Verdict
from tests.check.registry import UPLOAD, Registry, error
from tests.check.world import Reply, Request, Talk, World, play

if TYPE_CHECKING:
    from seawall.check.report import Report
    from tests.check.registry import Odd

SESSION: Final = f"PATCH {UPLOAD}7"


async def cut(_: Request, __: Talk) -> None:
    return


async def silent(_: Request, talk: Talk) -> None:
    await talk.silence()


ODD: Final[dict[str, tuple[dict[str, Odd], set[Cause]]]] = {
    "denied": ({f"POST {UPLOAD}": error(403, "no")}, {Cause.FORBIDDEN}),
    "not a registry for pushes": (
        {f"POST {UPLOAD}": error(405, "no", "UNSUPPORTED")},
        {Cause.FORBIDDEN, Cause.NOT_A_REGISTRY},
    ),
    "no place": ({f"POST {UPLOAD}": Reply(202)}, set(Cause) - {Cause.REDIRECT_PRIVATE, Cause.NO_IMAGE}),
    "too large": ({SESSION: Reply(413)}, {Cause.BROKEN_OFF}),
    "cut": ({SESSION: cut}, {Cause.BROKEN_OFF}),
    "silent": ({SESSION: silent}, {Cause.STALLED}),
    "refused, and so is cancelling": ({SESSION: Reply(413), f"DELETE {UPLOAD}": cut}, {Cause.BROKEN_OFF}),
    "denied, and cancelling hangs": ({SESSION: error(403, "no"), f"DELETE {UPLOAD}": silent}, {Cause.FORBIDDEN}),
}


@pytest.mark.parametrize("case", ODD)
def test_uploads(case: str) -> None:
    odd, causes = ODD[case]

    async def scenario(world: World) -> Report:
        return await world.check(await world.site("registry.localhost", Registry(dict(odd))), push=True)

    report = play(scenario)
    failed = next(step for step in report.steps if step.kind is Kind.UPLOAD)
    assert failed.verdict is Verdict.FAILED
    assert failed.cause in causes
    assert report.problems[0].cause is failed.cause


def test_bytes_that_are_refused_before_they_have_come() -> None:
    """As proxies do with what is too large: they answer, and hang up without reading it."""

    async def scenario(world: World) -> Report:
        registry = Registry()

        async def serve(talk: Talk) -> None:
            while True:
                head = (await talk.reader.readuntil(b"\r\n\r\n")).decode()
                method, target, _ = head.split(" ", 2)
                if method == "PATCH":
                    await talk.say(Reply(413, [("Connection", "close")]).octets())
                    return
                reply = await registry(Request(method, target, {}), talk)
                assert reply is not None
                await talk.say(reply.octets())

        context = world.authority.server(["registry.localhost"])
        return await world.check(await world.raw("registry.localhost", serve, context=context), push=True)

    assert play(scenario).problems[0].cause is Cause.BROKEN_OFF


LOCATIONS: Final = (
    *("https://elsewhere.localhost:{port}/up", "//elsewhere.localhost:{port}/up", "http://{here}/up"),
    *("https://{here}@elsewhere.localhost:{port}/up", "https://elsewhere.localhost\\@{here}/up", "ftp://{here}/up"),
    *("https://u:p@{here}/up", "https://[::1/", "https://{here}:1/"),
)


@pytest.mark.parametrize("location", LOCATIONS)
@pytest.mark.parametrize("when", ["POST", "PATCH"])
def test_credentials_do_not_go_where_an_upload_is_sent(location: str, when: str) -> None:
    async def scenario(world: World) -> Report:
        other = await world.site("elsewhere.localhost", Registry())
        registry = Registry()
        site = await world.site("registry.localhost", registry)
        registry.realm = f"https://{site.authority}/token"
        place = location.format(port=other.port, here=site.authority)
        path = UPLOAD if when == "POST" else f"{UPLOAD}7"
        registry.odd[f"{when} {path}"] = Reply(202, [("Location", place)])
        report = await world.check(site, push=True)
        assert not other.connections
        return report

    report = play(scenario)
    failed = next(step for step in report.steps if step.kind is Kind.UPLOAD)
    assert failed.verdict is Verdict.FAILED


def test_an_upload_that_is_cancelled() -> None:
    async def scenario(world: World) -> Report:
        site = await world.site("registry.localhost", Registry())
        report = await world.check(site, push=True)
        assert [one.method for one in site.asked(UPLOAD)] == ["POST", "PATCH", "DELETE"]
        return report

    assert play(scenario).verdict is Verdict.OK
