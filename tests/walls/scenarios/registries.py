"""What is the registry's doing, told apart from a wall."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from seawall.check.cause import Cause
from tests.walls.clients import has_az
from tests.walls.places import BLOB_EAST, LOGIN, REGISTRY, SHARED
from tests.walls.scenarios.scenario import SOMETHING_ELSE, Scenario
from tests.walls.sites import Answer

if TYPE_CHECKING:
    from tests.walls.scenarios.scenario import Stage
    from tests.walls.sites import Request

CLIENT: Final = "10.10.0.1"
CLIENT_V6: Final = "fd10::1"


def network_rule(stage: Stage) -> None:
    lab = stage.lab
    lab.update("--default-action", "deny")
    try:
        refused = stage.fails()
        # Skopeo keeps the registry's words to itself; curl shows them.
        assert stage.explained(refused.err)["symptom"]["name"] == Cause.FORBIDDEN.value
        shown = lab.client.curl("-4", f"https://{LOGIN}/v2/")
        assert CLIENT in shown.out
        assert stage.explained(shown.out)["symptom"]["name"] == Cause.NETWORK_RULE.value
        first = stage.trouble(*SHARED, code=SOMETHING_ELSE)
        assert any(address in " ".join(first["evidence"]) for address in (CLIENT, CLIENT_V6))
        assert not first["rules"], "no wall can mend this"
        if has_az():
            assert "CONNECTIVITY_FORBIDDEN_ERROR" in lab.client.az().said
        lab.east.run("network-rule", "add", CLIENT, CLIENT_V6, "--registry", REGISTRY)
        stage.pulls()
        stage.healthy(*SHARED)
        lab.east.run("network-rule", "remove", CLIENT, CLIENT_V6, "--registry", REGISTRY)
        stage.fails()
    finally:
        lab.update("--default-action", "allow")


def nobody_signed_in(stage: Stage) -> None:
    stage.fails(login=False)
    stage.trouble(*SHARED, login=False, code=SOMETHING_ELSE)


def no_image(stage: Stage) -> None:
    stage.fails(image="app:2")
    stage.trouble(*SHARED, target=f"{LOGIN}/app:2", code=SOMETHING_ELSE)


def throttled(stage: Stage) -> None:
    def slow_down(request: Request, answer: Answer) -> Answer:
        if "/manifests/" not in request.path:
            return answer
        body = {"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]}
        return Answer(429, {"Content-Type": "application/json", "Retry-After": "7"}, json.dumps(body).encode())

    stage.lab.relay(LOGIN, slow_down)
    stage.trouble(*SHARED, code=SOMETHING_ELSE)


def changed_bytes(stage: Stage) -> None:
    """Something on the way changes downloads."""

    def other_bytes(_: Request, answer: Answer) -> Answer:
        return Answer(answer.status, answer.headers, bytes(255 - one for one in answer.body))

    stage.lab.relay(BLOB_EAST, other_bytes)
    stage.fails()
    stage.trouble(*SHARED)


def inside(stage: Stage) -> None:
    """The registry sends its clients to an address inside their own network."""

    def send_inside(request: Request, answer: Answer) -> Answer:
        return Answer(307, {"Location": "https://169.254.169.254/latest"}) if "/blobs/" in request.path else answer

    stage.lab.relay(LOGIN, send_inside)
    stage.trouble(*SHARED, code=SOMETHING_ELSE)


def round_and_round(stage: Stage) -> None:
    def on(request: Request, answer: Answer) -> Answer:
        return Answer(307, {"Location": f"{request.path}x"}) if "/blobs/" in request.path else answer

    stage.lab.relay(LOGIN, on)
    stage.fails()
    stage.trouble(*SHARED, code=SOMETHING_ELSE)


SCENARIOS: Final = (
    Scenario("network-rule", "the registry's own rules refuse the client", Cause.NETWORK_RULE, LOGIN, network_rule),
    Scenario("nobody", "nobody has signed in", Cause.SIGN_IN, LOGIN, nobody_signed_in),
    Scenario("no-image", "a tag that is not there", Cause.NO_IMAGE, LOGIN, no_image),
    Scenario("throttled", "a registry that is asked too often", Cause.THROTTLED, LOGIN, throttled),
    Scenario("changed-bytes", "a download that is changed on the way", Cause.DIGEST, BLOB_EAST, changed_bytes),
    Scenario("inside", "a redirect into the client's own network", Cause.REDIRECT_PRIVATE, LOGIN, inside),
    Scenario("round-and-round", "redirects without an end", Cause.REDIRECT_LOOP, LOGIN, round_and_round),
)
