"""The operator's client, as a fixture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.management.manager import Manager

if TYPE_CHECKING:
    from seawall.metadata.database import Database


@pytest.fixture
def manager(database: Database, one_token_key: None) -> Manager:  # noqa: ARG001 - it is there
    return Manager(database)
