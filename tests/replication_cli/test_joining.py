"""Joining and leaving: one command each, while both serve; and invitations that do not hold."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from seawall.replication import membership
from tests.replication.cluster_roads import why_not
from tests.replication_cli.site import EAST, NORTH, WEST, Site, in_step, until
from tests.support import network
from tests.support.server import Hammer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.replication.cluster_client import Image
    from tests.replication_cli.site import Machine


def regions_of(machine: Machine) -> list[str]:
    return [one["region"] for one in machine.told("region", "list")]


def opened(invitation: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(invitation + "=="))
    return found


def closed(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def states(machine: Machine, tag: str) -> list[str]:
    """Say what each region has of an image; nothing before the machine has heard of it."""
    told = machine.tries("replication", "image", f"app:{tag}", "--json").out
    return [one["state"] for one in json.loads(told)] if told else []


def test_a_newcomer_catches_up_from_zero_while_pushes_go_on_and_leaves_again(site: Site) -> None:
    (east,) = site.set_up(EAST, extra="megabytes_per_second = 1.0\n")
    (west,) = site.set_up(WEST)
    site.found(east)
    images: dict[str, Image] = {f"v{number}": site.push(EAST, f"v{number}", 2000, 3000) for number in range(5)}
    numbers = itertools.count(5)

    def push() -> None:
        tag = f"v{next(numbers)}"
        images[tag] = site.push(EAST, tag, 1500)

    with Hammer(push) as pushing:
        assert east.told("replication", "status")[0]["peers"] == []
        east.lets_join(west)
        east.says("replica", "add", WEST, "--yes")
        # While pushes go on there is always one on its way; whoever catches up has what was pushed a moment ago.
        for tag in ("v4", f"v{pushing.rounds + 4}"):
            until(lambda: states(west, tag) == ["present", "present"], f"{WEST} does not catch up")  # noqa: B023
        before = pushing.rounds
    assert pushing.failures == []
    assert before > 0
    in_step(east, west)
    # First what is there by itself: a pull would fetch what is not.
    for tag in (*list(images)[:3], *list(images)[-3:]):
        assert states(west, tag) == ["present", "present"]
    for tag, image in images.items():
        assert site.pulls(WEST, tag) == image
    assert regions_of(east) == regions_of(west) == [EAST, WEST]
    # What is pushed at the newcomer is here as well before it has gone.
    last = site.push(WEST, "last", 1_500_000)
    assert json.loads(west.says("region", "leave", "--json")) == {"region": WEST, "told": [EAST]}
    assert regions_of(east) == [EAST]
    assert regions_of(west) == []
    assert "takes part" not in west.says("region", "list")
    assert site.pulls(EAST, "last") == last
    assert [one["region"] for one in east.told("replica", "list")] == [EAST]
    assert west.tries("replication", "status").out == east.tries("replication", "status").out.replace(EAST, WEST)
    # Nobody lets it in with what it knew.
    assert "takes no part" in west.refuses("region", "leave", code=1)


def test_a_third_region_gets_to_know_all_others_by_one_invitation(site: Site) -> None:
    east, west, north = site.set_up(EAST, WEST, NORTH)
    east.lets_join(west)
    in_step(east, west)
    west.lets_join(north)
    in_step(east, west, north)
    assert regions_of(east) == regions_of(west) == regions_of(north) == [EAST, NORTH, WEST]
    # The first and the last have never met, and each has the other's news from itself.
    (mine,) = [one for one in north.told("replication", "status") if one["region"] == NORTH]
    assert [(one["region"], one["error"]) for one in mine["peers"]] == [(EAST, ""), (WEST, "")]


@pytest.fixture(scope="module")
def strangers() -> Iterator[tuple[Machine, Machine]]:
    """Two regions that are each alone; only the first one's node runs."""
    if reason := why_not():
        pytest.skip(reason)
    with Site() as made:
        (east,) = made.set_up(EAST)
        (west,) = made.set_up(WEST, started=False)
        yield east, west


def test_an_invitation_is_good_once(site: Site) -> None:
    east, west = site.set_up(EAST, WEST)
    text = east.told("region", "invite", WEST)["invitation"]
    assert f"{WEST} takes part now, together with {EAST}" in west.says("region", "join", text)
    said = west.refuses("region", "join", text, code=1)
    assert f"{EAST} refuses: this invitation is not for {WEST}, was used, or is over" in said
    assert "takes part already" in east.refuses("region", "invite", WEST, code=2)


