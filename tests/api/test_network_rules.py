"""Network rules count at every door and in every worker, from the moment the command has ended."""

from __future__ import annotations

import json
import socket
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pytest

from tests.real.product import free_ports
from tests.support import content, network
from tests.support.registry import Registry, basic
from tests.support.server import PATIENCE, Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

HERE: Final = network.LOOPBACK
ELSEWHERE: Final = "127.0.0.2"
BLOB: Final = b"a layer behind a wall"
DIGEST: Final = content.digest_of(BLOB)
WORDS: Final = "client with IP '{}' is not allowed access; "
# More than enough for the kernel to hand some to each of the two workers.
MANY: Final = 24


@pytest.fixture(scope="module")
def made(server: Server) -> Registry:
    """A registry with one layer in it."""
    registry = Registry.create(server, f"walled{uuid.uuid4().hex}")
    registry.admin.push_image("lib/app", "v1", BLOB)
    return registry


@pytest.fixture
def registry(made: Registry) -> Iterator[Registry]:
    """It, with rules for the length of a test."""
    yield made
    made.update("--default-action", "allow", "--no-data-endpoints", "--no-anonymous-pull")
    kept = made.server.run_json("network-rule", "list", "-r", made.name)["rules"]
    if kept:
        rule(made, "remove", *kept)


def rule(registry: Registry, command: str, *ranges: str) -> None:
    registry.server.run("network-rule", command, *ranges, "-r", registry.name)


def deny(registry: Registry) -> None:
    registry.update("--default-action", "deny")


def refused(answer: httpx.Response, address: str = HERE) -> bool:
    if answer.status_code != 403:
        return False
    (error,) = answer.json()["errors"]
    return bool(error["code"] == "DENIED" and error["message"].startswith(WORDS.format(address)))


def from_address(registry: Registry, source: str, *headers: str, target: int = 0) -> str:
    """Ask for ``/v2/`` from another address of this machine; return the answer's status and body."""
    trust = network.trusting(registry.server.ca_file)
    port = target or registry.server.port
    place = ("::1" if ":" in source else HERE, port)
    with (
        socket.create_connection(place, PATIENCE, source_address=(source, 0)) as plain,
        trust.wrap_socket(plain, server_hostname=registry.host) as stream,
    ):
        connection = network.RawConnection(stream)
        lines = ("GET /v2/ HTTP/1.1", f"Host: {registry.authority}", "Connection: close", *headers, "", "")
        connection.send("\r\n".join(lines))
        status, _ = connection.head()
        return f"{status} {connection.rest().decode()}"


def each_door(registry: Registry, link: str) -> list[httpx.Response]:
    """Ask every host of a registry, for what is there and for what is not, with credentials and without."""
    secret = {"Authorization": basic(registry.name, registry.password)}
    answers = []
    for host in (registry.host, registry.regional_host):
        base = f"https://{registry.server.authority(host)}"
        for path in ("/v2/", "/v2/lib/app/manifests/v1", "/v2/no/such/manifests/v1", "/v2/_catalog", "/nothing"):
            answers += [registry.raw_call("GET", f"{base}{path}", headers=sent) for sent in ({}, secret)]
        answers.append(registry.raw_call("GET", f"{base}/oauth2/token", headers=secret))
        answers.append(registry.raw_call("POST", f"{base}/oauth2/token", content=b"grant_type=password"))
        answers.append(registry.raw_call("DELETE", f"{base}/v2/no/such/manifests/v1", headers=secret))
    return [*answers, registry.raw_call("GET", link), registry.raw_call("GET", f"{link}x")]


@pytest.mark.parametrize("switch", ["--data-endpoints", "--no-data-endpoints"])
def test_every_door_is_closed_to_whom_no_rule_lets_in(registry: Registry, switch: str) -> None:
    registry.update(switch)
    link = registry.admin.link("lib/app", BLOB)
    assert registry.raw_call("GET", link).content == BLOB
    rule(registry, "add", ELSEWHERE)
    assert not any(refused(answer) for answer in each_door(registry, link))
    deny(registry)
    answers = each_door(registry, link)
    assert all(refused(answer) for answer in answers)
    # What is there and what is not, the right password and none: all the same, and nothing that names the registry.
    assert len({answer.content for answer in answers}) == 1
    assert registry.name not in answers[0].text
    assert {answer.headers.get("www-authenticate") for answer in answers} == {None}
    head = registry.raw_call("HEAD", link)
    assert (head.status_code, head.content) == (403, b"")
    rule(registry, "add", HERE)
    assert registry.raw_call("GET", link).content == BLOB
    assert registry.admin.follow(f"/v2/lib/app/blobs/{DIGEST}").content == BLOB


def test_a_link_does_not_let_in_who_may_not_come(registry: Registry) -> None:
    # The link was given to an address that may come in; whoever uses it from another one may not.
    rule(registry, "add", HERE)
    deny(registry)
    link = registry.admin.link("lib/app", BLOB)
    rule(registry, "remove", HERE)
    rule(registry, "add", ELSEWHERE)
    assert refused(registry.raw_call("GET", link))
    rule(registry, "add", HERE)
    assert registry.raw_call("GET", link).content == BLOB


