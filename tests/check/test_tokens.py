"""Token servers that want more than they should, and challenges that make no sense."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from seawall.check.cause import Cause
from seawall.check.credentials import Credentials
from seawall.check.step import Verdict
from tests.check.registry import Registry, error, page
from tests.check.world import PASSWORD, USER, Reply, Request, Talk, World, play

if TYPE_CHECKING:
    from seawall.check.report import Report

REALMS: Final = {
    "insecure": ("http://token.localhost/x", {Cause.REDIRECT_INSECURE}),
    "garbage": ("::::", {Cause.NOT_A_REGISTRY, Cause.REDIRECT_INSECURE}),
    "nothing": ("https://", {Cause.NOT_A_REGISTRY}),
    "relative": ("/token", {Cause.NOT_A_REGISTRY, Cause.REDIRECT_INSECURE}),
    "userinfo": ("https://a:b@token.localhost/", {Cause.NOT_A_REGISTRY}),
    "blank": ("https://token localhost/", {Cause.NOT_A_REGISTRY}),
    "steering": ("https://\x1b[31m/\x9b", {Cause.NOT_A_REGISTRY}),
    "tags": ("https://<img>/", {Cause.NOT_A_REGISTRY}),
    "brackets": ("https://[::1/", {Cause.NOT_A_REGISTRY}),
    "port": ("https://token.localhost:99999/", {Cause.NOT_A_REGISTRY}),
    "files": ("file:///etc/passwd", {Cause.NOT_A_REGISTRY, Cause.REDIRECT_INSECURE}),
    "long": ("https://" + "a." * 900 + "example/", {Cause.NOT_A_REGISTRY}),
    "a number": ("https://2130706433/", {Cause.NOT_A_REGISTRY, Cause.REDIRECT_PRIVATE}),
    "nobody": ("https://nobody.test/", {Cause.DNS}),
}


@pytest.mark.parametrize("case", REALMS)
def test_realms(case: str) -> None:
    realm, causes = REALMS[case]

    async def scenario(world: World) -> Report:
        trap = await world.site("token.localhost", Registry())
        world.resolver.known["2130706433"] = ("127.0.0.2",)
        report = await world.check(await world.site("registry.localhost", Registry(realm=realm)))
        assert not trap.connections
        return report

    report = play(scenario)
    assert report.problems[0].cause in causes
    assert report.problems[0].fatal


CHALLENGES: Final = (
    *("", "Bearer", 'Bearer realm=""', "Bearer realm=https://x/", 'bearer REALM="', "Basic", "\x1b[31m", "Digest x"),
    *("Bearer " + 'a="b",' * 2000, 'Bearer realm="' + "x" * 9000 + '"', "Bearer " + "realm=" * 2000, ", , ,"),
)


@pytest.mark.parametrize("number", range(len(CHALLENGES)))
def test_challenges(number: int) -> None:
    async def scenario(world: World) -> Report:
        refused = Reply(401, [("WWW-Authenticate", CHALLENGES[number])])
        return await world.check(await world.site("registry.localhost", Registry({"GET /v2/": refused})))

    report = play(scenario)
    assert report.problems[0].cause in {Cause.NOT_A_REGISTRY, Cause.SIGN_IN, Cause.REDIRECT_INSECURE}


@pytest.mark.parametrize("host", ["token.localhost", "evil.registry.test", "registry.localhost.evil.test"])
def test_credentials_do_not_go_to_strangers(host: str) -> None:
    async def scenario(world: World) -> Report:
        stranger = await world.site(host, Registry())
        site = await world.site("registry.localhost", Registry(realm=f"https://{stranger.authority}/token"))
        report = await world.check(site)
        assert len(stranger.asked("/token")) == 1
        assert all("authorization" not in one.headers and PASSWORD not in str(one) for one in stranger.requests)
        return report

    assert play(scenario).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("registry", "stranger"),
    [
        ("mine.azurecr.io", "yours.azurecr.io"),
        ("registry.mine.co.uk", "registry.yours.co.uk"),
        ("mine.s3.amazonaws.com", "yours.s3.amazonaws.com"),
        ("mine.github.io", "yours.github.io"),
        ("mine.cloudapp.azure.com", "yours.cloudapp.azure.com"),
        ("mine.duckdns.org", "yours.duckdns.org"),
        ("registry.com", "yours.com"),
    ],
)
def test_neighbours_under_one_domain_are_strangers(registry: str, stranger: str) -> None:
    async def scenario(world: World) -> Report:
        other = await world.site(stranger, Registry(), address="127.0.0.3")
        site = await world.site(registry, Registry(realm=f"https://{other.authority}/token"), address="127.0.0.2")
        report = await world.check(site)
        assert all("authorization" not in one.headers for one in other.requests)
        return report

    assert not any(problem.cause is Cause.SIGN_IN for problem in play(scenario).problems)


def test_a_token_server_of_the_same_owner_gets_them() -> None:
    async def scenario(world: World) -> Report:
        registry = Registry()
        site = await world.site("registry.localhost", registry)
        registry.realm = f"https://{site.authority}/token"
        report = await world.check(site)
        assert site.asked("/token")[0].headers["authorization"].startswith("Basic ")
        return report

    assert play(scenario).verdict is Verdict.OK


ANSWERS: Final = {
    "a page": (page(), {Cause.NOT_A_REGISTRY, Cause.CAPTIVE_PORTAL}),
    "nothing": (Reply(), {Cause.NOT_A_REGISTRY}),
    "a number": (Reply(body=b'{"token": 5}'), {Cause.NOT_A_REGISTRY}),
    "a line break": (Reply(body=b'{"token": "a\\r\\nX-Evil: 1"}'), {Cause.NOT_A_REGISTRY}),
    "bidi": (Reply(body=b'{"token": "a\\u202eb"}'), {Cause.NOT_A_REGISTRY}),
    "ten megabytes": (Reply(body=b'{"token": "' + b"a" * 10_000_000 + b'"}'), {Cause.NOT_A_REGISTRY}),
    "a list": (Reply(body=b"[" * 100_000), {Cause.NOT_A_REGISTRY}),
    "no": (error(401, "no", "UNAUTHORIZED"), {Cause.SIGN_IN}),
    "not allowed": (error(403, "no"), {Cause.FORBIDDEN}),
    "away": (Reply(302, [("Location", "https://elsewhere.localhost/")]), {Cause.NOT_A_REGISTRY}),
    "many": (error(429, "no"), {Cause.THROTTLED}),
    "trouble": (Reply(500), {Cause.UNAVAILABLE}),
}


@pytest.mark.parametrize("identity", ["", "Id3ntity-T0ken.of.the.tests"])
@pytest.mark.parametrize("case", ANSWERS)
def test_answers(case: str, identity: str) -> None:
    reply, causes = ANSWERS[case]

    async def scenario(world: World) -> Report:
        if identity:
            world.credentials = Credentials("", "", identity)
        trap = await world.site("elsewhere.localhost", Registry())
        registry = Registry({"GET /token": reply, "POST /token": reply})
        site = await world.site("registry.localhost", registry)
        registry.realm = f"https://{site.authority}/token"
        report = await world.check(site)
        assert not trap.connections
        return report

    report = play(scenario)
    assert report.problems[0].cause in causes
    assert report.seconds < 3


def test_no_token_is_ever_enough() -> None:
    async def scenario(world: World) -> Report:
        registry = Registry()

        async def never(_: Request, __: Talk) -> Reply:
            return error(401, "again", "UNAUTHORIZED", ("WWW-Authenticate", f'Bearer realm="{registry.realm}"'))

        registry.odd["GET /v2/"] = never
        site = await world.site("registry.localhost", registry)
        registry.realm = f"https://{site.authority}/token"
        report = await world.check(site)
        assert len(site.requests) < 20
        return report

    assert play(scenario).problems[0].cause is Cause.SIGN_IN


def test_basic_credentials_go_to_the_registry_alone() -> None:
    async def scenario(world: World) -> Report:
        registry = Registry()

        async def first(request: Request, _: Talk) -> Reply:
            if "authorization" in request.headers:
                return Reply(body=b"{}")
            return Reply(401, [("WWW-Authenticate", 'Basic realm="x"')])

        async def storage(request: Request, _: Talk) -> Reply:
            assert "authorization" not in request.headers
            return Reply(body=registry.layer)

        data = await world.site("data.localhost", storage)
        registry.odd["GET /v2/$"] = first
        registry.link = f"https://{data.authority}/x"
        site = await world.site("registry.localhost", registry)
        report = await world.check(site)
        assert data.requests
        return report

    assert play(scenario).verdict is Verdict.OK


def test_what_a_hostile_registry_says_back_is_not_told() -> None:
    """It knows the password, since it was signed in to; the report goes to others."""
    token = "eyJhbGciOi.Tok3n-of-the-T3sts.abc"

    async def scenario(world: World) -> Report:
        world.secrets = {token}
        registry = Registry(token=token)

        async def parrot(request: Request, _: Talk) -> Reply:
            heard = request.headers.get("authorization", "")
            words = f"{USER}:{PASSWORD} {heard} {PASSWORD} {PASSWORD.lower()} {'x' * 120} {PASSWORD}"
            return Reply(
                403, [("Server", heard), ("Via", PASSWORD)], json.dumps({"errors": [{"message": words}]}).encode()
            )

        registry.odd["GET /v2/app/manifests/"] = parrot
        site = await world.site("registry.localhost", registry)
        registry.realm = f"https://{site.authority}/token"
        return await world.check(site)

    assert play(scenario).problems[0].cause is Cause.FORBIDDEN


@pytest.mark.parametrize("fill", [*range(130, 200, 7), 185, 190, 195, 199])
def test_secrets_are_not_told_where_words_are_cut(fill: int) -> None:
    async def scenario(world: World) -> Report:
        registry = Registry({"GET /v2/app/manifests/": error(403, f"{'x' * fill}{PASSWORD} and more {'y' * 200}")})
        site = await world.site("registry.localhost", registry)
        registry.realm = f"https://{site.authority}/token"
        return await world.check(site)

    assert play(scenario).problems[0].cause is Cause.FORBIDDEN


ECHOES: Final = ("{0}", "{0}.example", "a-{0}", "x{0}x")


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("way", ["link", "endpoint", "region"])
def test_secrets_in_names_of_hosts_are_not_told(echo: str, way: str) -> None:
    async def scenario(world: World) -> Report:
        world.credentials = Credentials(USER, "sw0rdf1sh")
        name = echo.format("sw0rdf1sh")
        registry = Registry(link=f"https://{name}/x" if way == "link" else "")
        row = {"region": name if way == "region" else "east", "endpoint": "x.test" if way == "region" else name}
        if way != "link":
            registry.odd["GET /v2/_seawall/endpoints"] = Reply(body=json.dumps({"dataEndpoints": [row]}).encode())
        site = await world.site("registry.localhost", registry)
        registry.realm = f"https://{site.authority}/token"
        return await world.check(site)

    assert play(scenario).steps


REGIONS: Final = ("\x1b[31m", "\u202e", "\ud800", "east\nwest", "r" * 100_000, "", " ", "<b>", "East US", "*")


@pytest.mark.parametrize("region", REGIONS, ids=ascii)
def test_odd_regions(region: str) -> None:
    async def scenario(world: World) -> Report:
        rows = [{"region": region, "endpoint": "x.test"}] * 1000
        body = json.dumps({"dataEndpoints": rows[:2] if len(region) > 99 else rows}).encode()
        registry = Registry({"GET /v2/_seawall/endpoints": Reply(body=body)})
        return await world.check(await world.site("registry.localhost", registry))

    assert play(scenario).steps


def test_a_thousand_endpoints() -> None:
    async def scenario(world: World) -> Report:
        rows = [{"region": f"r{number}", "endpoint": f"h{number}.test"} for number in range(1000)]
        body = json.dumps({"dataEndpoints": rows}).encode()
        registry = Registry({"GET /v2/_seawall/endpoints": Reply(body=body)})
        report = await world.check(await world.site("registry.localhost", registry))
        assert len(set(world.resolver.asked)) <= 65
        return report

    assert play(scenario).seconds < 4
