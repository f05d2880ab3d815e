"""Certificates for other names, of other times, of other authorities, and such as no authority makes."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

import pytest
from cryptography import x509

from seawall.check.cause import Cause
from seawall.check.step import Verdict
from tests.check.certificates import Authority, days, self_signed
from tests.check.registry import LAYER, Registry, error, page
from tests.check.world import AUTHORITY, Reply, Request, Talk, World, play

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from seawall.check.report import Report

HOST: Final = "registry.localhost"
OTHER: Final = Authority("Corporate Inspection CA")


def swapped(one: bytes, other: bytes) -> Callable[[bytes], bytes]:
    """Change octets of a certificate into as many others."""
    assert len(one) == len(other)

    def change(data: bytes) -> bytes:
        assert one in data
        return data.replace(one, other)

    return change


def unknown(number: str, value: bytes = b"\x05\x00") -> x509.UnrecognizedExtension:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(number), value)


ODD_NAMES: Final = (
    x509.DirectoryName(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "\x1b[31m")])),
    x509.OtherName(x509.ObjectIdentifier("1.2.3.4"), b"\x04\x05\x1b[31m"),
    x509.RegisteredID(x509.ObjectIdentifier("1.2.3.4")),
    x509.UniformResourceIdentifier("https://<b>/"),
    x509.RFC822Name("a@b.example"),
)

CERTIFICATES: Final[dict[str, tuple[Callable[[], ssl.SSLContext], set[Cause]]]] = {
    "another name": (lambda: AUTHORITY.server(["other.example"]), {Cause.WRONG_NAME}),
    "no name": (lambda: AUTHORITY.server([]), {Cause.WRONG_NAME}),
    "over": (lambda: AUTHORITY.server([HOST], begins=days(-9), ends=days(-2)), {Cause.EXPIRED}),
    "not yet": (lambda: AUTHORITY.server([HOST], begins=days(2)), {Cause.EXPIRED}),
    "its own": (lambda: self_signed([HOST]), {Cause.SELF_SIGNED}),
    "of another authority": (lambda: OTHER.server([HOST]), {Cause.UNKNOWN_AUTHORITY}),
    "many names": (lambda: AUTHORITY.server([f"h{number}.example" for number in range(2000)]), {Cause.WRONG_NAME}),
    "too many names": (
        lambda: OTHER.server([f"h{number}.example" for number in range(20_000)]),
        {Cause.TLS, Cause.UNKNOWN_AUTHORITY},
    ),
    "steering": (
        lambda: OTHER.server([HOST], subject="\x1b]0;owned\x07\u202e\u2066 \x9b31m"),
        {Cause.UNKNOWN_AUTHORITY},
    ),
    "of a steering authority": (
        lambda: Authority("\x1b[31m<script>alert(1)</script>" + "x" * 20).server([HOST]),
        {Cause.UNKNOWN_AUTHORITY},
    ),
    "steering names": (
        lambda: OTHER.server(["xxxxxxxx.example"], mangled=swapped(b"xxxxxxxx.example", b"\x1b[31m\x07\x01<b>&.exam")),
        {Cause.UNKNOWN_AUTHORITY, Cause.WRONG_NAME},
    ),
    "an extension twice": (
        lambda: OTHER.server(
            [HOST],
            more=(unknown("1.2.3.4.5"), unknown("1.2.3.4.6")),
            mangled=swapped(b"\x2a\x03\x04\x06", b"\x2a\x03\x04\x05"),
        ),
        {Cause.UNKNOWN_AUTHORITY, Cause.TLS, Cause.SELF_SIGNED},
    ),
    "names of every sort": (
        lambda: OTHER.server(more=(x509.SubjectAlternativeName(ODD_NAMES),)),
        {Cause.WRONG_NAME, Cause.UNKNOWN_AUTHORITY},
    ),
    "until the year 0": (
        lambda: OTHER.server(
            [HOST], ends=datetime(2126, 1, 1, tzinfo=UTC), mangled=swapped(b"21260101000000Z", b"00000101000000Z")
        ),
        {Cause.UNKNOWN_AUTHORITY, Cause.EXPIRED, Cause.TLS},
    ),
    "until the end of time": (
        lambda: OTHER.server(
            [HOST], ends=datetime(2126, 1, 1, tzinfo=UTC), mangled=swapped(b"21260101000000Z", b"99991231235959Z")
        ),
        {Cause.UNKNOWN_AUTHORITY},
    ),
}


@pytest.mark.parametrize("case", CERTIFICATES)
@pytest.mark.parametrize("second", [False, True])
def test_certificates(case: str, *, second: bool) -> None:
    """At the registry itself, and at the host that layers come from."""
    make, causes = CERTIFICATES[case]
    if second:
        causes |= {Cause.INTERCEPTION} if causes & {Cause.UNKNOWN_AUTHORITY, Cause.SELF_SIGNED} else set()

    async def scenario(world: World) -> Report:
        context = make()
        if not second:
            return await world.check(await world.site(HOST, Registry(), context=context))

        async def storage(_: Request, __: Talk) -> Reply:
            return Reply(body=LAYER)

        # The name in the certificates is the registry's; the other host is at its other address.
        data = await world.site(HOST, storage, context=context)
        world.resolver.known.clear()
        world.resolver.known[HOST] = ("127.0.0.2",)
        login = await world.site("login.localhost", Registry(link=f"https://{data.authority}/x"))
        return await world.check(login)

    report = play(scenario)
    assert report.problems[0].cause in causes
    assert report.problems[0].hosts[0] == HOST


def test_credentials_are_never_said_to_somebody_who_is_not_believed() -> None:
    async def scenario(world: World) -> Report:
        registry = Registry()
        site = await world.site(HOST, registry, context=OTHER.server([HOST]))
        registry.realm = f"https://{site.authority}/token"
        report = await world.check(site)
        assert [(one.method, one.target) for one in site.requests] == [("GET", "/v2/")]
        assert "authorization" not in site.requests[0].headers
        return report

    assert play(scenario).problems[0].cause is Cause.UNKNOWN_AUTHORITY


def test_interception_on_the_second_host_only() -> None:
    async def scenario(world: World) -> Report:
        async def storage(_: Request, __: Talk) -> Reply:
            return Reply(body=LAYER)

        data = await world.site("data.localhost", storage, context=OTHER.server(["data.localhost"]))
        return await world.check(await world.site(HOST, Registry(link=f"https://{data.authority}/x?sig=s3cretsecret")))

    report = play(scenario)
    assert report.problems[0].cause is Cause.INTERCEPTION
    assert report.problems[0].hosts == ("data.localhost",)
    assert any("Corporate Inspection CA" in value for step in report.steps for _, value in step.evidence)


@pytest.mark.parametrize(
    "reply", [page(), page(403), page(511), Reply(302, [("Location", "http://portal.example/login")])]
)
def test_a_captive_portal(reply: Reply) -> None:
    async def scenario(world: World) -> Report:
        async def portal(_: Request, __: Talk) -> Reply:
            return reply

        return await world.check(await world.site(HOST, portal, context=OTHER.server(["portal.example"])))

    assert play(scenario).problems[0].cause is Cause.CAPTIVE_PORTAL


DATES: Final = {
    "years ago": (format_datetime(days(-400), usegmt=False), Cause.CLOCK),
    "now": (format_datetime(days(0), usegmt=False), Cause.EXPIRED),
    "none": ("", Cause.EXPIRED),
    "never": ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", Cause.EXPIRED),
    "at the end of time": ("Fri, 31 Dec 9999 23:59:59 -2359", Cause.EXPIRED),
    "at the beginning of time": ("Mon, 01 Jan 0001 00:00:00 +2359", Cause.EXPIRED),
}


@pytest.mark.parametrize("case", DATES)
def test_clocks(case: str) -> None:
    """A certificate that is over here and good there: one of the two clocks is wrong."""
    date, cause = DATES[case]

    async def scenario(world: World) -> Report:
        registry = Registry({"GET /v2/$": error(401, "who?", "UNAUTHORIZED", ("Date", date))})
        context = world.authority.server([HOST], begins=days(-500), ends=days(-300))
        return await world.check(await world.site(HOST, registry, context=context))

    assert play(scenario).problems[0].cause is cause


def test_somebody_who_is_not_believed_and_drips() -> None:
    async def scenario(world: World) -> Report:
        async def drip(_: Request, talk: Talk) -> None:
            await talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n")
            await talk.drip(b"x" * 4000)

        return await world.check(await world.site(HOST, drip, context=OTHER.server([HOST])))

    report = play(scenario)
    assert report.problems[0].cause is Cause.UNKNOWN_AUTHORITY
    assert report.seconds < 7


def test_a_certificate_that_soon_ends_is_a_warning() -> None:
    async def scenario(world: World) -> Report:
        return await world.check(await world.site(HOST, Registry(), context=AUTHORITY.server([HOST], ends=days(3))))

    report = play(scenario)
    assert report.verdict is Verdict.WARNING
    assert report.problems[0].cause is Cause.EXPIRED
