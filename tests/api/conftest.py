"""One running server for all the tests, once on each database, with two registries in it."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from seawall.metadata import registries
from seawall.naming import Role
from seawall.topology import endpoints
from tests.support.groups import group_of
from tests.support.postgres import PostgresCluster, PostgresMissingError
from tests.support.registry import Registry
from tests.support.server import CLOUD, Server
from tests.support.stalled import Stalled, watch_all

if TYPE_CHECKING:
    from collections.abc import Iterator


SLOW: Final = "tests/api/test_slow_clients.py"


@pytest.fixture(scope="session")
def cluster() -> Iterator[PostgresCluster]:
    """A PostgreSQL of our own."""
    try:
        found = PostgresCluster()
    except PostgresMissingError as error:
        pytest.skip(str(error))
    with found:
        yield found


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server."""
    metadata = request.getfixturevalue("cluster").create_database() if request.param == "postgresql" else None
    with Server(tmp_path_factory.mktemp(request.param), metadata=metadata) as running:
        yield running
        _check_redirects(running)
        told = [secret for secret in running.secrets if secret in running.log]
        assert not told, f"{len(told)} of {len(running.secrets)} secrets are in the log"


def _check_redirects(server: Server) -> None:
    """Every host that anybody was sent to is one that the list of endpoints tells a wall to open."""
    with server.database() as database:
        known = database.read_now(registries.list_all)
    listed = {
        server.authority(endpoint.host)
        for registry in known
        for switched in (replace(registry, data_endpoints=value) for value in (False, True))
        for endpoint in endpoints(CLOUD, switched)
        if endpoint.role is not Role.LOGIN
    }
    assert server.redirected_to <= listed


@pytest.fixture(scope="session")
def first(server: Server) -> Registry:
    """A registry whose switches stay as they were made."""
    return Registry.create(server, "first")


@pytest.fixture(scope="session")
def second(server: Server) -> Registry:
    """Another registry on the same server."""
    return Registry.create(server, "second")


@pytest.fixture(scope="session")
def stalled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Stalled]]:
    """Clients that stall, at a server of their own: let loose before the first test, looked at by the last ones."""
    with Server(tmp_path_factory.mktemp("stalled")) as server:
        clients = watch_all(Registry.create(server, "first"))
        yield clients
        for client in clients.values():
            client.give_up()


@pytest.fixture(autouse=True)
def _meanwhile(request: pytest.FixtureRequest) -> None:
    """Let them loose before the first test that runs in the process in which they are looked at."""
    wanted = any(SLOW in item.nodeid for item in request.session.items)
    if wanted and group_of(request.node.nodeid) == group_of(SLOW):
        request.getfixturevalue("stalled")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Look at the slow clients last, when nobody has to wait for them any more."""
    items.sort(key=lambda item: SLOW in item.nodeid)


@pytest.fixture
def repository(request: pytest.FixtureRequest) -> str:
    """A repository that nobody else uses."""
    words = re.sub("[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    return f"{words[:80].strip('-')}/{uuid.uuid4().hex[:8]}"
