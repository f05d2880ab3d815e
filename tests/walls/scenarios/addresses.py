"""Rules by IP that have grown old, and rules that are kept."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from typer.testing import CliRunner

from seawall.check.cause import Cause
from seawall.cli.main import app
from tests.walls.places import EAST, EVERYTHING, LOGIN, RANGES, REGISTRY
from tests.walls.scenarios.scenario import Scenario

if TYPE_CHECKING:
    from pathlib import Path

    from tests.walls.scenarios.scenario import Stage

QUICK: Final = 2.5
OLD: Final = RANGES["AzureContainerRegistry.EastUS"]
NEW: Final = ("20.1.2.0/29", "2603:1030:c::/48")
MOVED: Final = ("20.1.2.1", "2603:1030:c::1")
GRACE_WEEKS: Final = 2


def last_month(stage: Stage) -> None:
    lab = stage.lab
    lab.switch(on=True)
    lab.wall.addresses(how="drop")
    stage.pulls()
    lab.move(EAST, {LOGIN: MOVED})
    stage.fails(seconds=QUICK)
    first = stage.trouble(*EVERYTHING, "--service-tags", str(lab.tags))
    # Last month's list does not have the address: that is why, and it is said.
    assert f"{LOGIN} {MOVED[0]}" in first["report"]["comparison"]["missing_addresses"]
    this_week = lab.weekly({"AzureContainerRegistry.EastUS": (*OLD, *NEW)}, change=378)
    lab.wall.addresses(how="drop", tags=this_week)
    stage.healthy(*EVERYTHING, "--service-tags", str(this_week))
    stage.pulls()


def kept_current(stage: Stage) -> None:
    """Replay weeks in which an address moves: added the week before it is used, taken away later."""
    lab = stage.lab
    lab.switch(on=True)
    weeks = (
        (OLD, None),
        ((*OLD, *NEW), None),  # published a week before it is used
        ((*OLD, *NEW), MOVED),
        (NEW, MOVED),  # the old range is gone from the list
        (NEW, MOVED),
    )
    kept = lab.folder / "kept"
    kept.mkdir()
    try:
        with lab.client.pulling() as pulling:
            for number, (ranges, where) in enumerate(weeks):
                tags = lab.weekly({"AzureContainerRegistry.EastUS": (*ranges, "20.1.0.64/26")}, change=380 + number)
                _keep(kept / "wall.nft", tags)
                lab.wall.kept((kept / "wall.nft").read_text())
                if where is not None:
                    lab.move(EAST, {LOGIN: where})
                before = pulling.pulls
                while pulling.pulls < before + 3 and not pulling.failures:
                    stage.lab.client.curl(f"https://{LOGIN}/healthz")
    finally:
        shutil.rmtree(kept)
    assert not pulling.failures, pulling.failures[0]
    stage.healthy(*EVERYTHING)
    stage.clients.append(f"{pulling.pulls} pulls through {len(weeks)} weeks, 0 failed")


def _keep(file: Path, tags: Path) -> None:
    words = ["upkeep", "run", REGISTRY, *EVERYTHING, "--to", "nftables:include", "--out", str(file)]
    done = CliRunner().invoke(app, [*words, "--service-tags", str(tags)])
    assert done.exit_code == 0, f"{done.output}\n{done.exception!r}"


SCENARIOS: Final = (
    Scenario("last-month", "ranges of last month, and an address that moved", Cause.DROPPED, LOGIN, last_month),
    Scenario("kept-current", "weeks go by, addresses move, upkeep adds first", None, "", kept_current),
)
