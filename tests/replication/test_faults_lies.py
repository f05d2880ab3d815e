"""A region that sends something else than it should: wrong octets, too few, without end, or somebody's web page."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

import httpx
import pytest

from tests.real.images import digest_of
from tests.replication.cluster import EAST, NORTH, WEST, Cluster, until
from tests.replication.cluster_client import make_image
from tests.replication.cluster_impostor import Impostor
from tests.replication.cluster_node import CLOUD
from tests.replication.cluster_roads import why_not

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.replication.cluster_client import Image
    from tests.replication.cluster_impostor import Lie

SIZE: Final = 3_000_000
LIES: Final[tuple[Lie, ...]] = ("wrong", "truncated", "endless", "page")
FEW: Final = 3
MANY: Final = 20
"""How many images it takes at most until west asks east for one of their blobs."""
WASTE: Final = 40
"""How many times a blob's size may come in lies before it is plain that nobody draws a line."""


class Lying(Cluster):
    """Three regions, of which west meets an impostor when it asks east."""

    def furnish(self) -> None:
        super().furnish()
        east = self.nodes[EAST]
        folder = self.folder / "impostor"
        certificate = east.authority.certificate_for([CLOUD.node(EAST)], folder)
        address = self.roads.relay_address(WEST, EAST)
        authority = east.authority.certificate_file
        self.impostor = Impostor(self.roads.loop, address, east.address, certificate, authority)
        self.roads.lead(WEST, CLOUD.node(EAST), address)


@pytest.fixture(scope="module")
def built() -> Iterator[Lying]:
    if reason := why_not():
        pytest.skip(reason)
    with Lying(EAST, WEST, NORTH) as cluster:
        yield cluster


@pytest.fixture
def cluster(built: Lying) -> Iterator[Lying]:
    """East, which west meets only through the impostor, and north, which west can ask as well."""
    yield built
    built.impostor.lie = ""
    built.converge()


@pytest.fixture
def alone(built: Lying) -> Iterator[Lying]:
    """The same, with nobody else to ask; these tests come last."""
    built.nodes[NORTH].kill()
    yield built
    built.impostor.lie = ""
    built.converge(EAST, WEST)


@pytest.mark.parametrize("lie", LIES)
def test_lies_are_not_kept_and_another_region_gives_the_truth(cluster: Lying, lie: Lie) -> None:
    told = cluster.impostor.told
    cluster.impostor.lie = lie
    with cluster.client(f"other/{lie}", EAST) as east, cluster.client(f"other/{lie}", WEST) as west:
        images: dict[str, Image] = {}
        # Whom west asks first is left to chance.
        while len(images) < FEW or cluster.impostor.told == told:
            assert len(images) < MANY, "nobody asked it"
            images[f"v{len(images)}"] = east.push(make_image(SIZE), f"v{len(images)}")
            cluster.converge()
        for tag, image in images.items():
            assert west.pull(tag) == image


@pytest.mark.parametrize("lie", LIES)
def test_lies_alone_leave_a_region_without_the_blob_and_it_says_why(alone: Lying, lie: Lie) -> None:
    alone.impostor.lie = lie
    alone.impostor.sent = 0
    with alone.client(f"alone/{lie}", EAST) as east, alone.client(f"alone/{lie}", WEST) as west:
        before = west.push(make_image(1000), "before")
        image = east.push(make_image(SIZE), "v1")
        node = alone.nodes[WEST]
        until(lambda: node.lacks() == set(image.blobs), 30, "west does not hear of it")
        until(lambda: EAST in node.queue().error, 30, "west does not say why")
        assert west.pull("before") == before
        # The manifest came and is what its digest says; its layers are not there, and no client takes lies for them.
        assert west.status("v1") == 200
        for digest in image.blobs:
            with contextlib.suppress(httpx.TransportError):
                answer = west.get("blobs", digest)
                assert answer.status_code != 200 or digest_of(answer.content) != digest
        assert node.lacks() == set(image.blobs)
        assert alone.impostor.sent < WASTE * SIZE
        alone.impostor.lie = ""
        alone.converge(EAST, WEST)
        assert west.pull("v1") == image


def test_a_page_in_answer_to_everything(alone: Lying) -> None:
    """As where a network wants a sign-in: west goes on, says what it met, and goes on from there afterwards."""
    node = alone.nodes[WEST]
    with alone.client("page", EAST) as east, alone.client("page", WEST) as west:
        alone.impostor.lie = "page everywhere"
        image = east.push(make_image(1000), "one")
        other = west.push(make_image(1000), "other")
        until(lambda: "no JSON" in node.peer(EAST).error, 30, "west does not say what it met")
        assert west.pull("other") == other
        assert west.status("one") in {200, 404}
        alone.impostor.lie = ""
        alone.converge(EAST, WEST)
        assert west.pull("one") == image
