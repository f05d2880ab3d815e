"""When repositories, tags and manifests were made: the same in every region, whoever writes them afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from seawall.metadata import manifests, repositories, tags
from seawall.metadata.clock import reading_of
from seawall.metadata.repositories import Repository
from seawall.metadata.schema import MANIFEST, REPOSITORY, TAG
from tests.unit.metadata.pushing import push
from tests.unit.metadata.shipping import sync, written

if TYPE_CHECKING:
    from seawall.blobs.digest import Digest
    from seawall.metadata.database import Database
    from seawall.metadata.rows import Writer

HERE: Final = Repository("myregistry", "team/app")


def make(writer: Writer, body: bytes, *names: str) -> Digest:
    repositories.put(writer, HERE)
    return push(writer, HERE, body, *names)


def created(database: Database) -> dict[str, int]:
    """Return when each table's one row was made."""

    def read(connection: Any) -> dict[str, int]:  # noqa: ANN401
        return {
            table.name: connection.execute(select(table.c.created)).scalar_one()
            for table in (REPOSITORY, MANIFEST, TAG)
        }

    return database.read_now(read)


def alike(made: int) -> dict[str, int]:
    return dict.fromkeys(("repository", "manifest", "tag"), made)


def test_the_winners_age_is_everybodys(regions: list[Database], walls: list[int]) -> None:
    east, north, _ = regions
    walls[:] = [1000, 2000, 3000]
    # Two make the same thing without knowing of each other.
    east.write_now(make, b"body", "latest")
    north.write_now(make, b"body", "latest")
    sync(*regions)
    assert [created(region) for region in regions] == [alike(reading_of(2000))] * 3
    # Whoever writes it next keeps what it knows.
    walls[0] = 5000
    east.write_now(make, b"body", "latest")
    sync(*regions)
    assert [created(region) for region in regions] == [alike(reading_of(2000))] * 3
    assert written(regions[0]) == written(regions[1]) == written(regions[2])


def test_what_one_region_deletes_another_makes_anew(regions: list[Database], walls: list[int]) -> None:
    east, north, _ = regions
    digest = east.write_now(make, b"body", "latest")
    sync(*regions)
    east.write_now(manifests.delete, HERE, digest)
    east.write_now(repositories.delete, HERE)
    sync(*regions)
    walls[1] += 5000
    north.write_now(make, b"body", "latest")
    sync(*regions)
    assert [created(region) for region in regions] == [alike(reading_of(walls[1]))] * 3


def test_a_tag_that_went_with_its_manifest_is_made_anew_by_whoever_knows(
    regions: list[Database], walls: list[int]
) -> None:
    east, north, _ = regions
    digest = east.write_now(make, b"body", "latest")
    sync(*regions)
    before = created(north)["tag"]
    east.write_now(manifests.delete, HERE, digest)
    # North has not heard of it: to it this is the same tag.
    walls[1] += 1000
    north.write_now(make, b"body", "latest")
    assert created(north)["tag"] == before
    sync(*regions)
    assert {created(region)["tag"] for region in regions} == {before}
    assert [list(region.read_now(tags.page, HERE, "", 10)) for region in regions] == [["latest"]] * 3
