"""A database of an older Seawall is brought up to date, and keeps what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

import seawall.metadata
from seawall.metadata import readiness, registries
from seawall.metadata.migrate import migrate
from seawall.metadata.readiness import Answer
from seawall.topology import Registry, Replica

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from seawall.metadata.database import Database

REGISTRY: Final = Registry("myregistry", "eastus", (Replica("eastus", "account1"),))
SCRIPTS: Final = Path(seawall.metadata.__file__).parent / "migrations"


@pytest.fixture
def old_url(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database with nothing in it, not even tables."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'old.db'}"
        return
    cluster = request.getfixturevalue("postgres")
    made = cluster.create_database()
    yield made
    cluster.drop_database(made)


def make(url: str, revision: str) -> None:
    """Make the tables that there were at a revision."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    engine = create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def tables_of(url: str) -> set[str]:
    engine = create_engine(url)
    found = set(inspect(engine).get_table_names())
    engine.dispose()
    return found


def test_a_database_without_readiness_gets_it_and_keeps_its_registries(
    old_url: str, open_databases: Callable[..., Database]
) -> None:
    make(old_url, "0001")
    assert "readiness" not in tables_of(old_url)
    database = open_databases(old_url)
    database.write_now(registries.put, REGISTRY)
    migrate(old_url)
    assert database.read_now(registries.list_all) == [REGISTRY]
    answer = Answer("eastus", "myregistry.eastus.data.azurecr.io", ready=True)
    assert database.write_now(readiness.put, REGISTRY.name, "edge", "build-7", "192.0.2.7", [answer])
    (found,) = database.read_now(readiness.recent, REGISTRY, 0.0)
    assert found.answers == (answer,)


def test_every_revision_leads_to_the_newest(tmp_path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    script = ScriptDirectory.from_config(config)
    (newest,) = script.get_heads()
    for one in script.walk_revisions():
        url = f"sqlite:///{tmp_path / one.revision}.db"
        make(url, one.revision)
        migrate(url)
        engine = create_engine(url)
        with engine.connect() as connection:
            assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == newest
        engine.dispose()
