"""Regions in one process, for the tests that need no network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from seawall.metadata.migrate import migrate
from tests.replication.regions import WEST, Regions, Template

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database."""
    file = tmp_path_factory.mktemp("migrated") / "seawall.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def template(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Three regions that reach each other."""
    return Template(tmp_path_factory.mktemp("template"), migrated)


@pytest.fixture(scope="session")
def edge_template(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Three regions, one of which nobody can reach."""
    return Template(tmp_path_factory.mktemp("template"), migrated, edge=WEST)


@pytest.fixture
def world(template: Template) -> Iterator[Regions]:
    """Three regions that reach each other."""
    with Regions(template) as regions:
        yield regions
        assert not [error for region in regions.regions.values() for error in region.failures.seen]


@pytest.fixture
def edge_world(edge_template: Template) -> Iterator[Regions]:
    """Three regions, one of which nobody can reach."""
    with Regions(edge_template) as regions:
        yield regions
        assert not [error for region in regions.regions.values() for error in region.failures.seen]
