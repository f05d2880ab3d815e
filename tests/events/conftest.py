"""Regions in one process, and receivers of what they tell."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from seawall.metadata import log
from seawall.metadata.database import Database
from seawall.metadata.migrate import migrate
from tests.events.outbox import Outbox
from tests.replication.regions import Regions, Template
from tests.support.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

settings.register_profile(
    "events",
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="session")
def events_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database."""
    file = tmp_path_factory.mktemp("migrated") / "seawall.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def events_template(events_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Three regions that reach each other."""
    return Template(tmp_path_factory.mktemp("events"), events_file)


@pytest.fixture
def world(events_template: Template) -> Iterator[Regions]:
    """Three regions that reach each other, and have one registry."""
    with Regions(events_template) as regions:
        yield regions
        assert not [error for region in regions.regions.values() for error in region.failures.seen]


@pytest.fixture
def outbox(events_file: Path, tmp_path: Path) -> Iterator[Outbox]:
    """A database in which events are written down, and a clock for whoever delivers them."""
    database = Database(f"sqlite:///{shutil.copy(events_file, tmp_path)}", "eastus")
    yield Outbox(database)
    database.close()


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver that takes everything, reached without a proxy."""
    monkeypatch.setenv("NO_PROXY", "*")
    with Receiver() as made:
        yield made


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs are sent transaction by transaction."""
    monkeypatch.setattr(log, "MOST_ROWS", 1)
