"""Lines that a test run shows at its end, whether its tests pass or not."""

from __future__ import annotations

from typing import Final

import pytest

LINES: Final = pytest.StashKey[list[str]]()


def show(config: pytest.Config, line: str) -> None:
    config.stash.setdefault(LINES, []).append(line)
