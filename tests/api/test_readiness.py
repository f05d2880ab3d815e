"""Clients report whether they would survive the switch to dedicated data endpoints; operators see it first."""

from __future__ import annotations

import gzip
import json
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from seawall.cli.main import app
from seawall.metadata import readiness
from seawall.metadata.clock import reading_at
from seawall.metadata.schema import READINESS
from tests.support.registry import Registry
from tests.support.server import REGION

if TYPE_CHECKING:
    import httpx

    from tests.support.registry import User
    from tests.support.server import Server

PATH = "/v2/_seawall/readiness"
JSON = {"Content-Type": "application/json"}
DAY = 24 * 3600.0


@pytest.fixture
def registry(server: Server) -> Registry:
    """A registry from which no client has reported."""
    return Registry.create(server, f"fleet{uuid.uuid4().hex}")


def host(registry: Registry) -> str:
    return registry.server.authority(registry.data_host)


def report(user: User, client: str, *, ready: bool | None, cause: str = "") -> httpx.Response:
    entry = {"host": host(user.registry), "ready": ready, "cause": cause}
    body = json.dumps({"client": client, "endpoints": [entry]}).encode()
    return user.call("PUT", PATH, content=body, headers=JSON)


def told(user: User) -> Any:  # noqa: ANN401 - JSON
    answer = user.call("GET", PATH)
    assert answer.status_code == 200, answer.text
    return answer.json()


def command(registry: Registry, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--config", str(registry.server.config)])


def keep(registry: Registry, client: str, *, days_ago: float, ready: bool | None = False, cause: str = "") -> None:
    """Keep a report as if it had come in some days ago."""
    answer = readiness.Answer(REGION, host(registry), ready, cause)
    with registry.server.database() as database, database.writing() as writer:
        then = replace(writer, clock=reading_at(time.time() - days_ago * DAY))
        assert readiness.put(then, registry.name, registry.name, client, "192.0.2.7", [answer])


def test_a_report_is_told_to_the_one_who_sent_it_and_to_the_admin_user(registry: Registry) -> None:
    edge, other = registry.token_user("edge-device"), registry.token_user("build-server")
    began = time.time()
    assert report(edge, "edge-1", ready=False, cause="dropped").status_code == 204
    assert report(other, "build-1", ready=True).status_code == 204
    (mine,) = told(edge)["clients"]
    reported = time.mktime(time.strptime(mine.pop("reported"), "%Y-%m-%dT%H:%M:%S+00:00")) - time.timezone
    assert began - 2 < reported < time.time() + 2
    assert mine == {
        "client": "edge-1",
        "user": "edge-device",
        "address": "127.0.0.1",
        "verdict": "blocked",
        "endpoints": [{"host": host(registry), "ready": False, "cause": "dropped"}],
        "untried": [],
    }
    assert told(edge)["summary"] == {"blocked": 1, "unknown": 0, "ready": 0}
    assert told(other)["summary"] == {"blocked": 0, "unknown": 0, "ready": 1}
    everybody = told(registry.admin)
    assert [one["client"] for one in everybody["clients"]] == ["edge-1", "build-1"]
    assert everybody["summary"] == {"blocked": 1, "unknown": 0, "ready": 1}
    # The wall was opened, and the client asked again.
    assert report(edge, "edge-1", ready=True).status_code == 204
    assert told(registry.admin)["summary"] == {"blocked": 0, "unknown": 0, "ready": 2}
    head = registry.admin.call("HEAD", PATH)
    assert head.status_code == 200
    assert not head.content


def test_other_registries_hear_nothing_of_it(registry: Registry, first: Registry) -> None:
    report(registry.admin, "only here", ready=True)
    assert "only here" not in json.dumps(told(first.admin))


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_strangers_are_sent_to_sign_in(registry: Registry, method: str) -> None:
    answer = registry.raw_call(method, PATH, headers=JSON, content=b"{}" if method == "PUT" else None)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith(f'Bearer realm="https://{registry.authority}/oauth2/token"')
    assert "clients" not in answer.text


def test_nobody_in_particular_neither_reports_nor_reads(registry: Registry) -> None:
    registry.update("--anonymous-pull")
    for answer in (report(registry.nobody, "somebody", ready=True), registry.nobody.call("GET", PATH)):
        assert answer.status_code == 403
        assert answer.json()["errors"][0]["code"] == "DENIED"
        assert "sign in" in answer.json()["errors"][0]["message"]
    assert told(registry.admin)["clients"] == []


def test_what_is_wrong_is_said_and_nothing_is_kept(registry: Registry) -> None:
    admin = registry.admin
    entry = {"host": host(registry), "ready": True}
    for body, word in (
        (b"{", "not JSON"),
        (json.dumps({"client": "a\n", "endpoints": [entry]}).encode(), "printable"),
        (json.dumps({"client": "a", "endpoints": [{**entry, "host": registry.authority}]}).encode(), "no dedicated"),
        (json.dumps({"client": "a", "endpoints": [entry, entry]}).encode(), "twice"),
        (b'{"client": "a", "client": "b", "endpoints": []}', "twice"),
    ):
        answer = admin.call("PUT", PATH, content=body, headers=JSON)
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["code"]) == (400, "READINESS_INVALID")
        assert word in error["message"]
    good = json.dumps({"client": "a", "endpoints": [entry]}).encode()
    for body, headers, status in (
        (good, {}, 415),
        (gzip.compress(good), {**JSON, "Content-Encoding": "gzip"}, 415),
        (good + b" " * (16 * 1024 + 1 - len(good)), JSON, 413),
    ):
        assert admin.call("PUT", PATH, content=body, headers=headers).status_code == status
    assert told(admin)["clients"] == []
    assert admin.call("PUT", PATH, content=good + b" " * (16 * 1024 - len(good)), headers=JSON).status_code == 204
    for method in ("POST", "DELETE", "PATCH"):
        answer = admin.call(method, PATH)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, PUT")


