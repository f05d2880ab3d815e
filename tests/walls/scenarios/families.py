"""Networks of one kind of address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.check.cause import Cause
from tests.walls.places import BLOB_EAST, EVERYTHING, NAMES, SHARED
from tests.walls.scenarios.scenario import SOMETHING_ELSE, Scenario

if TYPE_CHECKING:
    from tests.walls.scenarios.scenario import Stage


def ipv6_only(stage: Stage) -> None:
    lab = stage.lab
    lab.families(6)
    # Shared storage has no IPv6; a registry on both has dedicated data endpoints for that.
    lab.names.lead(BLOB_EAST, *(one for one in NAMES[BLOB_EAST] if ":" not in one))
    stage.fails()
    stage.trouble(*SHARED, code=SOMETHING_ELSE)
    lab.switch(on=True)
    lab.wall.addresses(how="drop")
    stage.pulls()
    stage.healthy(*EVERYTHING, "--service-tags", str(lab.tags))


SCENARIOS: Final = (
    Scenario("ipv6-only", "a network with IPv6 alone, and storage without", Cause.NO_ROUTE, BLOB_EAST, ipv6_only),
)
