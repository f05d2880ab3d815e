"""Regions that are cut off and nodes that are killed: nothing acknowledged is lost, nothing copied is copied again."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

import pytest

from tests.replication.cluster import EAST, NORTH, WEST, Cluster, until
from tests.replication.cluster_client import Image, make_image
from tests.replication.cluster_roads import why_not
from tests.support.server import Hammer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.replication.cluster_client import Client
    from tests.replication.cluster_relay import Relay

LARGE: Final = 200_000_000
RATE: Final = 60_000_000
OVERHEAD: Final = 1.05
IN_THE_AIR: Final = 10_000_000
"""What TLS, and what was under way when somebody died, may cost beside the octets themselves."""


@pytest.fixture(scope="module")
def built() -> Iterator[Cluster]:
    if reason := why_not():
        pytest.skip(reason)
    with Cluster(EAST, WEST, NORTH, relays=((WEST, EAST), (WEST, NORTH))) as cluster:
        yield cluster


@pytest.fixture
def cluster(built: Cluster) -> Iterator[Cluster]:
    yield built
    built.roads.heal()
    for node in built.nodes.values():
        if not node.running:
            node.restart()


class Pusher:
    """Pushes images under tags of its own and one that others use too; deletes some again."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name
        self._pushed = 0
        self.acknowledged: dict[str, Image] = {}
        self.deleted: list[str] = []
        self.latest: set[str] = set()

    def push(self) -> None:
        self._pushed += 1
        tag = f"{self._name}{self._pushed}"
        image = self._client.push(make_image(2000, 50_000), tag, "latest")
        self.acknowledged[tag] = image
        self.latest.add(image.digest)
        if self._pushed % 4 == 0:
            self._client.expect(202, "DELETE", f"manifests/{tag}")
            del self.acknowledged[tag]
            self.deleted.append(tag)


def test_regions_cut_off_go_on_and_agree_afterwards(cluster: Cluster) -> None:
    with (
        cluster.client("apart", EAST) as east,
        cluster.client("apart", WEST) as west,
        cluster.client("apart", NORTH) as north,
    ):
        before = east.push(make_image(10_000), "before")
        cluster.converge()
        cluster.roads.isolate(EAST)
        pushers = [Pusher(east, "east"), Pusher(west, "west")]
        with Hammer(pushers[0].push) as one, Hammer(pushers[1].push) as two:
            time.sleep(2)
            for client in (east, west, north):
                assert client.pull("before") == before
        assert [*one.failures, *two.failures] == []
        assert all(len(pusher.acknowledged) > 3 for pusher in pushers), [pusher.acknowledged for pusher in pushers]
        # West and north still see each other.
        cluster.converge(WEST, NORTH)
        assert cluster.differences() != []
        cluster.roads.heal()
        cluster.converge()
        for client in (east, west, north):
            for pusher in pushers:
                for tag, image in pusher.acknowledged.items():
                    assert client.pull(tag) == image
                assert {client.status(tag) for tag in pusher.deleted} == {404}
        last = {client.pull("latest").digest for client in (east, west, north)}
        assert len(last) == 1
        assert last <= pushers[0].latest | pushers[1].latest


def test_regions_that_never_see_each_other_agree_over_a_third(cluster: Cluster) -> None:
    cluster.roads.cut((EAST, WEST))
    with cluster.client("third", EAST) as east, cluster.client("third", WEST) as west:
        one, other = east.push(make_image(100_000), "one"), west.push(make_image(100_000), "other")
        cluster.converge()
        assert west.pull("one") == one
        assert east.pull("other") == other


def test_a_way_that_loses_and_cuts_is_a_way_all_the_same(cluster: Cluster) -> None:
    relay = cluster.relay(WEST, EAST)
    cluster.roads.cut((EAST, NORTH))
    relay.delay, relay.loss = 0.04, 0.1
    try:
        with cluster.client("lossy", EAST) as east, cluster.client("lossy", WEST) as west:
            images = {f"v{number}": make_image(3_000_000, 10_000) for number in range(4)}
            for tag, image in images.items():
                east.push(image, tag)
                time.sleep(0.1)
                relay.break_off()
            cluster.converge()
            for tag, image in images.items():
                assert west.pull(tag) == image
    finally:
        relay.delay = relay.loss = 0.0


