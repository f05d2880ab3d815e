"""The soak, for some seconds: random work, random faults, and everything read back from every region."""

from __future__ import annotations

import random
from typing import Final

import pytest

from tests.replication.cluster import Cluster
from tests.replication.cluster_roads import why_not
from tests.replication.cluster_soak import PAIRS, REGIONS, Soak

# A handshake that a node's death breaks off leaves a socket that nobody can close.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning"),
    pytest.mark.filterwarnings(r"ignore:Exception ignored in. <ssl\.SSLSocket:pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.skipif(why_not() != "", reason=why_not()),
]

SECONDS: Final = 15.0


def test_random_work_and_random_faults_lose_nothing() -> None:
    seed = random.randrange(1_000_000)
    with Cluster(*REGIONS, relays=PAIRS) as cluster:
        soak = Soak(cluster, seed)
        soak.run(SECONDS, hold=(0.5, 2.0), say=lambda _: None)
    figures = soak.figures
    assert soak.good, f"seed {seed}: {figures}"
    assert figures["acknowledged"] > 0, figures
    assert figures["pulled"] > 0, figures
    assert sum(figures["faults"].values()) > 0, figures
