"""A region that leaves takes nothing along that nobody else has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from seawall.replication import leaving
from seawall.replication.leaving import LeavingError, leave_all
from seawall.replication.neighbourhood import Neighbourhood
from tests.replication.clients import pull, push_image
from tests.replication.regions import EAST, NORTH, WEST

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.replication.regions import Regions

LAYER: Final = bytes(range(256)) * 1000


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for a minute in tests."""
    monkeypatch.setattr(leaving, "_PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(leaving, "_LOOK_SECONDS", 0.05)


@pytest.fixture
def leave(world: Regions, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Awaitable[list[str]]]:
    """Let a region leave over the roads of this process."""
    west = world[WEST]
    monkeypatch.setattr(leaving, "Neighbourhood", lambda _: Neighbourhood(west.database, west._connect, west._connect))
    return lambda: leave_all(west.database, west.store, force=False)


def test_nobody_leaves_before_the_layers_are_copied(world: Regions, leave: Callable[[], Awaitable[list[str]]]) -> None:
    async def run() -> None:
        await push_image(world[WEST], "app", "v1", LAYER)
        for name in (EAST, NORTH):
            # The log has come, and nobody has looked yet what it means.
            assert await world[name].follow(WEST)
        with pytest.raises(LeavingError):
            await leave()
        # It says how far it has come with the next question only.
        await world.exchange()
        await world.exchange()
        assert await leave()
        for name in (EAST, NORTH):
            assert await pull(world[name], "app", "v1")

    world.run(run())


def test_a_lazy_region_does_not_count_as_one_that_has_everything(
    world: Regions, leave: Callable[[], Awaitable[list[str]]]
) -> None:
    async def run() -> None:
        for name in (EAST, NORTH):
            world[name].lazy = True
            await world[name].restart()
        await push_image(world[WEST], "app", "v1", LAYER)
        await world.exchange()
        await world.exchange()
        with pytest.raises(LeavingError):
            await leave()

    world.run(run())
