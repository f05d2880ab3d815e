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


def _seawall(*arguments: str) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SEAWALL_")}
    done = subprocess.run(
        [str(BINARY), *arguments], capture_output=True, text=True, check=False, timeout=60, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
