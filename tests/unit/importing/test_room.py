"""What is imported takes room, which a registry may not have."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from seawall.blobs.digest import Digest
from seawall.blobs.directory import DirectoryBlobs
from seawall.doors import DomainDoors
from seawall.importing.contract import ImportFailure, Order, Source, Target
from seawall.importing.importer import Importer
from seawall.metadata import blobs, manifests, registries
from seawall.metadata.repositories import Repository
from seawall.naming import Cloud
from seawall.registry.call import Services
from seawall.registry.quota import StorageQuota
from seawall.tiers import UNLIMITED
from seawall.topology import Registry, Replica, Tier
from tests.support import content
from tests.unit.metadata.pushing import push

if TYPE_CHECKING:
    from pathlib import Path

    from seawall.metadata.database import Database

REGISTRY = Registry("myregistry", "eastus", (Replica("eastus", "sw1"),))
CONFIG, LAYER = b"{}", b"a layer"
SOURCE, TARGET = Repository("myregistry", "team/app"), Repository("myregistry", "copy/app")


@pytest.mark.parametrize(("most", "fits"), [(1, False), (1 << 30, True)])
def test_a_registry_that_is_full_imports_nothing(database: Database, tmp_path: Path, most: int, *, fits: bool) -> None:
    database.write_now(registries.put, REGISTRY)
    for blob in (CONFIG, LAYER):
        database.write_now(blobs.link, SOURCE, Digest(content.digest_of(blob)), len(blob))
    database.write_now(push, SOURCE, content.image(CONFIG, LAYER), "v1")
    quota = StorageQuota(database, dict.fromkeys(Tier, replace(UNLIMITED, storage_octets=most)))
    doors = DomainDoors(Cloud.own("registry.example"))
    importer = Importer(Services(database, DirectoryBlobs(tmp_path), doors, "eastus", quota=quota))
    order = Order(
        "myregistry", Source("team/app", "v1", registry="myregistry"), (Target("copy/app", "v2"),), force=False
    )
    if fits:
        asyncio.run(importer.run(order))
    else:
        with pytest.raises(ImportFailure, match="its tier gives 1;") as failure:
            asyncio.run(importer.run(order))
        assert (failure.value.status, failure.value.code) == (403, "QuotaExceeded")
    assert (database.read_now(manifests.by_tag, TARGET, "v2") is not None) is fits
