"""Browsers, before and after somebody has signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.portal.browser import Browser

if TYPE_CHECKING:
    from pathlib import Path

    from seawall.metadata.database import Database


@pytest.fixture
def stranger(database: Database, one_token_key: None, tmp_path: Path) -> Browser:  # noqa: ARG001 - it is there
    return Browser(database, tmp_path / "weekly")


@pytest.fixture
def browser(stranger: Browser) -> Browser:
    assert stranger.sign_in().path == "/portal"
    return stranger
