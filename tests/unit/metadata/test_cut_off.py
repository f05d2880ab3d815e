"""Regions that were cut off from one another answer alike once they hear of each other."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.blobs.digest import digest_of
from seawall.metadata import keys, manifests, principals, tags
from seawall.metadata.principals import Principal
from seawall.metadata.repositories import Repository
from tests.unit.metadata.pushing import push
from tests.unit.metadata.shipping import ship, sync, written

if TYPE_CHECKING:
    from seawall.metadata.database import Database
    from seawall.metadata.rows import Writer

numbers = itertools.count()

steps = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["push", "push", "tag", "delete", "delete tag", "enable", "disable", "remove", "key", "ship"]),
        st.integers(0, 1),
        st.sampled_from([0, 1, 1000, -1000, 86_400_000]),
    ),
    min_size=3,
    max_size=20,
)


def act(regions: list[Database], here: Repository, who: int, action: str, which: int) -> None:
    database, body = regions[who], [b"first", b"second"][which]
    if action == "push":
        database.write_now(push, here, body, "latest", f"v{which}")
    elif action == "tag":
        database.write_now(lambda writer: tags.put(writer, here, "latest", push(writer, here, body)))
    elif action == "delete":
        database.write_now(delete_manifest, here, body)
    elif action == "delete tag":
        database.write_now(tags.delete, here, "latest")
    elif action in {"enable", "disable"}:
        principal = Principal("edge", {}, here.name, enabled=action == "enable")
        database.write_now(principals.put, here.registry, principal)
    elif action == "remove":
        database.write_now(principals.delete, here.registry, "edge")
    elif action == "key":
        database.write_now(keys.add, keys.LINK, f"{here.registry} {which}", body)
    else:
        ship(database, regions[(who + 1 + which) % 3])


def delete_manifest(writer: Writer, here: Repository, body: bytes) -> bool:
    return manifests.delete(writer, here, digest_of(body))


def told(database: Database, here: Repository) -> dict[str, Any]:
    """All that a region answers."""
    shown = list(database.read_now(tags.page, here, "", 10))
    return {
        "tags": {name: database.read_now(manifests.by_tag, here, name) for name in shown},
        "missing": database.read_now(manifests.missing, here, [digest_of(b"first"), digest_of(b"second")]),
        "principals": database.read_now(principals.list_all, here.registry),
        "keys": database.read_now(keys.newest_first, keys.LINK),
    }


@settings(max_examples=12)
@given(steps=steps)
def test_regions_that_were_cut_off_answer_alike_once_they_hear_of_each_other(
    regions: list[Database], walls: list[int], steps: list[tuple[int, str, int, int]]
) -> None:
    here = Repository(f"registry{next(numbers)}", "team/app")
    for who, action, which, turned in steps:
        walls[who] += turned
        act(regions, here, who, action, which)
    sync(*regions)
    assert written(regions[1]) == written(regions[0])
    assert written(regions[2]) == written(regions[0])
    answers = [told(database, here) for database in regions]
    assert answers[1] == answers[0]
    assert answers[2] == answers[0]
    assert None not in answers[0]["tags"].values()
