"""What whoever directs clients is told at every door: come, or why not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import pytest

from seawall.naming import Host, Role
from seawall.records import HEALTH_PATH
from tests.support.registry import Registry
from tests.support.server import CLOUD, REGION, Server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.postgres import PostgresCluster

OK: Final = (200, "ok\n")
DRAINED: Final = (503, "drained: this region was taken out of the global names\n")
GONE: Final = (503, "the database does not answer\n")
SECONDS: Final = 10.0


def answers(node: Server, registry: str) -> set[tuple[int, str]]:
    """What all doors and the operations listener say."""
    replica = node.topology(registry).replica(REGION)
    assert replica is not None
    hosts = [
        Host(Role.LOGIN, registry),
        Host(Role.REGIONAL, registry, REGION),
        Host(Role.DATA, registry, REGION),
        Host(Role.BLOB, account=replica.account),
        Host(Role.NODE, region=REGION),
        Host(Role.APEX),
    ]
    urls = [f"https://{node.authority(CLOUD.host(host))}{HEALTH_PATH}" for host in hosts]
    found = {(answer.status_code, answer.text) for answer in map(node.client.get, urls)}
    listener = node.operations(HEALTH_PATH)
    return found | {(listener.status_code, listener.text)}


def settles(node: Server, registry: str, wanted: tuple[int, str]) -> None:
    """Wait until all say the same: each process looks again after a second."""
    deadline = time.monotonic() + SECONDS
    while (found := answers(node, registry)) != {wanted}:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_drained_region_says_so_at_every_door(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    metadata = request.getfixturevalue("cluster").create_database() if kind == "postgresql" else None
    with Server(tmp_path, metadata=metadata) as node:
        registry = Registry.create(node, "first")
        assert answers(node, "first") == {OK}
        assert "there is no region" in node.fails("region", "drain", REGION)
        node.run("region", "invite", "westus")
        node.run("region", "drain", REGION)
        settles(node, "first", DRAINED)
        # Clients that come all the same are served, and nobody restarts it.
        assert registry.admin.push_image("a", "v1", b"layer")
        assert node.operations("/readyz").status_code == 200
        node.run("region", "resume", REGION)
        settles(node, "first", OK)


def test_a_region_without_its_database_wants_no_clients(tmp_path: Path, cluster: PostgresCluster) -> None:
    url = cluster.create_database()
    with Server(tmp_path, metadata=url) as node:
        login = f"https://{node.authority(CLOUD.login('first'))}{HEALTH_PATH}"
        assert node.client.get(login).text == "ok\n"
        cluster.drop_database(url)
        deadline = time.monotonic() + SECONDS
        while (answer := node.client.get(login)).status_code == 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert (answer.status_code, answer.text) in {GONE, (503, "the database takes no writes\n")}
        assert node.operations("/healthz").status_code == 200