def test_octets_that_change_on_the_way_are_noticed(cluster: Cluster) -> None:
    relay = cluster.relay(WEST, EAST)
    cluster.roads.cut((EAST, NORTH), (WEST, NORTH))
    relay.break_off()
    relay.corrupt = True
    try:
        with cluster.client("changed", EAST) as east, cluster.client("changed", WEST) as west:
            image = east.push(make_image(500_000), "v1")
            until(lambda: cluster.nodes[WEST].peer(EAST).error, 10, "west does not say that it cannot hear east")
            assert west.status("v1") == 404
            relay.corrupt = False
            cluster.roads.heal()
            cluster.converge()
            assert west.pull("v1") == image
            assert cluster.nodes[WEST].peer(EAST).error == ""
    finally:
        relay.corrupt = False


def _half(relays: list[Relay], size: int) -> bool:
    return sum(relay.carried for relay in relays) > size / 2


@pytest.mark.parametrize(("victim", "size"), [(WEST, LARGE), (EAST, LARGE // 4)])
def test_a_copy_goes_on_where_it_was_when_a_node_was_killed(cluster: Cluster, victim: str, size: int) -> None:
    """West copies from east; either is killed in the middle."""
    relay = cluster.relay(WEST, EAST)
    cluster.roads.isolate(NORTH)
    layer = make_image(size)
    with cluster.client("large", EAST) as east, cluster.client("large", WEST) as west:
        relay.rate = RATE * size // LARGE
        relay.carried = 0
        east.push(layer, f"for-{victim}")
        until(lambda: _half([relay], size), 20, "the copy does not begin")
        cluster.nodes[victim].kill()
        came = relay.carried
        assert came < size, "it came too late"
        cluster.nodes[victim].restart()
        until(lambda: cluster.nodes[WEST].lacks() == set(), 60, "west never has it")
        assert relay.carried < size * OVERHEAD + IN_THE_AIR, (
            f"{came} octets had come of {size}, and {relay.carried} were sent"
        )
        relay.rate = None
        assert west.pull(f"for-{victim}").digest == layer.digest


def test_another_region_gives_the_rest_when_the_source_is_killed(cluster: Cluster) -> None:
    relays = [cluster.relay(WEST, EAST), cluster.relay(WEST, NORTH)]
    image = make_image(LARGE // 4)
    cluster.roads.isolate(WEST)
    with cluster.client("rest", EAST) as east, cluster.client("rest", WEST) as west:
        east.push(image, "v1")
        until(lambda: cluster.nodes[NORTH].lacks() == set(), 20, "north never has it")
        for relay in relays:
            relay.rate, relay.carried = RATE // 4, 0
        cluster.roads.heal()
        until(lambda: _half(relays, LARGE // 4), 60, "the copy does not begin")
        cluster.nodes[EAST].kill()
        for relay in relays:
            relay.rate = None
        until(lambda: cluster.nodes[WEST].lacks() == set(), 30, "west never has it")
        assert sum(relay.carried for relay in relays) < LARGE // 4 * OVERHEAD + IN_THE_AIR
        assert west.pull("v1") == image


def test_what_was_acknowledged_survives_killing_all_regions_at_once(cluster: Cluster) -> None:
    stop = threading.Event()
    clients = [cluster.client("power", region) for region in (EAST, WEST, NORTH)]

    def push(pusher: Pusher) -> None:
        try:
            while not stop.is_set():
                pusher.push()
        except Exception:  # noqa: BLE001 - the power is out
            return

    pushers = [Pusher(client, f"{number}-") for number, client in enumerate(clients)]
    threads = [threading.Thread(target=push, args=(pusher,)) for pusher in pushers]
    for thread in threads:
        thread.start()
    until = time.monotonic() + 30
    while any(len(pusher.acknowledged) < 3 for pusher in pushers) and time.monotonic() < until:
        time.sleep(0.05)
    for node in cluster.nodes.values():
        node.kill()
    stop.set()
    for thread in threads:
        thread.join()
    for client in clients:
        client.__exit__(None, None, None)
    cluster.start(*cluster.nodes)
    cluster.converge()
    with cluster.client("power", WEST) as west, cluster.client("power", NORTH) as north:
        for pusher in pushers:
            assert pusher.acknowledged
            for tag, image in pusher.acknowledged.items():
                assert west.pull(tag) == north.pull(tag) == image
