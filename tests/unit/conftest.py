"""How much properties are tried, and databases of both kinds.

A test that takes ``database``, ``open_database`` or ``url`` runs twice: on SQLite and on a real PostgreSQL.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine

from seawall.metadata.database import Database
from seawall.metadata.migrate import migrate
from seawall.metadata.own import LOG, METADATA
from tests.support.postgres import PostgresCluster, PostgresMissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# No deadline: other work on the machine must not fail a test. Slow beginnings (keys, directories) are no fault either,
# nor are databases shared by the examples of one property: each example writes under a name of its own.
settings.register_profile(
    "unit",
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("unit")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresCluster]:
    try:
        cluster = PostgresCluster()
    except PostgresMissingError as error:
        pytest.skip(str(error))
    with cluster:
        yield cluster


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("migrated") / "seawall.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_postgres(postgres: PostgresCluster) -> str:
    url = postgres.create_database()
    migrate(url)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on."""
    name: str = request.param
    return name


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_sqlite: Path) -> str:
    """A migrated SQLite database of the test's own."""
    return f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path)}"


@pytest.fixture(scope="session")
def emptied_postgres() -> list[str]:
    """Databases that a test has used and that were emptied after it: quicker than making new ones."""
    return []


@pytest.fixture
def postgres_url(postgres: PostgresCluster, migrated_postgres: str, emptied_postgres: list[str]) -> Iterator[str]:
    """A migrated, empty PostgreSQL database of the test's own."""
    url = emptied_postgres.pop() if emptied_postgres else postgres.create_database(migrated_postgres)
    yield url
    engine = create_engine(url)
    with engine.begin() as connection:
        for table in METADATA.sorted_tables:
            # A log always has its one row.
            connection.execute(table.update().values(sequence=0, clock=0) if table is LOG else table.delete())
    engine.dispose()
    emptied_postgres.append(url)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest) -> str:
    """A migrated database of the test's own."""
    found: str = request.getfixturevalue("sqlite_url" if kind == "sqlite" else "postgres_url")
    return found


@pytest.fixture
def open_databases() -> Iterator[Callable[..., Database]]:
    """Open databases by URL, as many as wanted; they are closed after the test."""
    opened = []

    def open_one(url: str, region: str = "eastus", **more: object) -> Database:
        opened.append(Database(url, region, **more))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def database(url: str, open_databases: Callable[..., Database]) -> Database:
    """A migrated database, opened."""
    return open_databases(url)


@pytest.fixture(scope="session")
def token_key() -> rsa.RSAPrivateKey:
    """A key to sign tokens with."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def one_token_key(monkeypatch: pytest.MonkeyPatch, token_key: rsa.RSAPrivateKey) -> None:
    """Let every database get the same key: making one takes longer than what most tests do with it."""
    monkeypatch.setattr("seawall.identity.keyring.rsa.generate_private_key", lambda **_: token_key)
