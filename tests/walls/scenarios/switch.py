"""The article's warning: dedicated data endpoints are switched on, and clients behind walls stop pulling."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from seawall.check.cause import Cause
from tests.walls.places import DATA_EAST, DATA_WEST, EVERYTHING, REGISTRY, SHARED
from tests.walls.scenarios.scenario import WALLED_OFF, Scenario

if TYPE_CHECKING:
    from tests.walls.scenarios.scenario import Stage

BOTH: Final = ("-r", "eastus", "-r", "westus")


def the_switch(stage: Stage) -> None:
    lab = stage.lab
    lab.wall.names_only(*SHARED)
    stage.pulls()
    stage.healthy(*BOTH)
    # Said before, by the client ...
    said = stage.trouble(*BOTH, "--before-switch", "--report-ready", "--name", "build-7")
    assert set(said["rules"]) == {f"TCP 443 to {host}" for host in (DATA_EAST, DATA_WEST)}
    # Without being told of the regions, it asks the registry.
    assert set(stage.trouble("--before-switch")["rules"]) == set(said["rules"])
    # ... and known to the operator before the switch is made.
    fleet = json.loads(lab.east.run("registry", "readiness", REGISTRY, "--json", code=WALLED_OFF))
    assert [(one["client"], one["verdict"]) for one in fleet["clients"]] == [("build-7", "blocked")]
    lab.switch(on=True)
    stage.fails()
    stage.trouble(*EVERYTHING)


def the_safe_switch(stage: Stage) -> None:
    lab = stage.lab
    lab.wall.names_only(*SHARED)
    stage.trouble(*BOTH, "--before-switch")
    # Both doors are opened first: the shared storage that is still in use, and the endpoints that will be.
    lab.wall.names_only(*BOTH, "--switching")
    ready = stage.healthy(*BOTH, "--before-switch", "--report-ready", "--name", "build-7")
    assert ready["before_switch"]
    with lab.client.pulling() as pulling:
        before = pulling.pulls
        lab.switch(on=True)
        stage.healthy(*EVERYTHING)
        stage.pulls()
        while pulling.pulls < before + 6 and not pulling.failures:
            stage.pulls()
    assert not pulling.failures, pulling.failures[0]
    stage.clients.append(f"{pulling.pulls} pulls through the switch, 0 failed")


SCENARIOS: Final = (
    Scenario(
        "the-switch", "data endpoints are switched on, walls know storage only", Cause.REFUSED, DATA_EAST, the_switch
    ),
    Scenario(
        "the-safe-switch", "both are opened first, then it is switched", Cause.REFUSED, DATA_EAST, the_safe_switch
    ),
)
