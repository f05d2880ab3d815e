"""Clients that reach the world through a proxy only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.check.cause import Cause
from tests.walls.places import DATA_WEST, EAST_ONLY, EVERYTHING, LOGIN, LOOK_ALIKE, OTHER, PROXY, PROXY_ADDRESS
from tests.walls.scenarios.scenario import Scenario

if TYPE_CHECKING:
    from tests.walls.scenarios.scenario import Stage

USER: Final = ("builder", "s3cret-of-the-proxy")
WITH_USER: Final = PROXY.replace("//", f"//{USER[0]}:{USER[1]}@")
QUICK: Final = 4.0


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


SCENARIOS: Final = (
    Scenario("proxy-login", "a proxy that wants a user name", Cause.PROXY_LOGIN, LOGIN, credentials),
    Scenario("proxy-list", "a proxy whose access list lacks one region", Cause.PROXY, DATA_WEST, access_list),
    Scenario("proxy-untold", "a wall with a proxy that the client knows nothing of", Cause.REFUSED, LOGIN, not_told),
    Scenario("proxy-gone", "a proxy that cannot be reached", Cause.PROXY_GONE, PROXY_ADDRESS, proxy_gone),
)
