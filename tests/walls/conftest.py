"""The laboratory, built once and put back before every test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.walls.lab import Lab, why_not

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def built_lab() -> Iterator[Lab]:
    if reason := why_not():
        pytest.skip(reason)
    with Lab() as lab:
        yield lab


@pytest.fixture
def lab(built_lab: Lab) -> Lab:
    built_lab.reset()
    return built_lab