def test_a_user_may_not_fill_the_registry_with_clients(registry: Registry) -> None:
    with registry.server.database() as database, database.writing() as writer:
        for number in range(readiness.MOST_CLIENTS):
            key: dict[str, Any] = {"registry": registry.name, "principal": registry.name, "client": f"{number}"}
            writer.put(READINESS, **key, address="", document="[]")
    answer = report(registry.admin, "one more", ready=True)
    assert answer.status_code == 429
    (error,) = answer.json()["errors"]
    assert error["code"] == "TOOMANYREQUESTS"
    assert "1000 clients" in error["message"]
    assert report(registry.admin, "7", ready=True).status_code == 204
    assert report(registry.token_user("edge-device"), "one more", ready=True).status_code == 204


def test_the_command_lists_the_fleet(registry: Registry) -> None:
    nobody = command(registry, "registry", "readiness", registry.name)
    assert nobody.exit_code == 0
    assert "No client" in nobody.stdout
    assert "--report-ready" in nobody.stdout
    report(registry.admin, "edge-1", ready=True)
    report(registry.admin, "edge-2", ready=None, cause="dns-silent")
    keep(registry, "edge-0", days_ago=31)
    keep(registry, "edge-3", days_ago=29.5, ready=True)
    fine = command(registry, "registry", "readiness", registry.name)
    assert fine.exit_code == 0
    assert f"{registry.name}: 0 blocked, 1 unknown, 2 ready." in fine.stdout
    keep(registry, "edge-4", days_ago=3.2 / 24, ready=False, cause="dropped")
    keep(registry, "edge-5", days_ago=0.5 / 24, ready=False)
    shown = command(registry, "registry", "readiness", registry.name)
    assert shown.exit_code == 4
    words = [line.split() for line in shown.stdout.splitlines()]
    assert words[0] == ["CLIENT", "USER", "ADDRESS", "REPORTED", "VERDICT", "NOT", "REACHED"]
    who = registry.name
    assert words[1:6] == [
        ["edge-4", who, "192.0.2.7", "3", "h", "ago", "blocked", f"{host(registry)}:", "dropped"],
        ["edge-5", who, "192.0.2.7", "30", "min", "ago", "blocked", f"{host(registry)}:", "no", "cause", "told"],
        ["edge-2", who, "127.0.0.1", "just", "now", "unknown", f"{host(registry)}:", "dns-silent"],
        ["edge-1", who, "127.0.0.1", "just", "now", "ready"],
        ["edge-3", who, "192.0.2.7", "29", "d", "ago", "ready"],
    ]
    assert f"{who}: 2 blocked, 1 unknown, 2 ready." in shown.stdout
    programs = command(registry, "registry", "readiness", registry.name, "--json")
    assert programs.exit_code == 4
    assert json.loads(programs.stdout) == told(registry.admin)


def test_a_registry_that_is_not_there(registry: Registry) -> None:
    asked = command(registry, "registry", "readiness", "unknown")
    assert asked.exit_code == 2
    assert "no registry 'unknown'" in asked.stderr


def test_switching_on_names_those_who_would_fail_and_goes_on(registry: Registry) -> None:
    for number in range(7):
        keep(registry, f"edge-{number}", days_ago=number, cause="dropped")
    switched = command(registry, "registry", "update", registry.name, "--data-endpoints", "--json")
    assert switched.exit_code == 0
    assert json.loads(switched.stdout)["data_endpoints"] is True
    warned = switched.stderr
    assert "warning: 7 clients" in warned
    assert "edge-0 (192.0.2.7), edge-1 (192.0.2.7)" in warned
    assert "edge-5" not in warned
    assert "and 2 more" in warned
    assert f"TCP {registry.server.port} to {registry.data_host}" in warned
    assert all(line.startswith("seawall: ") for line in warned.splitlines())
    assert registry.server.topology(registry.name).data_endpoints is True
    # It is on already, or is switched off, or something else is switched.
    for switch in ("--data-endpoints", "--no-data-endpoints", "--deletes"):
        assert not command(registry, "registry", "update", registry.name, switch).stderr


def test_switching_on_says_nothing_where_nobody_is_known_to_fail(registry: Registry) -> None:
    keep(registry, "old", days_ago=30.1)
    keep(registry, "ready", days_ago=1, ready=True)
    keep(registry, "unknown", days_ago=1, ready=None)
    switched = command(registry, "registry", "update", registry.name, "--data-endpoints")
    assert (switched.exit_code, switched.stderr) == (0, "")
    assert switched.stdout == f"Updated {registry.name}.\n"
    registry.update("--no-data-endpoints")
    keep(registry, "blocked", days_ago=1)
    assert "warning: 1 client " in command(registry, "registry", "update", registry.name, "--data-endpoints").stderr


def test_reports_outlast_the_user_who_sent_them(registry: Registry) -> None:
    edge = registry.token_user("edge-device")
    report(edge, "edge-1", ready=False)
    registry.server.run("token", "delete", "edge-device", "-r", registry.name)
    assert report(edge, "edge-1", ready=True).status_code == 401
    assert [one["user"] for one in told(registry.admin)["clients"]] == ["edge-device"]
