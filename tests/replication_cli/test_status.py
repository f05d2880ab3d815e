"""What is told about how regions stand: in step, behind, cut off; and of one image."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import pytest

from seawall.replication import http_peer
from tests.replication.cluster_client import make_image
from tests.replication_cli.site import EAST, NORTH, REGISTRY, WEST, Site, in_step, until

if TYPE_CHECKING:
    from tests.replication_cli.site import Machine

BEHIND: Final = 4
SLOW: Final = "megabytes_per_second = 0.5\n"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands not wait long for those who are cut off."""
    monkeypatch.setattr(http_peer, "_CONNECT_SECONDS", 0.5)


def of(machine: Machine, region: str, code: int) -> dict[str, Any]:
    """What the status says of a region's view."""
    (found,) = [one for one in machine.told("replication", "status", code=code) if one["region"] == region]
    assert isinstance(found, dict)
    return found


def test_in_step(pair: Site) -> None:
    for machine in pair.machines.values():
        told = machine.told("replication", "status")
        assert {one["region"] for one in told} == {EAST, WEST}
        for one in told:
            (peer,) = one["peers"]
            assert {one["region"], peer["region"]} == {EAST, WEST}
            assert (peer["behind"], peer["seconds"], peer["error"], peer["reachable"]) == (0, 0.0, "", True)
            assert 0 <= peer["heard_seconds_ago"] < 60
            assert one["queue"] == {"blobs": 0, "octets": 0, "seconds": 0.0, "error": ""}
            assert one["unanswered"] == ""
        text = machine.says("replication", "status")
        assert text.split("\n")[0].split() == ["REGION", "HAS", "FROM", "BEHIND", "ON", "THEIR", "WAY", "LAST", "ERROR"]
        assert text.count("in step") == 2


@pytest.mark.usefixtures("impatient")
def test_cut_off_and_after(pair: Site) -> None:
    east, west = pair.machines[EAST], pair.machines[WEST]
    pair.push(EAST, "before")
    in_step(east, west)
    pair.roads.cut((EAST, WEST))
    try:
        image = pair.push(EAST, "during", 3000)
        assert f"cannot be reached at https://{WEST}.geo." in of(east, WEST, BEHIND)["unanswered"]
        assert "cannot be reached" in of(west, EAST, BEHIND)["unanswered"]
        assert "does not answer" in east.tries("replication", "status").out
        told = {one["region"]: one for one in east.told("replication", "image", "app:during", code=BEHIND)}
        assert (told[EAST]["state"], told[EAST]["digest"]) == ("present", image.digest)
        assert "cannot be reached" in told[WEST]["unanswered"]
        assert "state" not in told[WEST]
        (mine,) = [one for one in west.told("replication", "image", "app:during", code=BEHIND) if "state" in one]
        assert (mine["region"], mine["state"], mine["digest"]) == (WEST, "missing", "")
        assert "no such image there" in west.tries("replication", "image", "app:during").out
    finally:
        pair.roads.heal()
    in_step(east, west)
    told = {one["region"]: one for one in west.told("replication", "image", "app:during")}
    assert [told[region]["state"] for region in (EAST, WEST)] == ["present", "present"]
    assert of(west, WEST, 0)["peers"][0]["error"] == ""


def test_an_image_by_tag_by_digest_and_with_children(pair: Site) -> None:
    east, west = pair.machines[EAST], pair.machines[WEST]
    image = pair.push(EAST, "whole", 3000, 4000)
    in_step(east, west)
    for name in ("app:whole", f"app@{image.digest}"):
        for one in west.told("replication", "image", name):
            expected = {"state": "present", "digest": image.digest, "manifests": 1, "blobs": 3, "here": 3}
            assert {key: one[key] for key in expected} == expected
    assert west.says("replication", "image", "app:whole").count("3 of 3 layers") == 2
    # Without a tag it is the latest; there is none.
    done = east.tries("replication", "image", "app")
    assert (done.code, done.out.count("missing")) == (BEHIND, 2)


@pytest.mark.parametrize("name", ["App:v1", ":v1", "app@nonsense", "app@sha256:12", "/x:y"])
def test_what_is_no_image(pair: Site, name: str) -> None:
    assert pair.machines[EAST].refuses("replication", "image", name, code=2)


def test_on_its_way(site: Site) -> None:
    (east,) = site.set_up(EAST)
    (west,) = site.set_up(WEST, extra=SLOW)
    site.found(east)
    east.lets_join(west)
    east.says("replica", "add", WEST, "--yes")
    in_step(east, west)
    with site.client("app", EAST) as client:
        image = client.push(make_image(1_500_000, 1_000_000), "large")
    until(lambda: of(east, WEST, BEHIND)["queue"]["blobs"], "nothing is on its way")
    queue = of(east, WEST, BEHIND)["queue"]
    assert 0 < queue["octets"] <= sum(map(len, image.blobs.values()))
    told = {one["region"]: one for one in east.told("replication", "image", "app:large", code=BEHIND)}
    assert told[EAST]["state"] == "present"
    assert told[WEST]["state"] == "on its way"
    assert told[WEST]["here"] < told[WEST]["blobs"] == 3
    assert 1_000_000 <= told[WEST]["octets_to_come"] <= 2_500_100
    assert "to come" in east.tries("replication", "image", "app:large").out
    in_step(east, west)
    assert [one["state"] for one in east.told("replication", "image", "app:large")] == ["present", "present"]


@pytest.mark.usefixtures("impatient")
def test_an_edge_region_that_nobody_can_reach(site: Site) -> None:
    east, west = site.set_up(EAST, WEST)
    (edge,) = site.set_up(NORTH, extra="reachable = false\n")
    site.roads.close_in(NORTH)
    site.found(east)
    east.lets_join(west)
    east.lets_join(edge)
    for region in (WEST, NORTH):
        east.says("replica", "add", region, "--yes")
    # From where it can go, all are asked and can be in step; those who cannot come to it know what it has fetched.
    in_step(edge, east)
    listed = {one["region"]: one for one in west.told("region", "list")}
    assert (listed[NORTH]["url"], listed[NORTH]["reachable"]) == ("", False)
    (line,) = [line for line in west.says("region", "list").splitlines() if line.startswith(NORTH)]
    assert re.split(r" {2,}", line.strip()) == [NORTH, "comes by itself", "not from outside"]
    there = site.push(EAST, "there", 2000)
    in_step(east, edge)
    for one in edge.told("replication", "image", "app:there"):
        assert (one["state"], one["digest"]) == ("present", there.digest)
    assert {one["region"] for one in east.told("replication", "image", "app:there")} == {EAST, WEST}
    # While it is cut off, the others know how much it lacks.
    site.roads.isolate(NORTH)
    site.push(EAST, "meanwhile")
    (peer,) = [one for one in of(east, EAST, BEHIND)["peers"] if one["region"] == NORTH]
    assert peer["it_is_behind"] > 0
    assert "lacks" in east.tries("replication", "status").out
    site.roads.heal()
    in_step(east, edge)


def test_a_region_that_is_alone(site: Site) -> None:
    (east,) = site.set_up(EAST, started=False)
    told = east.told("replication", "status")
    assert [(one["region"], one["peers"]) for one in told] == [(EAST, [])]
    assert "is alone; 'seawall region invite' lets another one join" in east.says("replication", "status")
    assert east.told("region", "list") == []
    assert "no registry yet" in east.refuses("replication", "image", "app", code=2)
    site.found(east)
    assert east.told("replication", "image", "app", "-r", REGISTRY, code=BEHIND)[0]["state"] == "missing"
