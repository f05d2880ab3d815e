"""Clients that reach the world through a proxy only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.check.cause import Cause
from tests.walls.places import (
    DATA_WEST,
    EAST,
    EAST_ONLY,
    EVERYTHING,
    LOGIN,
    LOOK_ALIKE,
    OTHER,
    PROXY,
    PROXY_ADDRESS,
    SHARED,
    SOCKS,
    WEST,
)
from tests.walls.scenarios.scenario import Scenario

if TYPE_CHECKING:
    from tests.walls.scenarios.scenario import Stage

USER: Final = ("builder", "s3cret-of-the-proxy")
WITH_USER: Final = PROXY.replace("//", f"//{USER[0]}:{USER[1]}@")
SOCKS_WITH_USER: Final = SOCKS.replace("//", f"//{USER[0]}:{USER[1]}@")


def credentials(stage: Stage) -> None:
    lab = stage.lab
    lab.switch(on=True)
    lab.wall.proxy(login=USER)
    stage.fails(proxy=PROXY)
    stage.trouble(*EVERYTHING, proxy=PROXY)
    wrong = stage.check(*EVERYTHING, proxy=WITH_USER.replace(USER[1], "wrong-password"), code=4)
    assert wrong["problems"][0]["cause"] == Cause.PROXY_LOGIN
    done = lab.client.check(f"{LOGIN}/app:1", *EVERYTHING, proxy=WITH_USER)
    assert done.ok, done
    assert USER[1] not in done.said
    stage.pulls(proxy=WITH_USER)
    for host in (OTHER, LOOK_ALIKE):
        assert not lab.client.curl(f"https://{host}/v2/", proxy=WITH_USER).ok


def access_list(stage: Stage) -> None:
    lab = stage.lab
    lab.switch(on=True)
    lab.wall.proxy(*EAST_ONLY)
    stage.pulls(proxy=PROXY)
    first = stage.trouble(*EVERYTHING, proxy=PROXY)
    assert first["rules"] == [f"TCP 443 to {DATA_WEST}"]
    lab.wall.proxy()
    stage.healthy(*EVERYTHING, proxy=PROXY)


def not_told(stage: Stage) -> None:
    """Everything goes through a proxy here, and this client was not told of it."""
    lab = stage.lab
    lab.wall.proxy(how="reject")
    stage.fails()
    stage.trouble(*EVERYTHING)
    lab.switch(on=True)
    stage.healthy(*EVERYTHING, proxy=PROXY)


def proxy_gone(stage: Stage) -> None:
    stage.lab.wall.close("reject")
    stage.fails(proxy=PROXY)
    stage.trouble(*EVERYTHING, proxy=PROXY)


def socks(stage: Stage) -> None:
    """Layers come from a region that the list has, until the login server's name leads to another."""
    lab = stage.lab
    lab.wall.socks(*SHARED)
    stage.pulls(proxy=SOCKS)
    lab.switch(on=True)
    lab.wall.socks(*EAST_ONLY)
    stage.pulls(proxy=SOCKS)
    first = stage.trouble(*EVERYTHING, proxy=SOCKS)
    assert first["rules"] == [f"TCP 443 to {DATA_WEST}"]
    assert any("not allowed" in line for line in first["evidence"]), first
    assert any(f"-> 0.0.0.0.0 {DATA_WEST}.443" in line for line in lab.wall.log() if "block(" in line)
    lab.home(WEST)
    lab.wall.socks(*EAST_ONLY)
    done = stage.fails(proxy=SOCKS)
    assert DATA_WEST in done.err
    assert "not allowed by ruleset" in done.err
    findings = stage.explained(done.err, "--data-endpoints", "-r", EAST, "-r", WEST)["findings"]
    assert f"TCP 443 to {DATA_WEST}" in [one["rule"] for one in findings]
    lab.wall.socks(how="reject")
    stage.pulls(proxy=SOCKS)
    stage.healthy(*EVERYTHING, proxy=SOCKS)
    for host in (OTHER, LOOK_ALIKE):
        assert not lab.client.curl(f"https://{host}/v2/", proxy=SOCKS.replace("5:", "5h:")).ok
    stage.fails()


def socks_credentials(stage: Stage) -> None:
    lab = stage.lab
    lab.switch(on=True)
    lab.wall.socks(login=USER)
    stage.fails(proxy=SOCKS)
    stage.trouble(*EVERYTHING, proxy=SOCKS)
    stage.trouble(*EVERYTHING, proxy=SOCKS_WITH_USER.replace(USER[1], "wrong-password"))
    stage.pulls(proxy=SOCKS_WITH_USER)
    report = stage.healthy(*EVERYTHING, proxy=SOCKS_WITH_USER)
    assert USER[1] not in str(report)


SCENARIOS: Final = (
    Scenario("proxy-login", "a proxy that wants a user name", Cause.PROXY_LOGIN, LOGIN, credentials),
    Scenario("proxy-list", "a proxy whose access list lacks one region", Cause.PROXY, DATA_WEST, access_list),
    Scenario("proxy-untold", "a wall with a proxy that the client knows nothing of", Cause.REFUSED, LOGIN, not_told),
    Scenario("proxy-gone", "a proxy that cannot be reached", Cause.PROXY_GONE, PROXY_ADDRESS, proxy_gone),
    Scenario("socks", "a SOCKS proxy whose list lacks one region", Cause.PROXY, DATA_WEST, socks),
    Scenario("socks-login", "a SOCKS proxy that wants a user name", Cause.PROXY_LOGIN, LOGIN, socks_credentials),
)
