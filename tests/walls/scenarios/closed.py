"""Walls that let too little through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.check.cause import Cause
from tests.walls.clients import has_az
from tests.walls.places import (
    BLOB_EAST,
    DATA_EAST,
    DATA_WEST,
    EAST_ONLY,
    EVERYTHING,
    GEO_EAST,
    GEO_WEST,
    LOGIN,
    LOOK_ALIKE,
    OTHER,
    SHARED,
)
from tests.walls.scenarios.scenario import WALLED_OFF, Scenario

if TYPE_CHECKING:
    from tests.walls.scenarios.scenario import Stage

QUICK: Final = 2.5
"""Seconds for a client that waits for what never comes."""
NEEDED: Final = {f"TCP 443 to {host}" for host in (LOGIN, DATA_EAST, DATA_WEST)}


def no_rules(stage: Stage) -> None:
    lab = stage.lab
    lab.switch(on=True)
    lab.wall.close("reject")
    refused = stage.fails()
    stage.fails("podman")
    told = stage.explained(refused.err)
    assert told["symptom"]["name"] == Cause.REFUSED.value
    assert [one["what"] for one in told["findings"] if one["expected"]] == [LOGIN]
    first = stage.trouble(*EVERYTHING)
    assert set(first["rules"]) == NEEDED
    lab.wall.names_only()
    stage.healthy(*EVERYTHING)
    stage.pulls()
    stage.pulls("podman")
    for host in (OTHER, LOOK_ALIKE):
        assert not lab.client.curl(f"https://{host}/v2/").ok


def black_hole(stage: Stage) -> None:
    stage.lab.wall.close("drop")
    stage.fails(seconds=QUICK)
    first = stage.trouble(*SHARED, "--timeout", "10")
    assert first["report"]["seconds"] < 5, "one patience for all hosts, not one after another"


def half_open(stage: Stage) -> None:
    lab = stage.lab
    # The list that the rules were made from has storage of another region.
    elsewhere = lab.weekly({"Storage.EastUS": ("20.2.64.0/24",), "Storage.WestUS": ("20.2.65.0/24",)})
    lab.wall.addresses(*SHARED, how="drop", tags=elsewhere)
    stage.fails(seconds=QUICK)
    if has_az():
        # All green, and no pull works: it never asks for a layer.
        green = lab.client.az()
        assert "Challenge endpoint" in green.said, green
        assert "OK" in green.said, green
        assert BLOB_EAST not in green.said
        stage.clients.append("az check-health is green" if green.ok else "az check-health sees the login server only")
    first = stage.trouble(*SHARED)
    assert first["rules"] == ["TCP 443 to *.blob.core.windows.net"]
    steps = {(one["kind"], one["verdict"]) for one in first["report"]["steps"] if one["host"] == LOGIN}
    assert {("challenge", "ok"), ("token", "ok"), ("manifest", "ok"), ("redirect", "ok")} <= steps
    lab.wall.addresses(*SHARED, how="drop")
    stage.healthy(*SHARED, "--service-tags", str(lab.tags))
    stage.pulls()


def second_region(stage: Stage) -> None:
    lab = stage.lab
    lab.switch(on=True)
    lab.wall.names_only(*EAST_ONLY)
    stage.pulls()
    first = stage.trouble(*EVERYTHING)
    assert first["rules"] == [f"TCP 443 to {DATA_WEST}"]
    # Without being told of the second region, it asks the registry.
    stage.trouble()
    lab.home("westus")
    stage.fails()


def server_names(stage: Stage) -> None:
    lab = stage.lab
    lab.switch(on=True)
    lab.wall.splice(*EAST_ONLY)
    stage.pulls()
    first = stage.trouble(*EVERYTHING)
    assert first["rules"] == [f"TCP 443 to {DATA_WEST}"]
    # Clients that pin themselves to a region have one more host in each.
    regional = (*EVERYTHING, "--regional-endpoints")
    lab.wall.splice()
    missing = stage.check(*regional, code=WALLED_OFF)["problems"][0]["rules"]
    assert {f"TCP 443 to {host}" for host in (GEO_EAST, GEO_WEST)} == set(missing)
    lab.wall.splice(*regional)
    stage.healthy(*regional)
    lab.wall.sni()
    lab.families(4)
    stage.pulls()


def security_group(stage: Stage) -> None:
    lab = stage.lab
    lab.switch(on=True)
    lab.wall.nsg(*EAST_ONLY)
    stage.pulls()
    stage.trouble(*EVERYTHING)
    lab.wall.nsg()
    stage.healthy(*EVERYTHING)


SCENARIOS: Final = (
    Scenario("no-rules", "a wall without a single rule", Cause.REFUSED, LOGIN, no_rules),
    Scenario("black-hole", "a wall that drops everything, without a word", Cause.DROPPED, LOGIN, black_hole),
    Scenario("half-open", "the login server is open, storage is not", Cause.DROPPED, BLOB_EAST, half_open),
    Scenario("second-region", "the other region's data endpoint is closed", Cause.REFUSED, DATA_WEST, second_region),
    Scenario("server-names", "a wall that looks at TLS hellos lacks one name", Cause.CUT, DATA_WEST, server_names),
    Scenario(
        "security-group", "a network security group for one region of two", Cause.DROPPED, DATA_WEST, security_group
    ),
)
