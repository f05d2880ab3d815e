"""Regions that come and go, and one that nobody can reach, while clients push and pull."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

from tests.replication.cluster import EAST, REGISTRY, WEST, Cluster, until
from tests.replication.cluster_client import make_image
from tests.replication.cluster_roads import why_not
from tests.support.server import Hammer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.replication.cluster_client import Client, Image

EDGE: Final = "edge"
NEW: Final = "southindia"
MANY: Final = 30


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    if reason := why_not():
        pytest.skip(reason)
    with Cluster(EAST, WEST, EDGE, extra={EDGE: "reachable = false"}) as cluster:
        cluster.roads.close_in(EDGE)
        yield cluster


class Clientele:
    """Pushes into one region and pulls from another, again and again."""

    def __init__(self, pushing: Client, pulling: Client) -> None:
        self._pushing, self._pulling = pushing, pulling
        self.images: dict[str, Image] = {}

    def work(self) -> None:
        tag = f"v{len(self.images)}"
        self.images[tag] = self._pushing.push(make_image(1000, 100_000), tag)
        assert self._pulling.pull(tag) == self.images[tag]


def test_a_region_that_nobody_can_reach(cluster: Cluster) -> None:
    """It needs no door to the outside: it brings what is pushed there, and fetches what is pushed elsewhere."""
    with (
        cluster.client("edge", EDGE, inside=True) as edge,
        cluster.client("edge", EAST) as east,
        cluster.client("edge", WEST) as west,
    ):
        with pytest.raises(OSError, match="timed out"):
            cluster.roads.hub.connect(cluster.nodes[EDGE].address, 443)
        here = edge.push(make_image(10_000, 3_000_000), "here")
        there = east.push(make_image(10_000, 3_000_000), "there")
        assert edge.pull("there") == there, "what others have is read through"
        cluster.converge()
        assert east.pull("here") == west.pull("here") == here
        edge.push(there, "latest")
        west.expect(202, "DELETE", "manifests/here")
        until(lambda: (east.status("latest"), edge.status("here")) == (200, 404), 20, "changes do not get through")
        cluster.nodes[EDGE].kill()
        later = west.push(make_image(1000), "later")
        cluster.nodes[EDGE].restart()
        cluster.converge()
        with cluster.client("edge", EDGE, inside=True) as again:
            assert again.pull("later") == later


def test_a_newcomer_catches_up_while_clients_push_and_pull(cluster: Cluster) -> None:
    with cluster.client("many", EAST) as east:
        images = {f"old{number}": east.push(make_image(2000), f"old{number}") for number in range(MANY)}
    cluster.add(NEW)
    cluster.start(NEW)
    with cluster.client("busy", EAST) as east, cluster.client("busy", WEST) as west:
        clientele = Clientele(east, west)
        with Hammer(clientele.work) as hammer:
            invitation = json.loads(cluster.nodes[EAST].run("region", "invite", NEW, "--json"))
            cluster.nodes[NEW].run("region", "join", invitation["invitation"])
            said = cluster.nodes[EAST].run("replica", "add", NEW, "-r", REGISTRY)
            assert f"{REGISTRY}.{NEW}.data." in said, "whoever runs a wall is not told first"
            assert "Nothing was changed" in said
            cluster.nodes[EAST].run("replica", "add", NEW, "-r", REGISTRY, "--yes")
            with cluster.client("many", NEW) as early:
                until(lambda: early.send("GET", "tags/list").status_code == 200, 20, "it does not serve")
                # Long before it has everything: what it has not is read through.
                assert early.pull(f"old{MANY - 1}") == images[f"old{MANY - 1}"]
                pushed = early.push(make_image(1000), "new")
        assert hammer.failures == []
        assert clientele.images
    cluster.converge()
    with cluster.client("many", NEW) as new, cluster.client("busy", NEW) as busy, cluster.client("many", WEST) as west:
        for tag, image in images.items():
            assert new.pull(tag) == image
        for tag, image in clientele.images.items():
            assert busy.pull(tag) == image
        assert west.pull("new") == pushed


def test_a_region_that_was_removed_gets_nothing_more(cluster: Cluster) -> None:
    if NEW not in cluster.nodes:
        pytest.skip("the newcomer never came; that is another test's matter")
    node = cluster.nodes[NEW]
    cluster.nodes[WEST].run("region", "remove", NEW)
    others = [region for region in cluster.nodes if region != NEW]
    cluster.converge(*others)
    with cluster.client("gone", EAST) as east, cluster.client("gone", WEST) as west:
        image = east.push(make_image(1000), "v1")
        assert west.pull("v1") == image
        cluster.converge(*others)
    assert image.digest not in {row[2] for row in node.content()["manifest"]} | set(node.lacks())
    assert all(node.octets(digest) is None for digest in image.blobs)
    listed = cluster.nodes[EAST].run("region", "list")
    assert NEW not in listed
    assert WEST in listed
