"""Machines for commands to be run on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.replication.cluster_roads import why_not
from tests.replication_cli.site import EAST, WEST, Site, in_step

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def site() -> Iterator[Site]:
    """An empty site of the test's own."""
    if reason := why_not():
        pytest.skip(reason)
    with Site() as made:
        yield made


@pytest.fixture(scope="module")
def pair() -> Iterator[Site]:
    """Two regions that replicate, and a registry in both; every test leaves it as it was."""
    if reason := why_not():
        pytest.skip(reason)
    with Site() as made:
        east, west = made.set_up(EAST, WEST)
        made.found(east)
        east.lets_join(west)
        east.says("replica", "add", WEST, "--yes")
        in_step(east, west)
        yield made
