"""A node that holds to its tier's rates, and reads where clients come from out of what a trusted proxy says."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from tests.real.named import DOMAIN, PUBLIC, Named
from tests.real.product import BINARY
from tests.support.nets import needs

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = needs("curl")

LOGIN = f"myregistry.{DOMAIN}"
SETTINGS = f"""
throttle = true
trusted_proxies = ["{PUBLIC}"]
limits.premium = {{ reads = [8, 3], ip_rules = 1, storage_octets = 1000 }}
"""


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Named]:
    with Named(tmp_path_factory.mktemp("limits"), SETTINGS, signed_in=False) as named:
        yield named


def ask(named: Named, *how: str, path: str = "/v2/") -> tuple[int, str]:
    """Ask; return the status and the whole answer."""
    command = ("curl", "-sS", "-i", "--max-time", "10", "--cacert", str(named.ca_file), *how, f"https://{LOGIN}{path}")
    done = named.az.call(*command)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[1]), done.stdout


def test_requests_beyond_the_rate_are_refused_until_the_next_minute(named: Named) -> None:
    password = json.loads(named.seawall("registry", "renew-password", "myregistry", "--json"))["password"]
    # A minute may end in between, and then there are as many again.
    found = [ask(named, "-u", f"myregistry:{password}", path="/v2/_catalog") for _ in range(8)]
    statuses = [status for status, _ in found]
    assert statuses[:3] == [200, 200, 200]
    assert 429 in statuses
    refused = found[statuses.index(429)][1]
    [wait] = [line for line in refused.splitlines() if line.lower().startswith("retry-after:")]
    assert 0 < int(wait.partition(":")[2]) <= 60
    assert "TOOMANYREQUESTS" in refused


def test_a_limit_of_ones_own_is_kept(named: Named) -> None:
    named.seawall("network-rule", "add", "198.51.100.9")
    command = (str(BINARY), "network-rule", "add", "198.51.100.10", "--config", str(named.config))
    assert "exceeds allowed quota 1" in named.az.call(*command).stderr


def test_a_registry_that_is_full_takes_no_more_layers(named: Named) -> None:
    password = json.loads(named.seawall("registry", "renew-password", "myregistry", "--json"))["password"]

    def push(layer: str) -> tuple[int, str]:
        digest = hashlib.sha256(layer.encode()).hexdigest()
        how = ("-u", f"myregistry:{password}", "-H", "Content-Type: application/octet-stream", "--data-binary", layer)
        return ask(named, *how, path=f"/v2/app/blobs/uploads/?digest=sha256:{digest}")

    assert push("a" * 600)[0] == 201
    # One that has begun while there was room is finished.
    assert push("b" * 600)[0] == 201
    status, refused = push("c")
    assert (status, "holds 1200 octets, and its tier gives 1000" in refused) == (403, True)


def test_a_trusted_proxy_says_where_clients_come_from(named: Named) -> None:
    named.seawall("registry", "update", "myregistry", "--default-action", "deny")
    assert ask(named)[0] == 403
    assert ask(named, "-H", "X-Forwarded-For: 198.51.100.9")[0] == 401
    status, refused = ask(named, "-H", "X-Forwarded-For: 198.51.100.9, 203.0.113.7")
    assert status == 403
    assert "client with IP '203.0.113.7' is not allowed access" in refused
    named.seawall("registry", "update", "myregistry", "--default-action", "allow")
