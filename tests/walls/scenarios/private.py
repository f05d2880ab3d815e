"""Private endpoints, and name servers that do or do not lead there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.check.cause import Cause
from tests.support.server import BINARY
from tests.walls.places import DATA_EAST, DATA_WEST, LOGIN, PRIVATE, WEST
from tests.walls.scenarios.scenario import Scenario

if TYPE_CHECKING:
    from tests.walls.lab import Lab
    from tests.walls.scenarios.scenario import Stage

BY_PRIVATE_LINK: Final = ("-r", "eastus", "-r", "westus", "--private-link")
IN_THE_WEST: Final = "10.30.1.4"
RESOLVED: Final = ("--by", "ip", "--resolve", "--to", "nftables:include")
QUICK: Final = 2.5


def private_zone(stage: Stage) -> None:
    lab = stage.lab
    lab.switch(on=True)
    _link(lab)
    rules = lab.client.run(str(BINARY), "rules", "myregistry", *BY_PRIVATE_LINK, *RESOLVED)
    assert rules.ok, rules
    lab.names.reset()
    lab.wall.kept(rules.out, how="drop")
    # The zone is not linked yet: names lead past the endpoint, to public addresses that the wall drops.
    stage.fails(seconds=QUICK)
    stage.trouble(*BY_PRIVATE_LINK)
    _link(lab)
    stage.healthy(*BY_PRIVATE_LINK)
    stage.pulls()


def _link(lab: Lab) -> None:
    lab.give(WEST, IN_THE_WEST)
    for host, address in ((LOGIN, PRIVATE[0]), (DATA_EAST, PRIVATE[1]), (DATA_WEST, IN_THE_WEST)):
        lab.names.alias(host, host.replace("azurecr.io", "privatelink.azurecr.io"), address)


SCENARIOS: Final = (
    Scenario("private-zone", "a private endpoint whose zone is not linked", Cause.PRIVATE_LINK, LOGIN, private_zone),
)
