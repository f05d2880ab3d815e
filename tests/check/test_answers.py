"""Servers that answer badly, slowly, for ever or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from seawall.check.cause import Cause
from seawall.check.step import Verdict
from tests.check.registry import LAYER, Registry, error, page
from tests.check.world import Reply, Request, Talk, World, play

if TYPE_CHECKING:
    from seawall.check.report import Report
    from tests.check.registry import Odd

HEAD: Final = b"HTTP/1.1 200 OK\r\n"
LONG: Final = b"Content-Length: 100000\r\n\r\n"


async def hang_up(_request: Request, _talk: Talk) -> None:
    return


async def silence(_: Request, talk: Talk) -> None:
    await talk.silence()


async def half_a_head(_: Request, talk: Talk) -> None:
    await talk.say(HEAD + b"Content-Le")


async def head_then_silence(_: Request, talk: Talk) -> None:
    await talk.say(HEAD + LONG)
    await talk.silence()


async def head_then_nothing(_: Request, talk: Talk) -> None:
    await talk.say(HEAD + LONG + b"x" * 100)


async def dripping_head(_: Request, talk: Talk) -> None:
    await talk.drip(HEAD + b"X: " + b"x" * 1000)


async def dripping_body(_: Request, talk: Talk) -> None:
    await talk.say(HEAD + LONG)
    await talk.drip(b" " * 1000)


async def endless_headers(_: Request, talk: Talk) -> None:
    await talk.say(HEAD)
    while True:
        await talk.say(b"X-More: " + b"x" * 1000 + b"\r\n")


async def endless_body(_: Request, talk: Talk) -> None:
    await talk.say(HEAD + b"\r\n")
    while True:
        await talk.say(b"x" * 65536)


async def endless_chunks(_: Request, talk: Talk) -> None:
    await talk.say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        await talk.say(b"1\r\nx\r\n" * 1000)


async def a_chunk_without_end(_: Request, talk: Talk) -> None:
    await talk.say(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        await talk.say(b"0" * 65536)


async def early_hints(_: Request, talk: Talk) -> None:
    while True:
        await talk.say(b"HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n" * 10)


async def garbage(_: Request, talk: Talk) -> None:
    await talk.say(bytes(range(256)) * 100)


async def two_lengths(_: Request, talk: Talk) -> None:
    await talk.say(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}")


async def switching(_: Request, talk: Talk) -> None:
    await talk.say(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n")
    await talk.silence()


FIRST: Final[dict[str, tuple[Odd, set[Cause]]]] = {
    "hang_up": (hang_up, {Cause.BROKEN_OFF}),
    "silence": (silence, {Cause.STALLED}),
    "half_a_head": (half_a_head, {Cause.BROKEN_OFF}),
    "head_then_silence": (head_then_silence, {Cause.STALLED}),
    "head_then_nothing": (head_then_nothing, {Cause.BROKEN_OFF}),
    "dripping_head": (dripping_head, {Cause.STALLED}),
    "dripping_body": (dripping_body, {Cause.STALLED}),
    "endless_headers": (endless_headers, {Cause.NOT_A_REGISTRY}),
    "endless_body": (endless_body, {Cause.NOT_A_REGISTRY}),
    "endless_chunks": (endless_chunks, {Cause.NOT_A_REGISTRY, Cause.STALLED}),
    "a_chunk_without_end": (a_chunk_without_end, {Cause.BROKEN_OFF, Cause.NOT_A_REGISTRY}),
    "early_hints": (early_hints, {Cause.STALLED}),
    "garbage": (garbage, {Cause.NOT_A_REGISTRY}),
    "two_lengths": (two_lengths, {Cause.NOT_A_REGISTRY}),
    "switching": (switching, {Cause.STALLED, Cause.NOT_A_REGISTRY}),
    "page": (page(), {Cause.NOT_A_REGISTRY}),
    "forbidden page": (page(403), {Cause.NOT_A_REGISTRY}),
    "sign in to the network": (page(511), {Cause.CAPTIVE_PORTAL}),
    "away": (Reply(302, [("Location", "http://portal.example/")]), {Cause.NOT_A_REGISTRY}),
    "not found": (Reply(404), {Cause.NOT_A_REGISTRY}),
    "no challenge": (Reply(401), {Cause.NOT_A_REGISTRY}),
    "odd challenge": (Reply(401, [("WWW-Authenticate", "Negotiate")]), {Cause.NOT_A_REGISTRY}),
    "no content": (Reply(204), {Cause.NOT_A_REGISTRY}),
    "denied": (error(403, "no"), {Cause.FORBIDDEN}),
    "denied by address": (
        error(403, "client with IP '203.0.113.7' is not allowed access"),
        {Cause.NETWORK_RULE},
    ),
    "many": (error(429, "slow down", "TOOMANYREQUESTS", ("Retry-After", "7")), {Cause.THROTTLED}),
    "many, oddly": (error(429, "", "", ("Retry-After", "\xb2")), {Cause.THROTTLED}),
    "many, very": (error(429, "", "", ("Retry-After", "9" * 9000)), {Cause.THROTTLED}),
    "many, steering": (error(429, "", "", ("Retry-After", "\x1b]0;x\x07\x9b31m")), {Cause.THROTTLED}),
    "trouble": (Reply(500), {Cause.UNAVAILABLE}),
    "bad gateway": (page(502, ("Server", "\x1b[31mx"), ("Via", "\x9b1m" + "v" * 9000)), {Cause.UNAVAILABLE}),
    "999": (Reply(999), {Cause.UNAVAILABLE, Cause.NOT_A_REGISTRY}),
    "errors are numbers": (Reply(403, body=b'{"errors": 5}'), {Cause.FORBIDDEN}),
    "errors are deep": (Reply(403, body=b'{"errors": ' + b"[" * 90000), {Cause.FORBIDDEN}),
    "errors are steering": (error(403, "\x1b[2J\u202e\u2066\ud800\x00 bad", "\x9bX"), {Cause.FORBIDDEN}),
}
"""What is answered to the first question, and the causes that are true."""


@pytest.mark.parametrize("case", FIRST)
def test_the_first_answer(case: str) -> None:
    odd, causes = FIRST[case]

    async def scenario(world: World) -> Report:
        return await world.check(await world.site("registry.localhost", Registry({"GET /v2/$": odd})))

    report = play(scenario)
    assert report.problems[0].cause in causes
    assert report.problems[0].fatal
    assert report.seconds < report.bound / 2


BLOB: Final[dict[str, tuple[Odd, set[Cause]]]] = {
    "hang_up": (hang_up, {Cause.BROKEN_OFF}),
    "silence": (silence, {Cause.STALLED}),
    "head_then_silence": (head_then_silence, {Cause.STALLED}),
    "head_then_nothing": (head_then_nothing, {Cause.BROKEN_OFF, Cause.DIGEST}),
    "dripping_body": (dripping_body, {Cause.STALLED, Cause.UNFINISHED}),
    "endless_body": (endless_body, {Cause.DIGEST}),
    "endless_chunks": (endless_chunks, {Cause.DIGEST}),
    "garbage": (garbage, {Cause.NOT_A_REGISTRY}),
    "other bytes": (Reply(body=b"x" * len(LAYER)), {Cause.DIGEST}),
    "fewer bytes": (Reply(body=LAYER[:-1]), {Cause.BROKEN_OFF}),
    "more bytes": (Reply(body=LAYER + b"x"), {Cause.DIGEST}),
    "no bytes": (Reply(), {Cause.BROKEN_OFF}),
    "steering type": (Reply(200, [("Content-Type", "\x1b[31m\x9b" + "t" * 9000)], b"x" * len(LAYER)), {Cause.DIGEST}),
    "page": (page(), {Cause.CAPTIVE_PORTAL, Cause.DIGEST, Cause.BROKEN_OFF}),
    "partial": (Reply(206, body=LAYER), {Cause.NOT_A_REGISTRY, Cause.BROKEN_OFF, Cause.DIGEST}),
    "sign in": (error(401, "no"), {Cause.SIGN_IN}),
    "gone": (error(404, "no", "BLOB_UNKNOWN"), {Cause.NO_IMAGE}),
    "many": (error(429, "no"), {Cause.THROTTLED}),
    "trouble": (Reply(503), {Cause.UNAVAILABLE}),
}


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("case", BLOB)
def test_the_layer(case: str, *, elsewhere: bool) -> None:
    odd, causes = BLOB[case]
    if elsewhere:
        causes |= {Cause.LINK_REFUSED}

    async def scenario(world: World) -> Report:
        world.limits = replace(world.limits, total=2)
        registry = Registry()
        if elsewhere:

            async def storage(request: Request, talk: Talk) -> Reply | None:
                return odd if isinstance(odd, Reply) else await odd(request, talk)

            data = await world.site("data.localhost", storage)
            registry.link = f"https://{data.authority}/Hidden/way?sig=Sn3akySignature"
            world.secrets = {"Hidden/way", "Sn3akySignature"}
        else:
            registry.odd["GET /v2/app/blobs/"] = odd
        return await world.check(await world.site("registry.localhost", registry))

    report = play(scenario)
    assert report.problems[0].cause in causes
    assert report.problems[0].hosts[0] == ("data.localhost" if elsewhere else "registry.localhost")


RAW: Final = {
    "close": (b"", False, {Cause.CUT}),
    "silence": (b"", True, {Cause.SILENT}),
    "plain HTTP": (page(400).octets(), False, {Cause.NO_TLS, Cause.CAPTIVE_PORTAL}),
    "plain portal": (
        Reply(302, [("Location", "http://portal.example/")]).octets(),
        False,
        {Cause.NO_TLS, Cause.CAPTIVE_PORTAL},
    ),
    "alert, no such name": (b"\x15\x03\x03\x00\x02\x02\x70", True, {Cause.CUT}),
    "alert, handshake failed": (b"\x15\x03\x03\x00\x02\x02\x28", True, {Cause.TLS}),
    "SSH": (b"SSH-2.0-OpenSSH_9.6\r\n", True, {Cause.TLS, Cause.NO_TLS}),
    "half a record": (b"\x16\x03\x03\x40\x00\x02", False, {Cause.CUT, Cause.TLS}),
    "a long record": (b"\x16\x03\x03\xff\xff" + b"x" * 70000, True, {Cause.TLS}),
}
"""What a server says to a TLS hello, and whether it stays then."""


@pytest.mark.parametrize("case", RAW)
def test_no_tls(case: str) -> None:
    said, stays, causes = RAW[case]

    async def scenario(world: World) -> Report:
        async def handler(talk: Talk) -> None:
            await talk.reader.read(65536)
            await talk.say(said)
            if stays:
                await talk.silence()

        return await world.check(await world.raw("registry.localhost", handler))

    report = play(scenario)
    assert report.problems[0].cause in causes
    assert report.seconds < 3


def test_tls_and_then_nothing() -> None:
    async def scenario(world: World) -> Report:
        async def handler(_: Talk) -> None:
            return

        context = world.authority.server(["registry.localhost"])
        return await world.check(await world.raw("registry.localhost", handler, context=context))

    assert play(scenario).problems[0].cause is Cause.BROKEN_OFF


def test_connections_that_are_closed_between_two_questions_are_made_again() -> None:
    """What a server whose patience for idle connections is over does; every client comes again."""

    async def scenario(world: World) -> Report:
        registry = Registry()

        async def once(request: Request, talk: Talk) -> None:
            reply = await registry(request, talk)
            assert reply is not None
            await talk.say(reply.octets())

        return await world.check(await world.site("registry.localhost", once))

    report = play(scenario)
    assert report.verdict is Verdict.OK, report.problems


def test_a_list_of_endpoints_that_never_comes_is_no_reason_to_fail() -> None:
    async def scenario(world: World) -> Report:
        registry = Registry({"GET /v2/_seawall/endpoints": silence})
        return await world.check(await world.site("registry.localhost", registry))

    report = play(scenario)
    assert report.verdict is not Verdict.FAILED, report.problems


RATES: Final = ("\xb2", "1.2.3", "0", "-1", "", "9" * 9000, "\x1b[31m", "0;w=60", "nan", "1e400", "0.0")


@pytest.mark.parametrize("rate", RATES)
def test_odd_rates(rate: str) -> None:
    async def scenario(world: World) -> Report:
        reply = Reply(200, [("RateLimit-Remaining", rate)], b"{}")
        return await world.check(await world.site("registry.localhost", Registry({"GET /v2/$": reply})))

    report = play(scenario)
    assert report.verdict is not Verdict.FAILED
    assert {problem.cause for problem in report.problems} <= {Cause.THROTTLED}


DATES: Final = (
    *("", "now", "\x1b[31m", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "Mon, 01 Jan 0000 00:00:00 GMT"),
    *("Fri, 31 Dec 9999 23:59:59 -2359", "Sat, 01 Jan 0001 00:00:00 +2359", "Mon, 01 Jan 2024 00:00:00 +99999999999"),
    *(
        "Mon, 99 Jan 2024 00:00:00 GMT",
        "1 Jan 24 0:0",
        "," * 9000,
        "9" * 9000,
        "Mon, 01 Jan 2024 00:00:00 \xb2\xb2\xb2\xb2",
    ),
)


@pytest.mark.parametrize("date", DATES)
def test_odd_dates(date: str) -> None:
    async def scenario(world: World) -> Report:
        reply = Reply(200, [("Date", date)], b"{}")
        return await world.check(await world.site("registry.localhost", Registry({"GET /v2/$": reply})))

    report = play(scenario)
    assert report.verdict is not Verdict.FAILED
    assert {problem.cause for problem in report.problems} <= {Cause.CLOCK}


def test_a_catalogue_that_is_not_there_is_no_proof_that_a_pull_works() -> None:
    async def scenario(world: World) -> Report:
        registry = Registry({"GET /v2/_catalog": Reply(503)})
        return await world.check(await world.site("registry.localhost", registry), "")

    report = play(scenario)
    assert report.problems[0].cause is Cause.UNAVAILABLE


@pytest.mark.parametrize(
    "odd",
    [
        {"GET /v2/_catalog": Reply(body=b'{"repositories":["../../x"]}')},
        {"GET /v2/_catalog": Reply(body=b'{"repositories":[5]}')},
        {"GET /v2/_catalog": Reply(body=b'{"repositories":"app"}')},
        {"GET /v2/_catalog": page()},
        {"GET /v2/app/tags/list": Reply(body=b'{"tags":["' + b"t" * 100_000 + b'"]}')},
        {"GET /v2/app/tags/list": Reply(body=b'{"tags":["../x\\u001b"]}')},
        {"GET /v2/app/tags/list": Reply(body=b'{"tags":["..","."]}')},
    ],
)
def test_odd_catalogues(odd: dict[str, Reply]) -> None:
    async def scenario(world: World) -> Report:
        return await world.check(await world.site("registry.localhost", Registry(dict(odd))), "")

    report = play(scenario)
    assert report.problems[0].cause in {Cause.NOT_PULLED, Cause.NOT_A_REGISTRY, Cause.NO_IMAGE}
