"""Lines that a test run shows at its end, whether its tests pass or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pytest

TOLD: Final = "told"


def show(request: pytest.FixtureRequest, line: str) -> None:
    # A property of the test: those come back from whichever process it runs in.
    request.node.user_properties.append((TOLD, line))


def lines(reporter: pytest.TerminalReporter) -> list[str]:
    """All that was shown."""
    reports = [one for found in reporter.stats.values() for one in found if getattr(one, "when", "") == "call"]
    return [str(line) for one in reports for name, line in one.user_properties if name == TOLD]
