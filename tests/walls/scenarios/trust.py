"""TLS that somebody on the way opens, and certificates that do not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.check.cause import Cause
from tests.walls.places import DATA_EAST, EVERYTHING, HOMES, LOGIN, PROXY
from tests.walls.scenarios.scenario import SOMETHING_ELSE, Scenario
from tests.walls.sites import Answer

if TYPE_CHECKING:
    from tests.walls.scenarios.scenario import Stage
    from tests.walls.sites import Request

PAGE: Final = b"<!doctype html><title>Sign in to this network</title><form><input name=room></form>"


def one_host(stage: Stage) -> None:
    lab = stage.lab
    lab.switch(on=True)
    lab.wall.intercept(DATA_EAST)
    refused = stage.fails()
    assert stage.explained(refused.err)["symptom"]["name"] == Cause.INTERCEPTION.value
    first = stage.trouble(*EVERYTHING)
    assert "Inspection" in " ".join(first["evidence"])
    lab.wall.intercept()
    lab.wall.proxy()
    lab.wall.intercept(DATA_EAST)
    stage.trouble(*EVERYTHING, proxy=PROXY)
    # Clients that were given the inspecting authority pull all the same.
    stage.pulls(proxy=PROXY, inspected=True)
    stage.healthy(*EVERYTHING, proxy=PROXY, inspected=True)


def captive_portal(stage: Stage) -> None:
    def portal(_: Request) -> Answer:
        return Answer(200, {"Content-Type": "text/html"}, PAGE)

    stage.lab.site(LOGIN, HOMES["eastus"], portal, names=("portal.hotel.test",), signed="strangers")
    stage.fails()
    stage.trouble(*EVERYTHING)


def wrong_name(stage: Stage) -> None:
    stage.lab.site(LOGIN, ("20.9.0.9",), lambda _: Answer(404), names=("other.test",))
    stage.fails()
    stage.trouble(*EVERYTHING, code=SOMETHING_ELSE)


def expired(stage: Stage) -> None:
    stage.lab.site(LOGIN, ("20.9.0.9",), lambda _: Answer(401), expired=True)
    stage.fails()
    stage.trouble(*EVERYTHING, code=SOMETHING_ELSE)


def swallowed(stage: Stage) -> None:
    """Something accepts connections to the data endpoint, and says nothing."""
    lab = stage.lab
    lab.switch(on=True)
    lab.site(DATA_EAST, ("20.9.0.9",), lambda _: Answer(), mood="silent")
    stage.fails(seconds=2.5)
    stage.trouble(*EVERYTHING)


SCENARIOS: Final = (
    Scenario("interception", "TLS is opened to the data endpoint alone", Cause.INTERCEPTION, DATA_EAST, one_host),
    Scenario(
        "captive-portal", "a network that wants its guests to sign in", Cause.CAPTIVE_PORTAL, LOGIN, captive_portal
    ),
    Scenario("wrong-name", "the name leads to another server", Cause.WRONG_NAME, LOGIN, wrong_name),
    Scenario("expired", "a certificate that is over", Cause.EXPIRED, LOGIN, expired),
    Scenario("swallowed", "TLS hellos to the data endpoint are swallowed", Cause.SILENT, DATA_EAST, swallowed),
)
