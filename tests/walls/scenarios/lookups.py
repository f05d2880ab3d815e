"""Name servers that are silent, slow, or do not tell the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.check.cause import Cause
from tests.walls.places import BLOB_EAST, LOGIN, SHARED
from tests.walls.scenarios.scenario import Scenario

if TYPE_CHECKING:
    from tests.walls.scenarios.scenario import Stage

QUICK: Final = 2.5


def no_name(stage: Stage) -> None:
    stage.lab.names.drop(BLOB_EAST)
    refused = stage.fails()
    assert stage.explained(refused.err)["symptom"]["name"] == Cause.DNS.value
    stage.trouble(*SHARED)


def silent(stage: Stage) -> None:
    stage.lab.names.silence(LOGIN)
    stage.fails(seconds=QUICK)
    stage.trouble(*SHARED)


def gives_up(stage: Stage) -> None:
    stage.lab.names.fail(LOGIN)
    stage.fails()
    stage.trouble(*SHARED)


def sinkhole(stage: Stage) -> None:
    stage.lab.names.lead(BLOB_EAST, "0.0.0.0")
    stage.fails()
    stage.trouble(*SHARED)


def slow(stage: Stage) -> None:
    """A pull works, and the check says what makes it slow."""
    stage.lab.names.slow(2.5, LOGIN)
    report = stage.healthy(*SHARED)
    first = report["problems"][0]
    stage.said = f"{first['cause']} at {first['hosts'][0]}"
    assert (first["cause"], first["hosts"], first["fatal"]) == (Cause.DNS_SLOW, [LOGIN], False)


SCENARIOS: Final = (
    Scenario("no-name", "storage that cannot be looked up here", Cause.DNS, BLOB_EAST, no_name),
    Scenario("dns-silent", "a name server that does not answer", Cause.DNS_SILENT, LOGIN, silent),
    Scenario("dns-fails", "a name server that gives up", Cause.DNS_FAILED, LOGIN, gives_up),
    Scenario("sinkhole", "a name server that blocks storage", Cause.DNS_LIES, BLOB_EAST, sinkhole),
    Scenario("dns-slow", "a name server that takes its time", Cause.DNS_SLOW, LOGIN, slow),
)
