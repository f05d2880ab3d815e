"""A replica more, a replica less: first what walls must open, then everything follows at once."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.replication.cluster_node import CLOUD
from tests.replication_cli.site import EAST, LOGIN, NORTH, REGISTRY, WEST, Site, in_step, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.replication_cli.site import Machine

DATA: Final = {region: CLOUD.data(REGISTRY, region) for region in (EAST, WEST)}
REGIONAL: Final = {region: CLOUD.regional(REGISTRY, region) for region in (EAST, WEST)}


@pytest.fixture(scope="module")
def joined() -> Iterator[Site]:
    """Two regions that replicate; the registry is in one of them, before each test and after it."""
    from tests.replication.cluster_roads import why_not  # noqa: PLC0415 - asks the machine

    if reason := why_not():
        pytest.skip(reason)
    with Site() as made:
        east, west = made.set_up(EAST, WEST)
        made.found(east)
        east.lets_join(west)
        in_step(east, west)
        yield made


@pytest.fixture
def machines(joined: Site) -> tuple[Machine, Machine]:
    return joined.machines[EAST], joined.machines[WEST]


def hosts(machine: Machine, source: str) -> set[str]:
    """What the endpoints command lists."""
    told = machine.says("endpoints", "--from", source, "--json", configured=False)
    return {one["host"] for one in json.loads(told)}


def states(machine: Machine, source: str) -> tuple[Any, set[str], str]:
    """All that must not change while a replica is only thought of."""
    rules = machine.says("rules", "--from", source, "--to", "squid", configured=False)
    return machine.told("replica", "list"), hosts(machine, source), rules


def test_what_must_be_open_is_told_first_and_nothing_is_changed(machines: tuple[Machine, Machine]) -> None:
    east, west = machines
    before = states(east, str(east.config))
    said = east.says("replica", "add", WEST)
    assert f"TCP 443 to {DATA[WEST]}" in said
    assert f"TCP 443 to {LOGIN}" not in said
    assert "may lead then: 10.21.0.1\n" in said
    assert "Nothing was changed." in said
    told = east.told("replica", "add", WEST)
    assert (told["added"], [(one["host"], one["port"]) for one in told["open_first"]]) == (False, [(DATA[WEST], 443)])
    assert told["addresses"] == ["10.21.0.1"]
    assert states(east, str(east.config)) == before
    assert DATA[WEST] not in before[1] | set(before[2].split())
    assert west.answers(REGIONAL[WEST], "/v2/").status_code == 421


def test_rules_are_written_alone_so_that_a_wall_can_read_them(machines: tuple[Machine, Machine]) -> None:
    east, _ = machines
    squid = east.tries("replica", "add", WEST, "--to", "squid")
    assert (squid.code, "Nothing was changed." in squid.err) == (0, True)
    assert {LOGIN, DATA[EAST], DATA[WEST]} <= set(squid.out.split())
    assert "looked up" not in squid.out
    assert f"TCP 443 to {DATA[WEST]}" in squid.err
    # By address: those that the regions have told, and nobody is asked.
    nftables = east.tries("replica", "add", WEST, "--to", "nftables")
    assert nftables.code == 0, nftables
    for address in ("10.20.0.1", "10.21.0.1"):
        assert address in nftables.out
    if shutil.which("nft"):
        with east.net.inside():
            judged = subprocess.run(
                ["nft", "-c", "-f", "-"], input=nftables.out, capture_output=True, text=True, check=False
            )
        assert (judged.returncode, judged.stderr) == (0, "")
    assert len(east.told("replica", "list")) == 1


def test_everything_follows_a_replica_at_once(joined: Site, machines: tuple[Machine, Machine]) -> None:
    east, west = machines
    image = joined.push(EAST, "v1", 2000)
    said = east.says("replica", "add", WEST, "--yes")
    assert said.index(f"TCP 443 to {DATA[WEST]}") < said.index(f"{REGISTRY} is in {WEST} now")
    try:
        until(lambda: west.answers(REGIONAL[WEST], "/v2/").status_code == 401, "the new replica does not answer", 5)
        # Its certificates were for all its hosts from the start; its redirects name its own data endpoint.
        with joined.client("app", WEST) as client:
            answer = client.send("GET", f"blobs/{next(iter(image.blobs))}")
        assert (answer.status_code, answer.headers["location"].split("/")[2]) == (307, DATA[WEST])
        assert joined.pulls(WEST, "v1") == image
        for machine in machines:
            for source in (str(machine.config), f"https://{REGIONAL[machine.region]}", f"https://{LOGIN}"):
                assert hosts(machine, source) == {LOGIN, *DATA.values()}, (machine.region, source)
        rules = west.says("rules", "--from", f"https://{REGIONAL[WEST]}", "--to", "squid", configured=False)
        assert {LOGIN, *DATA.values()} <= set(rules.split())
        checked = json.loads(
            west.says(
                "check",
                f"{REGIONAL[WEST]}/app:v1",
                "--ca",
                str(joined.trusted),
                "--username",
                REGISTRY,
                "--json",
                configured=False,
            )
        )
        seen = json.dumps(checked)
        assert all(host in seen for host in DATA.values()), seen
        assert [one["region"] for one in west.told("replica", "list")] == [EAST, WEST]
        assert "is in westus already" in east.refuses("replica", "add", WEST, code=2)
    finally:
        in_step(east, west)
        east.says("replica", "remove", WEST)
    until(lambda: west.answers(REGIONAL[WEST], "/v2/").status_code == 421, "the replica still answers", 5)
    assert east.answers(REGIONAL[EAST], "/v2/").status_code == 401
    assert hosts(east, f"https://{REGIONAL[EAST]}") == {LOGIN, DATA[EAST]}
    in_step(east, west)


def test_replicas_that_cannot_be(machines: tuple[Machine, Machine]) -> None:
    east, _ = machines
    assert f"there are: {EAST}, {WEST}. 'seawall region invite" in east.refuses("replica", "add", NORTH, code=2)
    assert f"{REGISTRY} is not in {WEST}" in east.refuses("replica", "remove", WEST, code=2)
    assert f"{REGISTRY} is in {EAST} only" in east.refuses("replica", "remove", EAST, code=2)
    assert "there is no registry 'other'" in east.refuses("replica", "add", WEST, "-r", "other", code=2)
    assert "--to: " in east.refuses("replica", "add", WEST, "--to", "moat", code=2)
    assert [one["region"] for one in east.told("replica", "list")] == [EAST]


def test_a_region_that_has_told_no_addresses_gets_no_rules_by_address(site: Site) -> None:
    east, west = site.set_up(EAST, WEST, extra="addresses = []\n")
    site.found(east)
    east.lets_join(west)
    said = east.refuses("replica", "add", WEST, "--to", "nftables", "--yes", code=2)
    assert "[replication] addresses in its seawall.toml" in said
    # Who asked for rules and got none has not opened anything.
    assert [one["region"] for one in east.told("replica", "list")] == [EAST]
