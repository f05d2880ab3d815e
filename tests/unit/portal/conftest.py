"""Browsers, before and after somebody has signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.portal.browser import Browser

if TYPE_CHECKING:
    from seawall.metadata.database import Database


@pytest.fixture
def stranger(database: Database, one_token_key: None) -> Browser:  # noqa: ARG001 - it is there
    return Browser(database)


@pytest.fixture
def browser(stranger: Browser) -> Browser:
    assert stranger.sign_in().path == "/portal"
    return stranger
