"""What Microsoft lists as going wrong with its own geo-replicated registry, and what Seawall answers.

The list is in the documentation of Azure Container Registry, "Geo-replication": a pull right after a push in another
region, a tag that two regions overwrite, deletes that lag, a client sent elsewhere in the middle of a push, failover
that does not see every failure, regional endpoints that have no failover, and an outage of the home region.
"""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx
import pytest

from tests.real.images import digest_of
from tests.replication.cluster import EAST, REGISTRY, WEST, Cluster, until
from tests.replication.cluster_client import Client, make_image
from tests.replication.cluster_roads import why_not

if TYPE_CHECKING:
    from collections.abc import Iterator

BOUND: Final = 3.0
"""Seconds within which a region says that it has not got something, though no other region answers it."""
SOON: Final = 3.0
"""Seconds within which a delete is everywhere; far more than it takes, for slow machines."""
ROUNDS: Final = 3
TRAFFIC: Final = "/healthz/traffic"


@pytest.fixture(scope="module")
def built() -> Iterator[Cluster]:
    if reason := why_not():
        pytest.skip(reason)
    with Cluster(EAST, WEST, relays=((WEST, EAST), (EAST, WEST))) as cluster:
        for relay in cluster.relays:
            relay.delay = 0.04
        yield cluster


@pytest.fixture
def cluster(built: Cluster) -> Iterator[Cluster]:
    """Two regions with 80 ms between them."""
    yield built
    built.roads.heal()
    built.lead(EAST)


@pytest.fixture
def east(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Client]:
    with cluster.client(_repository(request), EAST) as client:
        yield client


@pytest.fixture
def west(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Client]:
    with cluster.client(_repository(request), WEST) as client:
        yield client


def _repository(request: pytest.FixtureRequest) -> str:
    return str(request.node.name).removeprefix("test_").replace("_", "-")


def _is_gone(client: Client, reference: str) -> bool:
    return client.status(reference) == 404


def test_push_then_pull_across_regions(east: Client, west: Client) -> None:
    """No manifest is unknown that was acknowledged anywhere, nor any layer of it, however soon it is asked for."""
    for number in range(ROUNDS):
        image = east.push(make_image(3_000, 1_000_000), f"v{number}")
        assert west.pull(f"v{number}") == image
        image = west.push(make_image(3_000), f"w{number}")
        assert east.pull(image.digest) == image


def test_push_then_pull_while_regions_are_cut_off(cluster: Cluster, east: Client, west: Client) -> None:
    """Then there is no such manifest, said within a bound, and not remembered."""
    cluster.roads.isolate(WEST)
    image = east.push(make_image(3_000), "v1")
    for _ in range(2):
        began = time.monotonic()
        answer = west.get("manifests", "v1")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "MANIFEST_UNKNOWN")
        assert time.monotonic() - began < BOUND
    cluster.roads.heal()
    until(lambda: west.status("v1") == 200, 30, "the tag does not come")
    assert west.pull("v1") == image


def test_tag_overwrite_race(cluster: Cluster, east: Client, west: Client) -> None:
    """Whichever of two writers wins, it is the same in all regions, and a later write wins over both."""
    images = [(east.push(make_image(500)), west.push(make_image(500))) for _ in range(ROUNDS)]
    with ThreadPoolExecutor(2) as pool:
        for one, other in images:
            writing = [pool.submit(east.put_manifest, "latest", one.manifest)]
            writing.append(pool.submit(west.put_manifest, "latest", other.manifest))
            for each in writing:
                each.result()
            cluster.converge()
            named = {east.pull("latest").digest, west.pull("latest").digest}
            assert len(named) == 1
            assert named <= {one.digest, other.digest}
    last = make_image(500)
    west.push(last, "latest")
    cluster.converge()
    assert east.pull("latest") == west.pull("latest") == last


def test_tag_overwrite_race_while_regions_are_cut_off(cluster: Cluster, east: Client, west: Client) -> None:
    """The last write wins, also if it is the last to arrive."""
    first = east.push(make_image(500), "latest")
    cluster.converge()
    cluster.roads.isolate(WEST)
    west.push(make_image(500), "latest")
    time.sleep(0.05)
    winner = east.push(make_image(500), "latest")
    assert west.pull("latest").digest not in {first.digest, winner.digest}
    cluster.roads.heal()
    cluster.converge()
    assert east.pull("latest") == west.pull("latest") == winner


def test_delete_lag(cluster: Cluster, east: Client, west: Client) -> None:
    """A delete is everywhere at once, and what was deleted does not come back by being asked for."""
    for number in range(ROUNDS):
        digest = east.push(make_image(3_000), f"v{number}").digest
        cluster.converge()
        east.expect(202, "DELETE", f"manifests/{digest}")
        assert east.status(digest) == 404
        until(partial(_is_gone, west, digest), SOON, "it is still in the west")
        assert east.status(digest) == east.status(f"v{number}") == west.status(f"v{number}") == 404
        assert f"v{number}" not in west.tags()


def test_delete_lag_while_regions_are_cut_off(cluster: Cluster, east: Client, west: Client) -> None:
    """Who is cut off goes on serving it; asking there for it does not undo the delete."""
    image = east.push(make_image(3_000), "v1")
    cluster.converge()
    cluster.roads.isolate(WEST)
    east.expect(202, "DELETE", f"manifests/{image.digest}")
    assert west.pull("v1") == image
    cluster.roads.heal()
    seen = {404}

    def gone() -> bool:
        seen.add(east.status(image.digest))
        return west.status("v1") == 404

    until(gone, 30, "it is still in the west")
    assert seen == {404}
    cluster.converge()
    assert east.status("v1") == west.status(image.digest) == 404


