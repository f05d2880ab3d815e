"""The laboratory itself: its names lead where they say, its hosts answer, and all of it can be put back."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from tests.walls.clients import has_az
from tests.walls.lab import needs_lab
from tests.walls.looks import is_shut, status
from tests.walls.places import (
    BLOB_EAST,
    BLOB_WEST,
    DATA_EAST,
    DATA_WEST,
    EAST,
    GEO_EAST,
    GEO_WEST,
    HOMES,
    LOGIN,
    NAMES,
    OTHER,
    PRIVATE,
    WEST,
)
from tests.walls.sites import Answer

if TYPE_CHECKING:
    from tests.walls.lab import Lab
    from tests.walls.sites import Request

pytestmark = needs_lab

PING: Final = f"https://{LOGIN}/v2/"


@pytest.mark.parametrize("family", ["-4", "-6"])
def test_every_host_is_there_in_both_families(lab: Lab, family: str) -> None:
    found = {host: status(lab, host, family) for host in NAMES}
    for host in (LOGIN, GEO_EAST, GEO_WEST, OTHER):
        assert found.pop(host) == 401
    for host in (DATA_EAST, DATA_WEST, BLOB_EAST, BLOB_WEST):
        assert found.pop(host) == 403
    # The node serves no such host, which takes being there.
    assert set(found.values()) == {421}


def test_an_image_pulls_whole_where_there_is_no_wall(lab: Lab) -> None:
    assert lab.client.skopeo().ok
    podman = lab.client.podman()
    assert podman.ok, podman
    stranger = lab.client.skopeo(login=False)
    assert "unauthorized" in stranger.said or "authentication required" in stranger.said, stranger


def test_ipv4_alone(lab: Lab) -> None:
    lab.families(4)
    assert lab.client.skopeo().ok
    assert is_shut(lab, LOGIN, "-6")


def test_clients_are_led_to_the_region_that_the_name_leads_to(lab: Lab) -> None:
    for region, blobs in ((EAST, BLOB_EAST), (WEST, BLOB_WEST)):
        lab.home(region)
        lab.names.asked.clear()
        assert lab.client.skopeo().ok
        assert {BLOB_EAST, BLOB_WEST} & set(lab.names.asked) == {blobs}


def test_what_the_name_server_says_counts_at_once(lab: Lab) -> None:
    lab.names.drop(LOGIN)
    assert "resolve" in lab.client.curl(PING).err
    lab.names.empty(LOGIN)
    assert "resolve" in lab.client.curl(PING).err
    lab.names.fail(LOGIN)
    assert "resolve" in lab.client.curl(PING).err
    lab.names.lead(LOGIN, *HOMES[WEST])
    assert status(lab, LOGIN) == 401
    lab.names.lead(LOGIN, "0.0.0.0")
    assert is_shut(lab, LOGIN)
    lab.names.lead(LOGIN, *HOMES[EAST])
    lab.names.slow(0.5, LOGIN)
    began = time.monotonic()
    assert status(lab, LOGIN) == 401
    assert time.monotonic() - began >= 0.5
    lab.names.silence()
    assert lab.client.curl(PING, "--max-time", "1").code == 28
    assert LOGIN in lab.names.asked


def test_a_client_whose_name_server_is_not_there(lab: Lab) -> None:
    lab.resolver("10.10.0.99")
    assert lab.client.curl(PING, "--max-time", "1").code in {6, 28}
    lab.resolver()
    assert status(lab, LOGIN) == 401


def test_a_private_endpoint_with_names_of_its_own(lab: Lab) -> None:
    lab.names.alias(LOGIN, "myregistry.privatelink.azurecr.io", PRIVATE[0])
    lab.names.alias(DATA_EAST, "myregistry.eastus.data.privatelink.azurecr.io", PRIVATE[1])
    lab.switch(on=True)
    assert lab.client.skopeo().ok
    assert lab.client.curl(PING, "--output", "/dev/null", "--write-out", "%{remote_ip}").out == PRIVATE[0]


def test_sites_of_ones_own(lab: Lab) -> None:
    def answer(request: Request) -> Answer:
        return Answer(403, {"Content-Type": "text/plain"}, f"not {request.path}".encode())

    site = lab.site(LOGIN, ("20.40.0.1", "2603:4000::1"), answer)
    assert lab.client.curl(PING).out == "not /v2/"
    assert site.asked[0].host == LOGIN
    for number, (how, said) in enumerate(
        (
            ({"expired": True}, "expired"),
            ({"signed": "itself"}, "self-signed"),
            ({"signed": "strangers"}, "self-signed certificate in certificate chain"),
            ({"names": ("other.test",)}, "no alternative certificate subject name matches"),
            ({"mood": "cuts"}, "SSL"),
            ({"mood": "silent"}, "timed out"),
        )
    ):
        lab.site(LOGIN, (f"20.40.1.{number}",), answer, **how)  # type: ignore[arg-type]
        assert said in lab.client.curl(PING, "--max-time", "1").err.replace("self signed", "self-signed"), how
    short = Answer(body=b"half", missing=4)
    lab.site(LOGIN, ("20.40.2.1",), lambda _: short, signed="nobody", port=80)
    assert lab.client.curl(f"http://{LOGIN}/").code == 18
    lab.reset()
    assert status(lab, LOGIN) == 401


def test_a_host_that_is_stood_in_for(lab: Lab) -> None:
    def spoil(request: Request, answer: Answer) -> Answer:
        spoilt = answer.body[:-1] + bytes([answer.body[-1] ^ 1])
        return replace(answer, body=spoilt) if request.path.startswith("/blobs/") else answer

    relay = lab.relay(BLOB_EAST, lambda _, answer: answer)
    assert lab.client.skopeo().ok
    assert len(relay.asked) == 4, "three layers and a configuration"
    lab.reset()
    relay = lab.relay(BLOB_EAST, spoil)
    assert "Digest did not match" in lab.client.skopeo().err
    assert relay.asked
    lab.reset()
    relay = lab.relay(LOGIN, lambda _, answer: answer)
    assert lab.client.skopeo().ok
    assert {"/v2/", "/v2/app/manifests/1"} <= {one.path for one in relay.asked}


def test_everything_is_put_back(lab: Lab) -> None:
    seconds: list[float] = []
    # The quickest counts: the others may have waited for what else this machine does.
    while len(seconds) < 3 and min(seconds, default=1) >= 1:
        lab.wall.proxy(login=("user", "secret"), how="drop")
        lab.wall.intercept(LOGIN)
        lab.families(6)
        lab.move(WEST, {LOGIN: NAMES[BLOB_EAST]})
        lab.names.silence()
        lab.switch(on=True)
        began = time.monotonic()
        lab.reset()
        seconds.append(time.monotonic() - began)
    assert min(seconds) < 1
    assert lab.client.skopeo().ok
    assert (status(lab, GEO_WEST, "-4"), status(lab, BLOB_EAST, "-6")) == (401, 403)


@pytest.mark.skipif(not has_az(), reason="the Azure CLI is not on this machine; `make tools` says why")
def test_the_azure_cli_looks_at_the_registry(lab: Lab) -> None:
    done = lab.client.az()
    assert f"DNS lookup to {LOGIN}" in done.said, done
    assert f"Challenge endpoint {PING} : OK" in done.said, done
    assert f"Fetch access token for registry '{LOGIN}' : OK" in done.said, done
    lab.wall.close()
    assert "CONNECTIVITY_CHALLENGE_ERROR" in lab.client.az().said
