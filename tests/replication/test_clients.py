"""skopeo and podman, whose registry's name leads now to one region, now to another: nothing acknowledged is missed."""

from __future__ import annotations

import random
import shutil
import time
from typing import TYPE_CHECKING, Final

import pytest

from tests.replication.cluster import EAST, NORTH, REGISTRY, WEST, Cluster, until
from tests.replication.cluster_client import make_unpackable
from tests.replication.cluster_node import CLOUD
from tests.replication.cluster_roads import why_not
from tests.replication.cluster_tools import Pulling, Tools
from tests.support.server import Hammer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.replication.cluster_client import Client

REGIONS: Final = (EAST, WEST, NORTH)
LAYERS: Final = (2_000, 300_000, 1_000_000)
PHASE: Final = 5.0
REPOSITORY: Final = "loop"
LED_AWAY_SECONDS: Final = 3.0
PATIENCE: Final = 60.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    if reason := why_not():
        pytest.skip(reason)
    with Cluster(*REGIONS) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def tools(cluster: Cluster) -> Tools:
    return Tools(cluster)


class Pushing:
    """Pushes into one region after the other, and knows what was acknowledged."""

    def __init__(self, cluster: Cluster, *regions: str) -> None:
        self._clients: list[Client] = [cluster.client(REPOSITORY, region) for region in regions]
        self.acknowledged: list[str] = []

    def push(self) -> None:
        image = make_unpackable(*LAYERS)
        tag = f"t{random.getrandbits(48):x}"
        random.choice(self._clients).push(image, tag)
        self.acknowledged += [tag, image.digest]
        time.sleep(0.1)

    def choose(self) -> str:
        """Choose what to pull: the newest, most of the time."""
        return random.choice(self.acknowledged[-6:] if random.random() < 0.7 else self.acknowledged)

    def close(self) -> None:
        for client in self._clients:
            client.__exit__(None, None, None)


@pytest.fixture
def pushing(cluster: Cluster) -> Iterator[Pushing]:
    made = Pushing(cluster, EAST, WEST)
    made.push()
    yield made
    made.close()
    cluster.roads.heal()


def loops(tools: Tools, pushing: Pushing) -> Pulling:
    """Two skopeos at a time, and a podman where there is one."""
    if shutil.which("skopeo") is None:
        pytest.skip("skopeo is not installed")
    ways = [lambda reference: tools.skopeo(REPOSITORY, reference)] * 2
    if shutil.which("podman") is not None:
        ways.append(lambda reference: tools.podman(REPOSITORY, reference))
    return Pulling(*ways, choose=pushing.choose)


def keep_on(seconds: float, enough: Callable[[], bool]) -> None:
    """Let clients go on for a time, and on a busy machine until they have done enough to tell anything."""
    time.sleep(seconds)
    until(enough, PATIENCE, "clients do too little")


def test_the_name_leads_elsewhere_during_pulls(tools: Tools, pushing: Pushing) -> None:
    with tools.moving(REGIONS), Hammer(pushing.push) as pushes, loops(tools, pushing) as pulls:
        keep_on(PHASE, lambda: pulls.pulls > 5 and len(pushing.acknowledged) > 10)
    assert (pushes.failures, pulls.failures) == ([], [])


def test_a_third_region_is_cut_off(cluster: Cluster, tools: Tools, pushing: Pushing) -> None:
    """Where all holders are cut off there is one exception: what was pushed meanwhile, asked for in that region."""
    cluster.converge()
    known = list(pushing.acknowledged)
    cluster.roads.isolate(NORTH)
    north = CLOUD.regional(REGISTRY, NORTH)
    with tools.moving((EAST, WEST)), Hammer(pushing.push) as pushes, loops(tools, pushing) as pulls:
        with Pulling(lambda reference: tools.skopeo(REPOSITORY, reference, north), choose=lambda: known[0]) as pinned:
            keep_on(PHASE, lambda: pulls.pulls > 5 and pinned.pulls > 1)
        refused = tools.skopeo(REPOSITORY, pushing.acknowledged[-2], north)
    assert (pushes.failures, pulls.failures, pinned.failures) == ([], [], [])
    assert "manifest unknown" in refused.err
    cluster.roads.heal()
    until(lambda: tools.skopeo(REPOSITORY, pushing.acknowledged[-2], north).code == 0, 40, "north does not catch up")


def test_nodes_are_restarted_and_killed(cluster: Cluster, tools: Tools, pushing: Pushing) -> None:
    """The name leads away from a node before it is restarted, as for a new version; another is killed without a word.

    What only the killed one has seen is there once it is back; nothing is, here: all regions are alike before.
    """
    with loops(tools, pushing) as pulls, tools.moving((EAST, WEST)):
        with Hammer(pushing.push) as pushes:
            cluster.nodes[NORTH].stop()
            cluster.nodes[NORTH].restart()
            with tools.moving((NORTH, EAST)):
                keep_on(LED_AWAY_SECONDS, lambda: pulls.pulls > 3)
        cluster.converge()
    with loops(tools, pushing) as others, tools.moving((NORTH, EAST)):
        cluster.nodes[WEST].kill()
        keep_on(LED_AWAY_SECONDS, lambda: others.pulls > 3)
        cluster.nodes[WEST].restart()
    assert (pushes.failures, pulls.failures, others.failures) == ([], [], [])
