"""A disk that is full in the region that copies: it goes on serving, says why, and catches up when there is room."""

from __future__ import annotations

import contextlib
import os
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from tests.replication.cluster import EAST, WEST, Cluster, until
from tests.replication.cluster_client import make_image
from tests.replication.cluster_roads import why_not

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DISK: Final = 40_000_000
LARGE: Final = 6_000_000
FAILING: Final = 4
"""The exit code where something does not get through."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two regions; the state of west is on a small disk of its own."""
    if reason := why_not():
        pytest.skip(reason)
    state = tmp_path_factory.mktemp("small") / "state"
    state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "none", state], check=True)
    try:
        with Cluster(EAST, WEST, states={WEST: state}) as cluster:
            yield cluster
    finally:
        subprocess.run(["umount", "--lazy", state], check=True)


def _fill(filler: Path) -> None:
    with filler.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)


def test_a_full_disk_in_the_region_that_copies(cluster: Cluster) -> None:
    node = cluster.nodes[WEST]
    filler = node.state.root / "filler"
    with cluster.client("full", EAST) as east, cluster.client("full", WEST) as west:
        before = east.push(make_image(10_000), "before")
        cluster.converge()
        # Room for the log and a few small blobs, and for nothing large.
        _fill(filler)
        os.truncate(filler, filler.stat().st_size - LARGE // 2)
        large = east.push(make_image(LARGE), "large")
        until(lambda: "room for" in node.queue().error, 20, "west does not say why")
        assert "room for" in node.run("replication", "status", code=FAILING)
        assert west.pull("before") == before
        small = west.push(make_image(1000), "small")
        assert east.pull("small") == small, "what does not fit must leave room for what does"
        assert west.pull("large") == large, "what cannot be kept is passed on all the same"
        _fill(filler)
        later = [east.push(make_image(1000), f"later{number}") for number in range(5)]
        assert west.pull("before") == before
        assert east.pull("later4") == later[4]
        filler.unlink()
        cluster.converge(seconds=60)
        assert west.pull("large") == large
        for number, image in enumerate(later):
            assert west.pull(f"later{number}") == image
        assert node.queue().blobs == 0
