"""The switch to dedicated data endpoints: who would break is told first, and who does not come is seen."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any, Final

import pytest
from typer.testing import CliRunner

from seawall.cli.main import app
from tests.support import content
from tests.support.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.support.registry import User
    from tests.support.server import Server

BLOB: Final = b"a layer that moves to another host"
DIGEST: Final = content.digest_of(BLOB)
PATIENCE: Final = 20.0
HERE: Final = "127.0.0.1"


@pytest.fixture(scope="module")
def registry(server: Server) -> Registry:
    """A registry with one layer in it, which nobody has read."""
    made = Registry.create(server, f"moving{uuid.uuid4().hex}")
    made.admin.push_image("lib/app", "v1", BLOB)
    return made


@pytest.fixture(autouse=True)
def _back(registry: Registry) -> Iterator[None]:
    yield
    registry.server.run("data-endpoint", "disable", registry.name)


def ask(registry: Registry, *words: str, code: int | None = None) -> Any:  # noqa: ANN401 - JSON
    """Run a command about the switch that may end with other codes as well; return what it says."""
    words = ("data-endpoint", words[0], registry.name, *words[1:], "--json")
    done = CliRunner().invoke(app, [*words, "--config", str(registry.server.config)])
    assert code is None or done.exit_code == code, f"exit code {done.exit_code}\n{done.output}"
    return json.loads(done.stdout) if done.stdout else None


def read(user: User) -> str:
    """Read the layer; say which host it came from."""
    answer = user.follow(f"/v2/lib/app/blobs/{DIGEST}")
    assert (answer.status_code, answer.content) == (200, BLOB)
    return str(answer.url.host)


def report(user: User, *, ready: bool) -> httpx.Response:
    host = user.registry.server.authority(user.registry.data_host)
    entry = {"host": host, "ready": ready, "cause": "" if ready else "dropped"}
    body = json.dumps({"client": f"machine of {user.username}", "endpoints": [entry]}).encode()
    answer = user.call("PUT", "/v2/_seawall/readiness", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 204
    return answer


def standing(registry: Registry, user: User, wanted: str, command: str = "plan") -> dict[str, Any]:
    """Wait until a client stands as wanted: what the doors see is written down every few seconds."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = [one for one in ask(registry, command)["clients"] if one["user"] == user.username]
        if found and found[0]["standing"] == wanted:
            client: dict[str, Any] = found[0]
            return client
        assert time.monotonic() < deadline, found
        time.sleep(0.2)


def test_nobody_breaks_by_a_switch_that_goes_by_the_plan(registry: Registry) -> None:
    silent, ready = registry.token_user("silent"), registry.token_user("ready")
    shared = read(silent)
    assert read(ready) == shared
    client = standing(registry, silent, "unknown")
    assert (client["address"], client["reads_from_shared_storage"]) == (HERE, 1)
    assert client["open_first"] == [registry.data_host]
    # It is refused, and nothing has happened.
    ask(registry, "enable", code=4)
    assert read(silent) == shared
    report(ready, ready=True)
    assert standing(registry, ready, "ready")["client"] == "machine of ready"
    # Both are served meanwhile: whoever told that it can is sent to the new endpoint, the other is not.
    assert ask(registry, "enable", "--overlap", code=0)["overlap"] is True
    assert read(silent) == shared
    assert read(ready) == registry.data_host
    assert ask(registry, "status", code=5)["shared_storage_quiet"] is False
    report(silent, ready=True)
    assert read(silent) == registry.data_host
    assert ask(registry, "finish", code=0) == {"registry": registry.name, "data_endpoints": True, "overlap": False}
    assert read(registry.admin) == registry.data_host
    standing(registry, registry.admin, "ready", "status")
    told = ask(registry, "status", "--quiet-days", "0", code=0)
    assert (told["stuck"], told["shared_storage_quiet"]) == (0, True)
    ask(registry, "status", code=5)


def test_who_told_that_it_cannot_is_named_with_what_to_open(registry: Registry) -> None:
    blocked = registry.token_user("blocked")
    report(blocked, ready=False)
    client = standing(registry, blocked, "blocked")
    assert client["open_first"] == [registry.server.authority(registry.data_host)]
    assert "machine of blocked" in registry.server.fails("data-endpoint", "enable", registry.name, code=4)
    assert ask(registry, "enable", "--force", code=0)["data_endpoints"] is True


def test_who_was_sent_and_does_not_come_is_seen(registry: Registry) -> None:
    stuck = registry.token_user("stuck")
    ask(registry, "enable", "--force", code=0)
    assert stuck.call("GET", f"/v2/lib/app/blobs/{DIGEST}").status_code == 307
    client = standing(registry, stuck, "stuck", "status")
    assert client["open_first"] == [registry.data_host]
    ask(registry, "status", code=4)
    read(stuck)
    standing(registry, stuck, "ready", "status")


def test_who_was_refused_is_listed_until_somebody_lets_it_in(registry: Registry) -> None:
    server = registry.server
    registry.update("--default-action", "deny")
    try:
        assert server.client.get(f"https://{server.authority(registry.host)}/v2/").status_code == 403
        deadline = time.monotonic() + PATIENCE
        while not (found := server.run_json("network-rule", "refused", "-r", registry.name)):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert (found[0]["address"], found[0]["comes_in_now"]) == (HERE, False)
        server.run("network-rule", "add", HERE, "-r", registry.name)
        assert server.run_json("network-rule", "refused", "-r", registry.name)[0]["comes_in_now"] is True
    finally:
        registry.update("--default-action", "allow")
