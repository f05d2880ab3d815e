"""What a region wants to copy: all that it should have, whatever came first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from seawall.blobs.digest import digest_of
from seawall.metadata import log
from seawall.metadata.own import WANT
from seawall.metadata.schema import SETTING
from seawall.replication.incoming import take_rows
from tests.replication.clients import push_blob
from tests.replication.regions import EAST, WEST

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tests.replication.regions import Regions

BLOB: Final = b"blob"
LAST: Final = [
    "home",
    "tier",
    "data_endpoints",
    "anonymous_pull",
    "admin",
    "deletes",
    "default_action",
    "replica/westus",
]


def _forget_settings(connection: Connection) -> None:
    connection.execute(SETTING.delete())
    connection.execute(WANT.delete())


@pytest.mark.parametrize("last", LAST)
def test_blobs_that_came_before_their_registry_could_be_read_are_wanted(world: Regions, last: str) -> None:
    """Each setting has a place of its own in the log, so a registry may come in several parts, in any order."""

    async def run() -> None:
        east, west = world[EAST], world[WEST]
        await push_blob(east, "app", BLOB)
        rows = (await east.database.read(log.read, 0)).rows
        settings = [row for row in rows if row.table is SETTING]
        await west.database.note(_forget_settings)
        first = [row for row in settings if row.values["name"] != last]
        for part in (first, [row for row in rows if row.table is not SETTING], settings):
            assert await take_rows(west.database, part)
            while await west.agenda.work():
                pass
        assert [want.digest for want in await west.wanted()] == [digest_of(BLOB)]

    world.run(run())
