"""Every scenario, played in the laboratory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.walls.scenarios.scenario import Stage
from tests.walls.scenarios.table import SCENARIOS

if TYPE_CHECKING:
    from tests.walls.lab import Lab
    from tests.walls.scenarios.scenario import Scenario


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_the_true_cause_is_named_first(scenario: Scenario, lab: Lab) -> None:
    scenario.play(Stage(lab, scenario))
