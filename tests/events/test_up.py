"""A system of two regions, as one command starts it: both tell, and what was acknowledged is told after a kill."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.events.telling import manifest
from tests.real.product import BINARY, Product, free_ports
from tests.support import content, network
from tests.support.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EAST: Final = "eastus"
WEST: Final = "westus"


class Up(Product):
    """Two regions on this machine."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "--region", EAST, "--region", WEST)
        self._port = free_ports(12)

    def login(self, region: str) -> str:
        """Return the login server of a region."""
        host: str = json.loads(self._said.read_text().splitlines()[0])["regions"][region]["login_server"]
        return host

    def run(self, *arguments: str) -> Any:  # noqa: ANN401 - JSON
        """Run a command about the first region."""
        command = [str(BINARY), *arguments, "--state", str(self.state), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        return json.loads(done.stdout)

    def call(self, method: str, region: str, reference: str, body: bytes = b"") -> None:
        """Push or delete a manifest in a region."""
        with network.client(self.state / "ca" / "ca.crt") as client:
            answer = client.request(
                method,
                f"https://{self.login(region)}/v2/app/manifests/{reference}",
                content=body or None,
                headers={"Content-Type": content.OCI_INDEX} if body else {},
                auth=(self.ready.username, self.ready.password),
            )
        assert answer.status_code in {201, 202}, answer.text

    def operations(self, path: str) -> str:
        with network.client(self.state / "ca" / "ca.crt") as client:
            return client.get(f"http://{self.ready.operations}{path}").text


@pytest.fixture
def up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Up]:
    monkeypatch.setenv("NO_PROXY", "*")
    with Up(tmp_path / "up") as running:
        yield running


def in_short(event: dict[str, Any]) -> tuple[str, str, str, str]:
    return event["type"], event["subject"], event["source"], event["data"]["region"]


def test_pushes_and_deletes_are_told_by_both_regions(up: Up, receiver: Receiver) -> None:
    up.run("webhook", "create", "hook", receiver.url)
    assert up.run("webhook", "ping", "hook")["taken"]
    (ping,) = receiver.wait_for(1)
    assert ping["type"] == "registry.ping"
    up.call("PUT", EAST, "v1", manifest("one"))
    sources = {region: f"https://{up.login(region)}/{up.ready.registry}" for region in (EAST, WEST)}
    told = receiver.wait_for(3)[1:]
    assert sorted(map(in_short, told)) == [
        ("registry.push", "app:v1", sources[EAST], EAST),
        ("registry.push.replicated", "app:v1", sources[WEST], WEST),
    ]
    up.call("DELETE", WEST, "v1")
    told = receiver.wait_for(5)[3:]
    assert sorted(map(in_short, told)) == [
        ("registry.delete", "app:v1", sources[WEST], WEST),
        ("registry.delete.replicated", "app:v1", sources[EAST], EAST),
    ]
    assert {event["data"]["origin"] for event in told} == {WEST}
    assert len({event["id"] for event in receiver.events}) == 5
    assert up.run("webhook", "events") == {"registry": up.ready.registry, "waiting": 0, "events": []}
    assert 'seawall_events_total{outcome="delivered"} 2.0' in up.operations("/metrics")


def test_what_was_acknowledged_is_told_after_everything_was_killed(up: Up) -> None:
    port = free_ports(1)
    up.run("webhook", "create", "hook", f"http://127.0.0.1:{port}/")
    for number in range(3):
        up.call("PUT", EAST, f"v{number}", manifest(str(number)))
    up.kill()
    with Receiver(port=port) as receiver:
        up.start()
        # From each region three; one whose answer the kill cut off would come twice.
        while len(told := {in_short(event)[:2] for event in receiver.events}) < 6:
            receiver.wait_for(len(receiver.received) + 1)
        assert told == {
            (kind, f"app:v{number}") for kind in ("registry.push", "registry.push.replicated") for number in range(3)
        }
        ours = [event["subject"] for event in receiver.events if event["type"] == "registry.push"]
        assert list(dict.fromkeys(ours)) == ["app:v0", "app:v1", "app:v2"]
