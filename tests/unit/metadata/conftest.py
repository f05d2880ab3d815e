"""Regions: databases of their own, that hear of each other only when a test lets them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from seawall.metadata.database import Database


@pytest.fixture
def urls(url: str, tmp_path: Path, migrated_sqlite: Path) -> list[str]:
    """Databases of three regions: two on SQLite, the first on whichever kind the test runs on."""
    copies = [shutil.copy(migrated_sqlite, tmp_path / f"region{number}.db") for number in (1, 2)]
    return [url, *(f"sqlite:///{copy}" for copy in copies)]


@pytest.fixture
def regions(urls: list[str], walls: list[int], open_databases: Callable[..., Database]) -> list[Database]:
    """Three regions, each with a wall of its own."""
    return [
        open_databases(url, region, wall=lambda number=number: walls[number])
        for number, (url, region) in enumerate(zip(urls, ("eastus", "northeurope", "westus"), strict=True))
    ]


@pytest.fixture
def walls() -> list[int]:
    """What the regions' walls show, in milliseconds."""
    return [1_700_000_000_000] * 3


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