def test_mid_push_failover_scatter(cluster: Cluster, east: Client, west: Client) -> None:
    """Layers in one region, others and the manifest in another: the push succeeds, and all regions have all of it."""
    for number in range(ROUNDS):
        image = make_image(3_000, 700_000, 5_000)
        for (digest, blob), client in zip(image.blobs.items(), (east, west, east, west), strict=True):
            assert client.push_at_once(blob).headers["Docker-Content-Digest"] == digest
        west.put_manifest(f"v{number}", image.manifest)
        assert west.pull(f"v{number}") == image
        assert east.pull(f"v{number}") == image
    cluster.converge()


def test_mid_push_failover_of_an_upload_that_was_begun(east: Client, west: Client) -> None:
    """An upload stays where it was begun: elsewhere there is none, and a client begins anew, as after any restart."""
    blob = make_image(300_000).manifest * 100
    location = east.open_upload()
    location = east.patch(location, 0, blob[:1000])
    way = urlsplit(location)._replace(scheme="", netloc="").geturl()
    answer = west.send("PATCH", way, blob[1000:], headers={"Content-Range": "1000-2000"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert west.push_whole(blob).status_code == 201
    east.close_upload(location, blob, blob[1000:])
    assert east.get("blobs", digest_of(blob)).content == west.get("blobs", digest_of(blob)).content == blob


def test_mid_push_failover_scatter_while_regions_are_cut_off(cluster: Cluster, east: Client, west: Client) -> None:
    """Then the manifest is refused, with what is missing, within a bound; nothing is acknowledged that is not whole."""
    image = make_image(3_000)
    cluster.roads.isolate(WEST)
    for blob in image.blobs.values():
        east.push_at_once(blob)
    began = time.monotonic()
    answer = west.send(
        "PUT", "manifests/v1", image.manifest, headers={"Content-Type": "application/vnd.oci.image.manifest.v1+json"}
    )
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"]) == (404, "MANIFEST_BLOB_UNKNOWN")
    assert {one["digest"] for one in error["detail"]} == set(image.blobs)
    assert time.monotonic() - began < BOUND
    # What clients do then.
    west.push(image, "v1")
    assert west.pull("v1") == image
    cluster.roads.heal()
    cluster.converge()
    assert east.pull("v1") == image


def test_health_says_what_clients_get(cluster: Cluster, west: Client) -> None:
    """A region that refuses writes says so where traffic is steered by, not only when it is dead."""
    assert west.send("GET", TRAFFIC).status_code == 200
    database = sqlite3.connect(cluster.nodes[WEST].state.database, isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    try:
        until(lambda: west.send("GET", TRAFFIC).status_code == 503, 20, "it says that all is well")
        # Readers are served all the same, so whoever is pinned here loses nothing.
        assert west.send("GET", "/healthz").status_code == 200
    finally:
        database.execute("ROLLBACK")
        database.close()
    until(lambda: west.send("GET", TRAFFIC).status_code == 200, 20, "it does not recover")


def test_a_region_can_be_taken_out_of_the_global_name(cluster: Cluster, east: Client, west: Client) -> None:
    """It says so to whoever steers traffic, goes on serving those who are pinned to it, and keeps in step."""
    cluster.nodes[EAST].run("region", "drain", WEST)
    until(lambda: west.send("GET", TRAFFIC).status_code == 503, 10, "it is not drained")
    assert east.send("GET", TRAFFIC).status_code == 200
    image = west.push(make_image(3_000), "v1")
    assert east.pull("v1") == image
    cluster.nodes[WEST].run("region", "resume", WEST)
    until(lambda: west.send("GET", TRAFFIC).status_code == 200, 10, "it is not back")
    cluster.converge()


def test_a_regional_endpoint_has_no_failover_and_the_global_name_has(
    cluster: Cluster, east: Client, west: Client, request: pytest.FixtureRequest
) -> None:
    """Whoever is pinned to a region gets nothing when it is dead; the registry's own name, led elsewhere, does."""
    image = west.push(make_image(3_000), "v1")
    cluster.converge()
    cluster.nodes[WEST].kill()
    try:
        with pytest.raises(httpx.TransportError):
            cluster.client(_repository(request), WEST).send("GET", "tags/list")
        with cluster.client(_repository(request)) as anyone:
            assert anyone.pull("v1") == image
            later = anyone.push(make_image(3_000), "v2")
    finally:
        cluster.nodes[WEST].restart()
    cluster.converge()
    with cluster.client(_repository(request), WEST) as again:
        assert again.pull("v2") == later == east.pull("v2")


def test_an_outage_of_the_home_region_stops_nothing(
    cluster: Cluster, west: Client, request: pytest.FixtureRequest
) -> None:
    """No region is needed to change the registry: tokens are made and settings changed in any, and hold in all."""
    cluster.nodes[EAST].kill()
    try:
        assert '"password"' in cluster.nodes[WEST].run("token", "create", "robot", "-r", REGISTRY, "--json")
        cluster.nodes[WEST].run("registry", "update", REGISTRY, "--anonymous-pull")
        image = west.push(make_image(3_000), "v1")
    finally:
        cluster.nodes[EAST].restart()
    cluster.converge()
    assert "robot" in cluster.nodes[EAST].run("token", "list", "-r", REGISTRY)
    with cluster.client(_repository(request), EAST) as east:
        assert east.pull("v1") == image
    assert '"anonymous_pull": true' in cluster.nodes[EAST].run("registry", "list", "--json")
