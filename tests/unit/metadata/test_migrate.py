"""Tables are brought up to date, once, however often and by however many processes that is asked for."""

from __future__ import annotations

import multiprocessing
import sqlite3
import time
from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import create_engine, inspect, text

from seawall.metadata import registries, tags
from seawall.metadata.migrate import migrate
from seawall.metadata.own import METADATA
from seawall.metadata.repositories import Repository
from seawall.topology import Registry, Replica
from tests.unit.metadata.processes import migrate_at_once

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from seawall.metadata.database import Database
    from tests.support.postgres import PostgresCluster


@pytest.fixture
def url(kind: str, sqlite_url: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated database that nobody else uses afterwards: what is done to it here goes beyond its rows."""
    if kind == "sqlite":
        yield sqlite_url
        return
    cluster: PostgresCluster = request.getfixturevalue("postgres")
    made = cluster.create_database(request.getfixturevalue("migrated_postgres"))
    yield made
    cluster.drop_database(made)


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    yield engine
    engine.dispose()


def definitions(engine: Engine) -> set[str]:
    """All there is to know of the tables, in the database's own words."""
    query = "SELECT tbl_name || ': ' || sql FROM sqlite_master WHERE sql IS NOT NULL"
    if engine.dialect.name == "postgresql":
        query = """
            SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, collation_name, column_default)
            FROM information_schema.columns WHERE table_schema = 'public'
            UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
        """
    with engine.connect() as connection:
        rows = connection.execute(text(query)).scalars().all()
    return {" ".join(row.split()) for row in rows if "alembic_version" not in row}


def state_of(engine: Engine) -> dict[str, Any]:
    with engine.connect() as connection:
        names = sorted(inspect(engine).get_table_names())
        rows = {name: connection.execute(text(f'SELECT * FROM "{name}"')).all() for name in names}
    return {"tables": definitions(engine), "rows": rows}


def test_the_tables_are_those_of_the_schema(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []
    tables = set(inspect(engine).get_table_names())
    assert tables == {*METADATA.tables, "alembic_version"}


def test_keys_are_those_of_the_schema_and_nothing_may_be_missing(engine: Engine) -> None:
    # What autogenerate does not compare: keys and what may be empty.
    found = inspect(engine)
    for name, table in METADATA.tables.items():
        assert found.get_pk_constraint(name)["constrained_columns"] == [column.name for column in table.primary_key]
        assert not any(column["nullable"] for column in found.get_columns(name))


def test_migrations_and_schema_make_the_same_tables(
    engine: Engine, tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    if kind == "sqlite":
        fresh = create_engine(f"sqlite:///{tmp_path / 'fresh.db'}")
    else:
        fresh = create_engine(request.getfixturevalue("postgres").create_database())
    METADATA.create_all(fresh)
    assert definitions(engine) == definitions(fresh)
    assert len(definitions(engine)) > len(METADATA.tables)
    fresh.dispose()


@pytest.mark.parametrize("kind", ["postgresql"])
def test_names_compare_by_code_point(engine: Engine) -> None:
    query = "SELECT collation_name FROM information_schema.columns WHERE data_type LIKE 'char%' AND table_name = 'tag'"
    with engine.connect() as connection:
        assert set(connection.execute(text(query)).scalars()) == {"C"}


def test_migrating_again_changes_nothing(url: str, engine: Engine, database: Database) -> None:
    with database.writing() as writer:
        registries.put(writer, Registry("myregistry", "eastus", (Replica("eastus", "account1"),)))
        tags.put(writer, Repository("myregistry", "team/app"), "latest", "sha256:" + "0" * 64)  # type: ignore[arg-type]
    before = state_of(engine)
    for _ in range(2):
        migrate(url)
        assert state_of(engine) == before


def test_a_database_of_a_newer_seawall_is_left_alone(url: str, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = state_of(engine)
    with pytest.raises(CommandError):
        migrate(url)
    assert state_of(engine) == before


@pytest.mark.parametrize("kind", ["postgresql"])
def test_a_migration_that_fails_leaves_no_connection_open(url: str, engine: Engine) -> None:
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(CommandError):
        migrate(url)
    # A server's process ends a moment after its connection.
    deadline = time.monotonic() + 10
    with engine.connect() as connection:
        while connection.execute(others).scalar_one():
            assert time.monotonic() < deadline
            connection.rollback()
            time.sleep(0.02)


def test_several_nodes_may_start_at_once(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if kind == "sqlite":
        urls = [f"sqlite:///{tmp_path / str(number)}.db" for number in range(5)]
    else:
        cluster: PostgresCluster = request.getfixturevalue("postgres")
        urls = [cluster.create_database()]
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2, timeout=60)
    processes = [context.Process(target=migrate_at_once, args=(urls, barrier)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    for url in urls:
        engine = create_engine(url)
        assert set(inspect(engine).get_table_names()) > set(METADATA.tables)
        engine.dispose()


def test_a_migration_waits_for_a_writer(sqlite_url: str, tmp_path: Path) -> None:
    # As 'seawall registry create' does while a node is busy.
    busy = sqlite3.connect(tmp_path / "seawall.db", isolation_level=None)
    busy.execute("BEGIN IMMEDIATE")
    migrate(sqlite_url)
    busy.execute("ROLLBACK")
    busy.close()
