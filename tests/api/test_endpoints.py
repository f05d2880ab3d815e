"""What a registry says its clients need is what it serves, and what a wall is told to open."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from seawall.firewall.description import read_description
from seawall.naming import Cloud
from tests.support.registry import Registry
from tests.support.server import BINARY, CLOUD, DOMAIN, REGION

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.server import Server

PATH = "/v2/_seawall/endpoints"


@pytest.fixture(scope="module")
def registry(server: Server) -> Registry:
    return Registry.create(server, "endpoints")


@pytest.mark.parametrize("dedicated", [False, True])
def test_layers_come_from_where_it_says(registry: Registry, *, dedicated: bool) -> None:
    registry.update("--data-endpoints" if dedicated else "--no-data-endpoints")
    answer = registry.admin.call("GET", PATH)
    said = read_description([("answer", answer.text)])
    assert said.registry == registry.name
    assert said.cloud == (Cloud.own(DOMAIN) if dedicated else CLOUD)
    assert said.regions == {REGION}
    assert said.data_endpoints is dedicated
    blob = b"a layer"
    registry.admin.push_blob("lib/app", blob)
    link = registry.admin.link("lib/app", blob)
    (endpoint,) = answer.json()["dataEndpoints"]
    assert link.startswith(f"https://{endpoint['endpoint']}/")


def test_strangers_are_told_nothing(registry: Registry) -> None:
    answer = registry.raw_call("GET", PATH)
    assert answer.status_code == 401
    assert "dataEndpoints" not in answer.text
    assert registry.admin.call("POST", PATH).status_code == 405


@pytest.mark.parametrize("dedicated", [False, True])
def test_the_command_line_asks_a_running_registry(registry: Registry, server: Server, *, dedicated: bool) -> None:
    registry.update("--data-endpoints" if dedicated else "--no-data-endpoints")
    layers = registry.data_host if dedicated else registry.account_host
    wanted = {registry.authority.partition(":")[0], layers.partition(":")[0]}
    told = _seawall("endpoints", "--from", str(server.config), registry.name, "--json")
    assert {one["host"] for one in json.loads(told)} == wanted
    assert {one["port"] for one in json.loads(told)} == {int(registry.authority.partition(":")[2] or 443)}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give the name an address of its own")
@pytest.mark.parametrize("dedicated", [False, True])
def test_the_command_line_asks_from_afar(
    registry: Registry, server: Server, tmp_path: Path, *, dedicated: bool
) -> None:
    registry.update("--data-endpoints" if dedicated else "--no-data-endpoints")
    hosts = tmp_path / "hosts"
    hosts.write_text(f"127.0.0.1 {registry.authority.partition(':')[0]}\n")
    command = f'mount --bind {hosts} /etc/hosts && exec "$0" "$@"'
    private = ("unshare", "--mount", "sh", "-c", command)
    secret = {"SSL_CERT_FILE": str(server.ca_file), "SEAWALL_USERNAME": registry.name}
    asked = ("endpoints", "--from", f"https://{registry.authority}", "--json")
    told = json.loads(_seawall(*asked, prefix=private, **secret, SEAWALL_PASSWORD=registry.password))
    layers = registry.data_host if dedicated else registry.account_host
    assert {one["host"] for one in told} == {one.partition(":")[0] for one in (registry.authority, layers)}
    refused = _run(*asked, prefix=private, **secret, SEAWALL_PASSWORD="wrong")
    assert refused.returncode == 1
    assert "SEAWALL_PASSWORD" in refused.stderr
    assert "wrong" not in refused.stderr


def _seawall(*arguments: str, prefix: tuple[str, ...] = (), **environment: str) -> str:
    done = _run(*arguments, prefix=prefix, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _run(*arguments: str, prefix: tuple[str, ...] = (), **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("SEAWALL_")}
    return subprocess.run(
        [*prefix, str(BINARY), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=clean | environment,
    )
