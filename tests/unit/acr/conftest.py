"""Somebody at the login door, with a database and a store of the test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from seawall.blobs.directory import DirectoryBlobs
from tests.unit.acr.counter import Counter

if TYPE_CHECKING:
    from pathlib import Path

    from seawall.metadata.database import Database


@pytest.fixture
def wall() -> list[int]:
    """What the wall shows, in milliseconds."""
    return [1_700_000_000_000]


@pytest.fixture
def store(tmp_path: Path) -> DirectoryBlobs:
    return DirectoryBlobs(tmp_path)


@pytest.fixture
def counter(database: Database, store: DirectoryBlobs, wall: list[int], monkeypatch: pytest.MonkeyPatch) -> Counter:
    monkeypatch.setattr(database, "_wall", lambda: wall[0])
    return Counter(database, store)
