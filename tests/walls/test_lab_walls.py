"""The walls of the laboratory: what has a rule gets through each of them, and nothing else does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import pytest

from tests.walls.clients import OVERDUE, has_az
from tests.walls.lab import needs_lab
from tests.walls.looks import is_shut, status
from tests.walls.places import (
    BLOB_EAST,
    DATA_EAST,
    DATA_WEST,
    EAST,
    EAST_ONLY,
    EVERYTHING,
    GEO_EAST,
    HOMES,
    LOGIN,
    LOOK_ALIKE,
    NAMES,
    OTHER,
    PROXY,
    RANGES,
    SHARED,
    WEST,
)
from tests.walls.walls import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.walls.lab import Lab

pytestmark = needs_lab

WALLS: Final[dict[str, Callable[..., None]]] = {
    "addresses": lambda lab, options: lab.wall.addresses(*options),
    "names": lambda lab, options: lab.wall.names_only(*options),
    "proxy": lambda lab, options: lab.wall.proxy(*options),
    "splice": lambda lab, options: lab.wall.splice(*options),
    "sni": lambda lab, options: lab.wall.sni(*options),
    "group by ip": lambda lab, options: lab.wall.nsg(*options),
    "group by tag": lambda lab, options: lab.wall.nsg(*options, by="tag"),
}
BY_NAME: Final = ("names", "proxy", "splice", "sni")
MOVED: Final = "20.1.0.77"


def way(kind: str) -> str:
    return PROXY if kind == "proxy" else ""


@pytest.mark.parametrize("dedicated", [False, True], ids=["shared", "dedicated"])
@pytest.mark.parametrize("kind", WALLS)
def test_an_image_pulls_through_a_wall_with_the_right_rules(lab: Lab, kind: str, *, dedicated: bool) -> None:
    lab.switch(on=dedicated)
    lab.dual_stack(on=dedicated)
    WALLS[kind](lab, EVERYTHING if dedicated else SHARED)
    done = lab.client.skopeo(proxy=way(kind))
    assert done.ok, f"{done}\n{lab.wall.log()}"
    assert is_shut(lab, LOOK_ALIKE, "-4", proxy=way(kind))
    assert is_shut(lab, OTHER, proxy=way(kind)) == (kind in BY_NAME), "rules by address open every registry"


@pytest.mark.parametrize("kind", [kind for kind in WALLS if kind != "sni"])
def test_rules_for_both_families_open_both(lab: Lab, kind: str) -> None:
    lab.switch(on=True)
    lab.names.lead(LOOK_ALIKE, NAMES[LOOK_ALIKE][1])
    WALLS[kind](lab, EVERYTHING)
    lab.families(6)
    if kind != "proxy":
        assert lab.client.skopeo().ok
        assert is_shut(lab, LOOK_ALIKE)
    else:
        # The proxy itself has both; the client's way to it is not what is looked at here.
        lab.families(4)
        assert lab.client.skopeo(proxy=PROXY).ok


def test_a_closed_wall_rejects_at_once_and_says_so(lab: Lab) -> None:
    lab.wall.close()
    done = lab.client.skopeo()
    assert "connection refused" in done.err, done
    assert done.seconds < 2
    assert {Refusal(one, 443) for one in HOMES[EAST]} == lab.wall.refused()
    assert f"refused: {HOMES[EAST][0]} port 443 ({LOGIN}, {GEO_EAST})" in lab.wall.log()


def test_a_closed_wall_that_drops_is_a_black_hole_and_says_so(lab: Lab) -> None:
    lab.wall.close("drop")
    done = lab.client.skopeo(seconds=2)
    assert done.code == OVERDUE, done
    assert 2 <= done.seconds < 4
    assert Refusal(HOMES[EAST][0], 443) in lab.wall.refused()


@pytest.mark.parametrize("kind", [kind for kind in WALLS if "group" not in kind])
def test_a_wall_without_the_data_endpoints_is_half_open(lab: Lab, kind: str) -> None:
    lab.switch(on=True)
    lab.dual_stack(on=False)
    # Data endpoints outside the ranges, for walls that go by these.
    lab.move(EAST, {DATA_EAST: ("20.9.0.9",)})
    WALLS[kind](lab, SHARED)
    assert status(lab, LOGIN, proxy=way(kind)) == 401
    done = lab.client.skopeo(proxy=way(kind))
    assert not done.ok
    assert DATA_EAST in done.err or "20.9.0.9" in done.err, done


def test_a_second_region_that_the_rules_do_not_have_is_refused(lab: Lab) -> None:
    lab.switch(on=True)
    lab.wall.names_only(*EAST_ONLY, how="drop")
    assert lab.client.skopeo().ok
    assert is_shut(lab, DATA_WEST)
    lab.home(WEST)
    assert not lab.client.skopeo(seconds=1).ok
    assert {one.address for one in lab.wall.refused()} == set(NAMES[DATA_WEST])


def test_rules_of_before_and_after_a_switch_open_both(lab: Lab) -> None:
    lab.dual_stack(on=False)
    lab.wall.names_only(*SHARED, also=EVERYTHING)
    for on in (False, True):
        lab.switch(on=on)
        assert lab.client.skopeo().ok
    lab.wall.names_only(*SHARED)
    assert not lab.client.skopeo().ok


def test_a_proxy_that_wants_to_know_who_asks(lab: Lab) -> None:
    lab.switch(on=True)
    lab.wall.proxy(login=("user", "secret"))
    assert "Proxy Authentication Required" in lab.client.skopeo(proxy=PROXY).err
    assert "Proxy Authentication Required" in lab.client.skopeo(proxy=PROXY.replace("//", "//user:wrong@")).err
    assert lab.client.skopeo(proxy=PROXY.replace("//", "//user:secret@")).ok
    assert not lab.client.skopeo(seconds=2).ok, "there is a way past the proxy"
    assert any("TCP_DENIED/407" in line for line in lab.wall.log())


@pytest.mark.parametrize("proxy", ["", PROXY], ids=["direct", "proxy"])
def test_tls_is_opened_for_one_host_only(lab: Lab, proxy: str) -> None:
    if proxy:
        lab.wall.proxy(*SHARED)
    lab.wall.intercept(BLOB_EAST)
    assert status(lab, LOGIN, proxy=proxy) == 401
    assert is_shut(lab, BLOB_EAST, proxy=proxy)
    done = lab.client.skopeo(proxy=proxy)
    assert "unknown authority" in done.err, done
    assert BLOB_EAST in done.err
    assert lab.client.skopeo(proxy=proxy, inspected=True).ok
    lab.wall.intercept()
    assert lab.client.skopeo(proxy=proxy).ok


def test_a_login_server_that_moved_out_of_the_rules(lab: Lab) -> None:
    old = lab.weekly({"AzureContainerRegistry.EastUS": ("20.1.0.0/29", "2603:1030:a::/64")}, change=373)
    new = lab.weekly({"AzureContainerRegistry.EastUS": (*RANGES["AzureContainerRegistry.EastUS"], f"{MOVED}/32")})
    lab.switch(on=True)
    lab.wall.addresses(tags=old)
    assert lab.client.skopeo().ok
    lab.move(EAST, {LOGIN: (MOVED,)})
    assert not lab.client.skopeo().ok
    assert lab.wall.refused() == {Refusal(MOVED, 443)}
    lab.wall.addresses(tags=new)
    assert lab.client.skopeo().ok


def test_a_client_that_pulls_in_a_loop(lab: Lab) -> None:
    with lab.client.pulling() as pulling:
        lab.switch(on=True)
        seen = pulling.pulls
        while pulling.pulls < seen + 2:
            time.sleep(0.05)
        for kind in ("addresses", "addresses", "group by ip"):
            WALLS[kind](lab, EVERYTHING)
            seen = pulling.pulls
            while pulling.pulls < seen + 2:
                time.sleep(0.05)
        assert not pulling.failures
        lab.wall.close()
        while not pulling.failures:
            time.sleep(0.05)
    assert pulling.pulls > len(pulling.failures) > 0


@pytest.mark.skipif(not has_az(), reason="the Azure CLI is not on this machine; `make tools` says why")
def test_the_azure_cli_finds_nothing_wrong_with_a_wall_that_lets_no_layer_through(lab: Lab) -> None:
    lab.switch(on=True)
    lab.wall.proxy(*SHARED)
    done = lab.client.az(proxy=PROXY)
    assert f"Fetch access token for registry '{LOGIN}' : OK" in done.said, done
    assert not lab.client.skopeo(proxy=PROXY).ok
