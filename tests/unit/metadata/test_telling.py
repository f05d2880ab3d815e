"""What there is to tell is written down, on every database, by whoever writes and by whoever takes rows over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.blobs.digest import digest_of
from seawall.metadata import events, log, manifests, registries, tags, webhooks
from seawall.metadata.repositories import Repository
from seawall.metadata.telling import Touched, told, told_of_rows
from seawall.metadata.webhooks import Webhook
from seawall.topology import Registry, Replica
from tests.unit.metadata.pushing import push

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seawall.metadata.database import Database
    from seawall.metadata.log import Row
    from seawall.metadata.rows import Writer

HERE: Final = Repository("myregistry", "team/app")


def push_told(writer: Writer, body: bytes, *names: str) -> None:
    with told(writer, Touched(HERE, set(names), {digest_of(body)})):
        push(writer, HERE, body, *names)


def delete_told(writer: Writer, reference: str) -> None:
    if ":" in reference:
        with told(writer, Touched(HERE, set(), {reference})):
            assert manifests.delete(writer, HERE, digest_of(b"one"))
    else:
        with told(writer, Touched(HERE, {reference}, set())):
            tags.delete(writer, HERE, reference)


def take(writer: Writer, rows: Sequence[Row]) -> None:
    with told_of_rows(writer, rows):
        log.merge(writer, rows)


def carry(source: Database, target: Database) -> None:
    """Carry over all that one region holds, in one part."""
    target.write_now(take, source.read_now(log.read, 0).rows)


def words(database: Database) -> list[str]:
    waiting = database.read_now(events.waiting, HERE.registry, 100)
    return [f"{event.told['type']} {event.told['subject']}" for event in waiting]


def listen(database: Database) -> None:
    """Make a registry in two regions, and a webhook."""
    replicas = tuple(Replica(region, f"sw{region}") for region in ("eastus", "northeurope"))
    database.write_now(registries.put, Registry(HERE.registry, "eastus", replicas))
    database.write_now(webhooks.put, Webhook(HERE.registry, "hook", "http://localhost/"))


def test_pushes_and_deletes_are_told_here_and_there(regions: list[Database]) -> None:
    for source, target in ((regions[0], regions[1]), (regions[1], regions[0])):
        for database in (source, target):
            database.note_now(events.forget, HERE.registry, "hook")
        listen(source)
        body, other = source.region.encode(), b"one"
        source.write_now(push_told, body, "v1", "v2")
        source.write_now(push_told, other)
        carry(source, target)
        assert words(source) == [
            "registry.push team/app:v1",
            "registry.push team/app:v2",
            f"registry.push team/app@{digest_of(other)}",
        ]
        assert words(target) == [word.replace("push", "push.replicated") for word in words(source)]
        for database in (source, target):
            database.note_now(events.forget, HERE.registry, "hook")
        source.write_now(delete_told, "v1")
        source.write_now(delete_told, digest_of(other))
        carry(source, target)
        carry(source, target)
        assert words(source) == ["registry.delete team/app:v1", f"registry.delete team/app@{digest_of(other)}"]
        assert words(target) == [word.replace("delete", "delete.replicated") for word in words(source)]


def test_a_region_without_a_replica_tells_nothing(regions: list[Database]) -> None:
    listen(regions[0])
    regions[0].write_now(push_told, b"one", "v1")
    carry(regions[0], regions[2])
    assert words(regions[0]) == ["registry.push team/app:v1"]
    assert words(regions[2]) == []


def test_a_tag_of_two_regions_ends_as_the_later_one_and_is_told_so(regions: list[Database], walls: list[int]) -> None:
    listen(regions[0])
    carry(regions[0], regions[1])
    walls[1] += 1000
    regions[0].write_now(push_told, b"one", "latest")
    regions[1].write_now(push_told, b"two", "latest")
    carry(regions[0], regions[1])
    carry(regions[1], regions[0])
    # The tag of the first region lost: there it is a manifest without a tag.
    assert words(regions[0]) == ["registry.push team/app:latest", "registry.push.replicated team/app:latest"]
    assert words(regions[1]) == [
        "registry.push team/app:latest",
        f"registry.push.replicated team/app@{digest_of(b'one')}",
    ]


def test_many_rows_at_once_are_told(regions: list[Database]) -> None:
    listen(regions[0])
    names = [f"v{number}" for number in range(1200)]

    def push_many(writer: Writer) -> None:
        for name in names:
            push(writer, HERE, name.encode(), name)

    regions[0].write_now(push_many)
    assert words(regions[0]) == []
    carry(regions[0], regions[1])
    assert regions[1].read_now(events.count, HERE.registry) == len(names)
