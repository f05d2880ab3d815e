"""A manifest deleted in one region while another pushes it or tags it: the later of the two counts, and all agree."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from seawall.blobs.digest import digest_of
from seawall.metadata import manifests, tags
from seawall.metadata.repositories import Repository
from seawall.metadata.schema import MANIFEST, TAG
from tests.unit.metadata.pushing import push
from tests.unit.metadata.shipping import everything, sync, take, written

if TYPE_CHECKING:
    from seawall.metadata.database import Database

HERE: Final = Repository("myregistry", "team/app")
BODY: Final = b"image"
DIGEST: Final = digest_of(BODY)
OTHER: Final = b"another image"


@dataclass(frozen=True)
class Case:
    """What another region does while the manifest, which the tag ``old`` stands for, is deleted.

    Attributes:
        does: What it does.
        later: Whether its clock shows a later time than that of the region that deletes.
        there: Whether the manifest is there in the end.
        shown: The tags that are shown then, and the bodies they stand for.
        again: The tags that are shown once the manifest was pushed again.
    """

    does: str
    later: bool
    there: bool
    shown: dict[str, bytes]
    again: dict[str, bytes]

    def __str__(self) -> str:
        return f"{self.does} {'after' if self.later else 'before'} it"


CASES: Final = [
    Case("nothing", later=False, there=False, shown={}, again={}),
    Case("push", later=False, there=False, shown={}, again={}),
    # The tag is older than the delete: nobody who pushes the image asked for it.
    Case("push", later=True, there=True, shown={}, again={}),
    Case("push old", later=False, there=False, shown={}, again={}),
    Case("push old", later=True, there=True, shown={"old": BODY}, again={"old": BODY}),
    Case("push new", later=False, there=False, shown={}, again={}),
    Case("push new", later=True, there=True, shown={"new": BODY}, again={"new": BODY}),
    Case("tag new", later=False, there=False, shown={}, again={}),
    # It stands for what was deleted before: not shown, until that is there.
    Case("tag new", later=True, there=False, shown={}, again={"new": BODY}),
    Case("move old", later=False, there=False, shown={"old": OTHER}, again={"old": OTHER}),
    Case("move old", later=True, there=False, shown={"old": OTHER}, again={"old": OTHER}),
    Case("untag old", later=False, there=False, shown={}, again={}),
    Case("untag old", later=True, there=False, shown={}, again={}),
    Case("delete", later=True, there=False, shown={}, again={}),
    Case("delete and push", later=False, there=False, shown={}, again={}),
    Case("delete and push", later=True, there=True, shown={}, again={}),
    Case("delete and push new", later=True, there=True, shown={"new": BODY}, again={"new": BODY}),
]


def do(database: Database, what: str) -> None:
    if what.startswith("delete"):
        assert database.write_now(manifests.delete, HERE, DIGEST)
        what = what.removeprefix("delete").removeprefix(" and ")
    action, _, name = what.partition(" ")
    if action == "push":
        database.write_now(push, HERE, BODY, *name.split())
    elif action == "tag":
        database.write_now(tags.put, HERE, name, DIGEST)
    elif action == "move":
        database.write_now(push, HERE, OTHER, name)
    elif action == "untag":
        assert database.write_now(tags.delete, HERE, name)


def shown(database: Database) -> dict[str, bytes]:
    """The tags a region lists, which are those it finds."""
    listed = list(database.read_now(tags.page, HERE, "", 10))
    found = {name: database.read_now(manifests.by_tag, HERE, name) for name in ("new", "old")}
    assert listed == [name for name, manifest in found.items() if manifest is not None]
    return {name: manifest.body for name, manifest in found.items() if manifest is not None}


def agree(regions: list[Database], there: bool, expected: dict[str, bytes]) -> None:
    sync(*regions)
    for database in regions:
        assert (database.read_now(manifests.by_digest, HERE, DIGEST) is not None) is there
        assert database.read_now(manifests.missing, HERE, [DIGEST]) == ([] if there else [DIGEST])
        assert shown(database) == expected
    assert written(regions[1]) == written(regions[0])
    assert written(regions[2]) == written(regions[0])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_delete_and_what_another_region_does_meanwhile(regions: list[Database], walls: list[int], case: Case) -> None:
    deleting, other, third = regions
    third.write_now(push, HERE, BODY, "old")
    agree(regions, there=True, expected={"old": BODY})
    walls[0] += 1_000
    walls[1] += 2_000 if case.later else 500
    assert deleting.write_now(manifests.delete, HERE, DIGEST)
    do(other, case.does)
    agree(regions, case.there, case.shown)
    # Long after that somebody pushes the image again, who knows of all this.
    third.write_now(push, HERE, BODY)
    agree(regions, there=True, expected=case.again)
    third.write_now(tags.put, HERE, "old", DIGEST)
    agree(regions, there=True, expected={**case.again, "old": BODY})


@pytest.mark.parametrize("later", [0, 1])
def test_a_tag_moved_in_two_regions_stands_for_what_came_later(
    regions: list[Database], walls: list[int], later: int
) -> None:
    bodies = (BODY, OTHER)
    walls[later] += 1_000
    for database, body in zip(regions, bodies, strict=False):
        database.write_now(push, HERE, body, "old")
    agree(regions, there=True, expected={"old": bodies[later]})


def test_of_two_at_the_same_moment_the_one_of_the_later_region_name_counts(regions: list[Database]) -> None:
    for database, body in zip(regions[1:], (BODY, OTHER), strict=True):
        database.write_now(push, HERE, body, "old")
    agree(regions, there=True, expected={"old": OTHER})


@pytest.mark.parametrize("later", [0, 1])
def test_a_tag_deleted_in_one_region_and_moved_in_another(
    regions: list[Database], walls: list[int], later: int
) -> None:
    regions[0].write_now(push, HERE, BODY, "old")
    regions[0].write_now(push, HERE, OTHER)
    sync(*regions)
    walls[0] += 1_000
    walls[1] += (500, 2_000)[later]
    assert regions[0].write_now(tags.delete, HERE, "old")
    regions[1].write_now(tags.put, HERE, "old", digest_of(OTHER))
    agree(regions, there=True, expected={"old": OTHER} if later else {})


def test_rows_may_come_in_any_order(regions: list[Database], walls: list[int]) -> None:
    regions[0].write_now(push, HERE, BODY, "old")
    pushed = regions[0].read_now(everything)
    regions[0].write_now(manifests.delete, HERE, DIGEST)
    deleted = regions[0].read_now(everything)
    walls[0] += 1_000
    regions[0].write_now(push, HERE, BODY, "new")
    back = regions[0].read_now(everything)
    for order in itertools.permutations((pushed, deleted, back)):
        for log in order:
            regions[1].write_now(take, reversed(log))
        assert shown(regions[1]) == {"new": BODY}
        assert written(regions[1]) == written(regions[0])
        with regions[1].writing() as writer:
            for table in (MANIFEST, TAG):
                writer.connection.execute(table.delete())
        assert shown(regions[1]) == {}