def test_an_invitation_ends(strangers: tuple[Machine, Machine], monkeypatch: pytest.MonkeyPatch) -> None:
    east, west = strangers
    monkeypatch.setattr(membership, "INVITATION_SECONDS", -1)
    text = east.told("region", "invite", WEST)["invitation"]
    assert "is over; ask for another" in west.refuses("region", "join", text, code=1)
    assert WEST not in regions_of(east)


def test_an_invitation_is_for_one_region(strangers: tuple[Machine, Machine]) -> None:
    east, west = strangers
    text = east.told("region", "invite", NORTH)["invitation"]
    said = west.refuses("region", "join", text, code=1)
    assert f"the invitation is for {NORTH}, and this is {WEST}" in said
    # Writing another name on it does not help.
    forged = closed(opened(text) | {"for": WEST})
    assert f"{EAST} refuses: this invitation is not for {WEST}" in west.refuses("region", "join", forged, code=1)
    assert regions_of(east) == [EAST]


@pytest.mark.parametrize(
    "text", ["x", "", "e30", "\n", "{}", closed({"for": WEST}), "A" * 100_000, "ä", "bnVsbA", "W10"]
)
def test_what_is_no_invitation(strangers: tuple[Machine, Machine], text: str) -> None:
    _, west = strangers
    assert "this is no invitation; copy all of what" in west.refuses("region", "join", "-", code=1, stdin=text)


def test_an_invitation_with_another_secret_authority_or_address(strangers: tuple[Machine, Machine]) -> None:
    east, west = strangers
    told = opened(east.told("region", "invite", WEST)["invitation"])
    other = west.authority.certificate_file.read_text()
    for changed, words in (
        ({"secret": told["secret"][::-1]}, f"{EAST} refuses: "),
        ({"authority": other}, f"{EAST} cannot be reached at {told['url']}: "),
        ({"url": "https://nowhere.invalid"}, f"{EAST} cannot be reached at https://nowhere.invalid: "),
        ({"url": "nonsense"}, f"{EAST} cannot be reached at nonsense"),
        ({"authority": "nonsense"}, "does not contain a certificate"),
    ):
        said = west.refuses("region", "join", "-", code=1, stdin=closed(told | changed))
        assert words in said, changed
    assert regions_of(east) == [EAST]


def test_who_cannot_be_invited(strangers: tuple[Machine, Machine]) -> None:
    east, _ = strangers
    assert f"{EAST} takes part already" in east.refuses("region", "invite", EAST, code=2)
    assert "region 'West US' must be" in east.refuses("region", "invite", "West US", code=2)


def test_nobody_is_invited_by_a_region_that_cannot_be_reached(site: Site) -> None:
    (edge,) = site.set_up(NORTH, extra="reachable = false\n", started=False)
    said = edge.refuses("region", "invite", WEST, code=2)
    assert f"{NORTH} cannot be reached by others; invite from a region that can" in said


def test_a_region_with_the_only_replica_cannot_leave(site: Site) -> None:
    east, west = site.set_up(EAST, WEST)
    site.found(west)
    east.lets_join(west)
    in_step(east, west)
    said = west.refuses("region", "leave", code=1)
    assert "myregistry is in westus only; add a replica elsewhere first" in said
    assert regions_of(east) == regions_of(west) == [EAST, WEST]
    assert "is in westus only" in east.refuses("region", "remove", WEST, code=1)


def test_nodes_may_have_one_authority_so_that_clients_trust_one_file(site: Site) -> None:
    east, west = site.set_up(EAST, WEST, started=False)
    shutil.copytree(east.state.authority, west.state.authority, dirs_exist_ok=True)
    shutil.copy(east.state.root / "ca.key", west.state.root)
    for machine in (east, west):
        machine.start()
    for machine in (east, west):
        machine.wait()
    east.lets_join(west)
    in_step(east, west)
    with west.net.inside(), network.client(east.authority.certificate_file) as client:
        assert client.get("https://westus.geo.seawall.test/healthz").status_code == 200


def test_certificates_of_ones_own_must_be_for_the_node_before_anybody_is_invited(site: Site) -> None:
    (east,) = site.set_up(EAST, started=False)
    issued, key = east.authority.certificate_for(["myregistry.seawall.test"], site.folder)
    text = east.config.read_text().replace(
        'listen = "0.0.0.0:443"', f'listen = "0.0.0.0:443"\ncertificate = "{issued}"\nkey = "{key}"'
    )
    east.config.write_text(text)
    said = east.refuses("region", "invite", WEST, code=2)
    assert "no certificate is for eastus.geo.seawall.test" in said