def test_anonymous_pulls_are_no_way_around(registry: Registry) -> None:
    registry.update("--anonymous-pull")
    assert registry.nobody.call("GET", "/v2/lib/app/manifests/v1").status_code == 200
    deny(registry)
    assert refused(registry.raw_call("GET", "/v2/lib/app/manifests/v1"))


def test_health_and_other_registries_are_not_touched(registry: Registry, first: Registry) -> None:
    deny(registry)
    for path in ("/healthz", "/readyz"):
        assert registry.raw_call("GET", path).text == "ok\n"
        assert registry.raw_call("GET", f"https://{registry.server.authority(registry.data_host)}{path}").is_success
    assert first.admin.call("GET", "/v2/").status_code == 200
    assert registry.server.run_json("network-rule", "list", "-r", first.name)["default_action"] == "allow"


def test_rules_count_at_once_in_every_worker(registry: Registry) -> None:
    def statuses() -> set[int]:
        found = set()
        for _ in range(MANY):
            with registry.server.new_client() as client:
                found.add(client.get(registry.url("/v2/")).status_code)
        return found

    assert statuses() == {401}
    deny(registry)
    assert statuses() == {403}
    rule(registry, "add", f"{HERE}/32")
    assert statuses() == {401}
    rule(registry, "remove", HERE)
    assert statuses() == {403}
    registry.update("--default-action", "allow")
    assert statuses() == {401}


def test_a_connection_that_is_open_is_asked_again(registry: Registry) -> None:
    with registry.server.raw(registry.host) as connection:
        for wanted in (401, 403, 401):
            if wanted == 403:
                deny(registry)
            else:
                registry.update("--default-action", "allow")
            connection.send(f"HEAD /v2/ HTTP/1.1\r\nHost: {registry.authority}\r\n\r\n")
            assert connection.head()[0] == wanted


def test_each_address_is_judged_by_itself(registry: Registry) -> None:
    rule(registry, "add", "127.0.0.2/31", "127.0.1.0/24")
    deny(registry)
    for source, status in (
        (HERE, 403),
        ("127.0.0.2", 401),
        ("127.0.0.3", 401),
        ("127.0.0.4", 403),
        ("127.0.0.255", 403),
        ("127.0.1.0", 401),
        ("127.0.1.255", 401),
        ("127.0.2.0", 403),
    ):
        told = from_address(registry, source)
        assert told.startswith(f"{status} "), source
        assert (WORDS.format(source) in told) is (status == 403)


@pytest.mark.parametrize(
    "header",
    ["X-Forwarded-For: 127.0.0.2", "Forwarded: for=127.0.0.2", "X-Real-IP: 127.0.0.2", "X-Client-IP: 127.0.0.2"],
)
def test_nobody_comes_in_by_saying_where_from(registry: Registry, header: str) -> None:
    rule(registry, "add", ELSEWHERE)
    deny(registry)
    assert WORDS.format(HERE) in from_address(registry, HERE, header)
    assert from_address(registry, ELSEWHERE, header.replace(ELSEWHERE, HERE)).startswith("401 ")


def test_a_refused_body_does_not_become_the_next_request(registry: Registry) -> None:
    deny(registry)
    other = f"GET /healthz HTTP/1.1\r\nHost: {registry.authority}\r\n\r\n"
    head = f"POST /v2/lib/app/blobs/uploads/ HTTP/1.1\r\nHost: {registry.authority}\r\nContent-Length: {{}}\r\n\r\n"
    with registry.server.unchanged(), registry.server.raw(registry.host) as connection:
        connection.send(head.format(len(other)) + other)
        assert connection.head()[0] == 403
        body = connection.stream.recv(1 << 16)
        assert json.loads(body)["errors"][0]["code"] == "DENIED"
        connection.send(other)
        assert connection.head()[0] == 200


def test_refusals_are_counted(registry: Registry) -> None:
    def counted(door: str) -> float:
        wanted = f'seawall_requests_total{{door="{door}",method="GET",status="403"}} '
        told = registry.server.operations("/metrics").text.splitlines()
        return sum(float(line.removeprefix(wanted)) for line in told if line.startswith(wanted))

    link = registry.admin.link("lib/app", BLOB)
    deny(registry)
    before = counted("login"), counted("blob")
    assert refused(registry.raw_call("GET", "/v2/"))
    assert refused(registry.raw_call("GET", link))
    assert (counted("login"), counted("blob")) == (before[0] + 1, before[1] + 1)


@contextmanager
def on_both_protocols(folder: Path) -> Iterator[tuple[Registry, int]]:
    """A server with a door for IPv6 that serves IPv4 as well; yield its registry and that door's port."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            pass
    except OSError as error:
        pytest.skip(f"no IPv6 on this machine: {error}")
    port = free_ports(1)
    with Server(folder, extra=f'[[door]]\nlisten = "[::]:{port}"\n') as server:
        yield Registry.create(server, "myregistry"), port


def test_ipv6_and_ipv4_at_one_door(tmp_path: Path) -> None:
    with on_both_protocols(tmp_path) as (registry, port):
        deny(registry)
        for source in ("::1", HERE, ELSEWHERE):
            assert WORDS.format(source) in from_address(registry, source, target=port)
        rule(registry, "add", "::1", ELSEWHERE)
        assert from_address(registry, "::1", target=port).startswith("401 ")
        assert from_address(registry, ELSEWHERE, target=port).startswith("401 ")
        assert WORDS.format(HERE) in from_address(registry, HERE, target=port)
