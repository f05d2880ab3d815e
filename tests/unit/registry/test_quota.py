"""How much a registry may hold, and how seldom that is counted."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from seawall.blobs.digest import Digest
from seawall.errors import ApiError
from seawall.metadata import blobs
from seawall.metadata.repositories import Repository
from seawall.registry.quota import StorageQuota
from seawall.tiers import UNLIMITED
from seawall.topology import Registry, Replica, Tier

if TYPE_CHECKING:
    from seawall.metadata.database import Database

REGISTRY = Registry("myregistry", "eastus", (Replica("eastus"),))
GIB = 1 << 30


class Clock:
    """A clock that goes when it is told to, and how often somebody counted."""

    def __init__(self, database: Database, most: int | None) -> None:
        self.seconds = 1000.0
        self.counted = 0
        self._database = database
        tiers = dict.fromkeys(Tier, replace(UNLIMITED, storage_octets=most))
        self._quota = StorageQuota(self, tiers, lambda: self.seconds)  # type: ignore[arg-type]

    async def read(self, query: Any, *args: Any) -> Any:  # noqa: ANN401 - as the database has it
        self.counted += 1
        return self._database.read_now(query, *args)

    def check(self) -> None:
        self.seconds += 0.001
        asyncio.run(self._quota.check(REGISTRY))


def push(database: Database, number: int, size: int, name: str = "app") -> None:
    digest = Digest(f"sha256:{number:064x}")
    database.write_now(blobs.link, Repository(REGISTRY.name, name), digest, size)


def test_a_registry_that_is_full_takes_nothing_more(database: Database) -> None:
    clock = Clock(database, 1000)
    push(database, 1, 600)
    clock.check()
    # The same layer in another repository takes no room.
    push(database, 1, 600, "other")
    clock.check()
    push(database, 2, 400)
    with pytest.raises(ApiError, match="holds 1000 octets, and its tier gives 1000") as refused:
        clock.check()
    assert (refused.value.status, refused.value.code) == (403, "DENIED")


def test_without_a_limit_nobody_counts(database: Database) -> None:
    clock = Clock(database, None)
    push(database, 1, 1 << 60)
    clock.check()
    assert clock.counted == 0


def test_a_registry_with_much_room_is_counted_once_a_minute(database: Database) -> None:
    clock = Clock(database, 100_000 * GIB)
    for _ in range(5):
        clock.check()
    clock.seconds += 59
    clock.check()
    assert clock.counted == 1
    clock.seconds += 2
    clock.check()
    assert clock.counted == 2


def test_one_with_little_room_is_counted_before_it_can_be_full(database: Database) -> None:
    clock = Clock(database, 8 * GIB)
    clock.check()
    clock.seconds += 1.9
    clock.check()
    assert clock.counted == 1
    push(database, 1, 8 * GIB)
    clock.seconds += 0.2
    with pytest.raises(ApiError):
        clock.check()
