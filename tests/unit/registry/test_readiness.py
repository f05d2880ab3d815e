"""What clients say of dedicated data endpoints is read strictly, and only of endpoints that are the registry's."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.requests import Request

from seawall.doors import DomainDoors, LocalDoors
from seawall.errors import ApiError
from seawall.identity.actions import Rights
from seawall.identity.gate import Access, Identity, Site
from seawall.identity.tokens import ANONYMOUS
from seawall.metadata import readiness
from seawall.naming import PUBLIC, Host, Role
from seawall.registry.call import Call, Services
from seawall.registry.readiness import Report, Told, get_readiness, put_readiness, read_report
from seawall.registry.routes import find_route
from seawall.topology import Registry, Replica

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Message

    from seawall.doors import Doors
    from seawall.metadata.database import Database

REGISTRY: Final = Registry("myregistry", "eastus", (Replica("eastus", "account1"), Replica("westus", "account2")))
LOCAL: Final = Registry("myregistry", "local", (Replica("local", "account1"),))
EASTUS: Final = "myregistry.eastus.data.azurecr.io"
WESTUS: Final = "myregistry.westus.data.azurecr.io"
ENTRY: Final = {"host": EASTUS, "ready": True, "cause": ""}

labels = (
    st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1, max_size=64)
    .map(str.strip)
    .filter(bool)
)
causes = st.text(st.sampled_from("abcz-"), max_size=40)
told = st.builds(Told, st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from([True, False, None]), causes)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["client", "endpoints"]), inner),
    max_leaves=10,
)


def body(client: object = "build-7", endpoints: object = (ENTRY,), **more: object) -> bytes:
    return json.dumps({"client": client, "endpoints": endpoints, **more}).encode()


def refusal(text: bytes) -> str:
    with pytest.raises(ApiError) as caught:
        read_report(text)
    assert (caught.value.status, caught.value.code) == (400, "READINESS_INVALID")
    assert caught.value.response().body  # which a message with half a character would not have
    return caught.value.message


@given(labels, st.lists(told, min_size=1, max_size=100))
@example("x" * 64, [Told(EASTUS, None, "z" * 40)] * 100)
@example("Büro 3 (東京)", [Told("", None, "-")])
def test_a_report_is_read_as_it_is_written(client: str, endpoints: list[Told]) -> None:
    assert read_report(body(client, [one._asdict() for one in endpoints])) == Report(client, tuple(endpoints))


def test_what_is_left_out_and_what_is_not_known() -> None:
    text = body(endpoints=[{"host": EASTUS, "ready": None, "since": 3}], version="2.0")
    assert read_report(text) == Report("build-7", (Told(EASTUS, None, ""),))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (body().decode().encode("utf-16"), "not JSON"),
        (b"[" * 16_000, "nested"),
        (b"9" * 16_000, "not JSON"),
        (b"[]", "a JSON object"),
        (b'"client"', "a JSON object"),
        (b"{}", "client"),
        (body(client=None), "client must be text"),
        (body(client=7), "client must be text"),
        (body(client=["a"]), "client must be text"),
        (body(client=""), "1 to 64"),
        (body(client="x" * 65), "1 to 64"),
        (body(client=" a"), "blanks"),
        (body(client="a "), "blanks"),
        (body(client=" "), "blanks"),
        (body(client="a\nb"), "printable"),
        (body(client="a\0b"), "printable"),
        (body(client="a\x1b[2Jb"), "printable"),
        (body(client="a\u202eb"), "printable"),
        (body(client="a\u00a0b"), "printable"),
        (body(client="a\ud800"), "printable"),
        (b'{"client": "a"}', "endpoints must be a list"),
        (body(endpoints={}), "endpoints must be a list"),
        (body(endpoints=EASTUS), "endpoints must be a list"),
        (body(endpoints=[]), "1 to 100"),
        (body(endpoints=[ENTRY] * 101), "1 to 100"),
        (body(endpoints=[ENTRY, EASTUS]), "endpoints[1] must be an object"),
        (body(endpoints=[{"ready": True}]), "endpoints[0].host"),
        (body(endpoints=[{**ENTRY, "host": None}]), "endpoints[0].host"),
        (body(endpoints=[{**ENTRY, "host": [EASTUS]}]), "endpoints[0].host"),
        (body(endpoints=[{"host": EASTUS, "cause": ""}]), "endpoints[0].ready"),
        (body(endpoints=[ENTRY, {**ENTRY, "ready": "true"}]), "endpoints[1].ready"),
        (body(endpoints=[{**ENTRY, "ready": 1}]), "endpoints[0].ready"),
        (body(endpoints=[{**ENTRY, "ready": []}]), "endpoints[0].ready"),
        (body(endpoints=[{**ENTRY, "cause": None}]), "endpoints[0].cause"),
        (body(endpoints=[{**ENTRY, "cause": "Dropped"}]), "endpoints[0].cause"),
        (body(endpoints=[{**ENTRY, "cause": "dropped\n"}]), "endpoints[0].cause"),
        (body(endpoints=[{**ENTRY, "cause": "a" * 41}]), "endpoints[0].cause"),
        (b'{"client": "a", "endpoints": [], "client": "b"}', "twice"),
        (b'{"client": "a", "endpoints": [{"host": "h", "ready": true, "ready": false}]}', "twice"),
    ],
)
def test_what_is_refused(text: bytes, word: str) -> None:
    assert word in refusal(text)


@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
def test_nonsense_is_refused_with_a_message(text: bytes) -> None:
    assert refusal(text)


# The hosts, as either kind of door knows them


def call(
    doors: Doors,
    registry: Registry,
    database: Database | None,
    text: bytes = b"",
    *,
    user: str = "edge",
    everything: bool = False,
    kind: str = "application/json",
) -> Call:
    async def receive() -> Message:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": text}

    headers = [(b"content-type", kind.encode())] if kind else []
    scope = {"type": "http", "method": "PUT", "headers": headers, "client": ("2001:db8::7", 50_000)}
    route = find_route("/v2/_seawall/readiness")
    assert route is not None
    access = Access(Identity(user, "a"), Rights(everything=everything), None)
    services = Services(database, None, doors, registry.home)  # type: ignore[arg-type]
    return Call(services, Site(registry, "myregistry.azurecr.io"), access, Request(scope, receive), route)


def put(*arguments: Any, **options: Any) -> Response:  # noqa: ANN401 - those of a call
    return asyncio.run(put_readiness(call(*arguments, **options)))


def hosts_of(database: Database, registry: Registry) -> list[str]:
    (report,) = database.read_now(readiness.recent, registry, time.time())
    return [answer.host for answer in report.answers]


@pytest.mark.parametrize(
    ("port", "told_host", "kept_host"),
    [
        (443, EASTUS, EASTUS),
        (443, f"{EASTUS}:443", EASTUS),
        (443, f"{EASTUS.upper()}.", EASTUS),
        (5443, f"{EASTUS}:5443", f"{EASTUS}:5443"),
    ],
)
def test_a_host_is_kept_under_the_name_that_the_registry_gives_it(
    database: Database, port: int, told_host: str, kept_host: str
) -> None:
    text = body(endpoints=[{"host": told_host, "ready": False, "cause": "dropped"}])
    assert put(DomainDoors(PUBLIC, port), REGISTRY, database, text).status_code == 204
    assert hosts_of(database, REGISTRY) == [kept_host]
    (report,) = database.read_now(readiness.recent, REGISTRY, time.time())
    assert (report.client, report.user, report.address) == ("build-7", "edge", "2001:db8::7")
    assert report.untried == ("westus",)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost",
        "myregistry.azurecr.io",
        "myregistry.eastus.geo.azurecr.io",
        "account1.blob.core.windows.net",
        "another.eastus.data.azurecr.io",
        "myregistry.northeurope.data.azurecr.io",
        f"{EASTUS}:5443",
        f"{EASTUS}:",
        f"https://{EASTUS}",
        f"{EASTUS}.evil.example",
        f"{EASTUS}\0",
        "\ud800",
        "x" * 10_000,
    ],
)
def test_hosts_that_are_not_its_data_endpoints(host: str) -> None:
    text = body(endpoints=[{"host": WESTUS, "ready": True}, {"host": host, "ready": True}])
    with pytest.raises(ApiError) as caught:
        put(DomainDoors(PUBLIC), REGISTRY, None, text)
    assert caught.value.status == 400
    assert caught.value.message.startswith(f"endpoints[1].host: {host[:80]!r} is no dedicated data endpoint")
    assert len(caught.value.message) < 300


def test_a_host_that_is_there_twice() -> None:
    text = body(endpoints=[ENTRY, {"host": WESTUS, "ready": True}, {"host": f"{EASTUS}:443", "ready": False}])
    with pytest.raises(ApiError, match="twice") as caught:
        put(DomainDoors(PUBLIC), REGISTRY, None, text)
    assert caught.value.status == 400
    assert "endpoints[2]" in caught.value.message


def test_a_registry_on_ports_of_this_machine(database: Database) -> None:
    hosts = (
        Host(Role.LOGIN, "myregistry"),
        Host(Role.BLOB, account="account1"),
        Host(Role.DATA, "myregistry", "local"),
    )
    doors = LocalDoors({host: 5000 + number for number, host in enumerate(hosts)})
    for told_host in ("localhost:5002", "127.0.0.1:5002"):
        text = body(endpoints=[{"host": told_host, "ready": True}])
        assert put(doors, LOCAL, database, text).status_code == 204
        assert hosts_of(database, LOCAL) == ["localhost:5002"]
    for other in ("localhost:5000", "localhost:5001", "localhost", EASTUS):
        with pytest.raises(ApiError, match="no dedicated data endpoint"):
            put(doors, LOCAL, database, body(endpoints=[{"host": other, "ready": True}]))


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_media_type_may_have_parameters_and_must_be_json(database: Database) -> None:
    doors = DomainDoors(PUBLIC)
    for media_type in ("application/json; charset=utf-8", "Application/JSON"):
        assert put(doors, REGISTRY, database, body(), kind=media_type).status_code == 204
    for media_type in ("", "text/plain", "application/json-patch+json"):
        with pytest.raises(ApiError) as caught:
            put(doors, REGISTRY, database, body(), kind=media_type)
        assert caught.value.status == 415


@pytest.mark.parametrize("kind", ["sqlite"])
def test_nobody_in_particular_neither_reports_nor_reads(database: Database) -> None:
    for handler in (put_readiness, get_readiness):
        with pytest.raises(ApiError, match="sign in") as caught:
            asyncio.run(handler(call(DomainDoors(PUBLIC), REGISTRY, database, body(), user=ANONYMOUS)))
        assert (caught.value.status, caught.value.code) == (403, "DENIED")


def test_users_see_their_own_and_the_admin_user_all(database: Database) -> None:
    doors = DomainDoors(PUBLIC)
    for user in ("edge", "other"):
        put(doors, REGISTRY, database, body(client=f"of {user}"), user=user)

    def seen(user: str, *, everything: bool) -> list[str]:
        answer = asyncio.run(get_readiness(call(doors, REGISTRY, database, user=user, everything=everything)))
        told = json.loads(bytes(answer.body))
        assert sum(told["summary"].values()) == len(told["clients"])
        return [one["client"] for one in told["clients"]]

    assert seen("edge", everything=False) == ["of edge"]
    assert seen("myregistry", everything=False) == []
    assert seen("myregistry", everything=True) == ["of edge", "of other"]
