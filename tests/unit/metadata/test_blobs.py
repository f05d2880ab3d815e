"""Through which repositories blobs may be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from seawall.blobs.digest import digest_of
from seawall.metadata import blobs
from seawall.metadata.repositories import Repository
from seawall.metadata.schema import BLOB_LINK

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from seawall.metadata.database import Database

HERE: Final = Repository("myregistry", "team/app")
SIBLING: Final = Repository("myregistry", "team/base")
STRANGER: Final = Repository("another", "team/app")
DIGEST: Final = digest_of(b"layer")


def test_a_blob_is_read_through_the_repository_it_was_pushed_to(database: Database) -> None:
    assert database.read_now(blobs.size_in, HERE, DIGEST) is None
    database.write_now(blobs.link, HERE, DIGEST, 5)
    assert database.read_now(blobs.size_in, HERE, DIGEST) == 5
    assert database.read_now(blobs.size_in, SIBLING, DIGEST) is None
    assert database.read_now(blobs.size_in, STRANGER, DIGEST) is None
    assert database.read_now(blobs.size_in, HERE, digest_of(b"layer", "sha512")) is None


def test_pushing_it_again_changes_nothing_that_is_read_and_is_a_write_all_the_same(database: Database) -> None:
    for _ in range(2):
        database.write_now(blobs.link, HERE, DIGEST, 5)
        database.write_now(blobs.link, SIBLING, DIGEST, 5)
    assert database.read_now(blobs.size_in, HERE, DIGEST) == 5
    assert sorted(database.read_now(blobs.repositories_with, "myregistry", DIGEST)) == ["team/app", "team/base"]
    # In another region it may have been unlinked meanwhile, and this push is to outdo that.
    before = database.read_now(stamp, HERE)
    database.write_now(blobs.link, HERE, DIGEST, 5)
    assert database.read_now(stamp, HERE) > before


def stamp(connection: Connection, repository: Repository) -> tuple[int, int]:
    query = select(BLOB_LINK.c.clock, BLOB_LINK.c.sequence).where(
        BLOB_LINK.c.registry == repository.registry, BLOB_LINK.c.repository == repository.name
    )
    clock, sequence = connection.execute(query).one()
    return clock, sequence


def test_sizes_of_any_magnitude(database: Database) -> None:
    for number, size in enumerate((0, 1, 2**31, 2**40, 2**63 - 1)):
        digest = digest_of(str(number).encode())
        database.write_now(blobs.link, HERE, digest, size)
        assert database.read_now(blobs.size_in, HERE, digest) == size


def test_a_blob_may_be_linked_to_another_repository(database: Database) -> None:
    database.write_now(blobs.link, HERE, DIGEST, 5)
    for _ in range(2):
        database.write_now(blobs.link, SIBLING, DIGEST, 5)
    assert database.read_now(blobs.size_in, SIBLING, DIGEST) == 5


def test_a_link_that_came_from_another_region_is_read_before_its_bytes_are_here(database: Database) -> None:
    assert database.read_now(blobs.missing, HERE, [DIGEST]) == [DIGEST]
    written = {"clock": 1 << 40, "origin": "westus", "deleted": False}
    row = {"registry": HERE.registry, "repository": HERE.name, "digest": DIGEST, "size": 5, **written}
    with database.writing() as writer:
        assert writer.merge(BLOB_LINK, row)
    assert database.read_now(blobs.size_in, HERE, DIGEST) == 5
    assert database.read_now(blobs.missing, HERE, [DIGEST]) == []
    assert database.read_now(blobs.size_in, SIBLING, DIGEST) is None


def test_unlinking_is_for_one_repository_and_not_for_ever(database: Database) -> None:
    assert database.write_now(blobs.unlink, HERE, DIGEST) is False
    for repository in (HERE, SIBLING, STRANGER):
        database.write_now(blobs.link, repository, DIGEST, 5)
    assert database.write_now(blobs.unlink, HERE, DIGEST) is True
    assert database.write_now(blobs.unlink, HERE, DIGEST) is False
    assert database.read_now(blobs.size_in, HERE, DIGEST) is None
    assert database.read_now(blobs.size_in, SIBLING, DIGEST) == 5
    assert database.read_now(blobs.size_in, STRANGER, DIGEST) == 5
    assert list(database.read_now(blobs.repositories_with, "myregistry", DIGEST)) == ["team/base"]
    database.write_now(blobs.link, HERE, DIGEST, 5)
    assert database.read_now(blobs.size_in, HERE, DIGEST) == 5


def test_nobody_learns_of_the_repositories_of_another_registry(database: Database) -> None:
    database.write_now(blobs.link, HERE, DIGEST, 5)
    assert list(database.read_now(blobs.repositories_with, "another", DIGEST)) == []
    assert list(database.read_now(blobs.repositories_with, "myregistry", digest_of(b"other"))) == []


def test_which_of_very_many_are_missing(database: Database) -> None:
    digests = [digest_of(str(number).encode()) for number in range(1_100)]
    with database.writing() as writer:
        for digest in digests[::3]:
            blobs.link(writer, HERE, digest, 1)
        for digest in digests[1::3]:
            blobs.link(writer, SIBLING, digest, 1)
    here = set(digests[::3])
    expected = [digest for digest in digests if digest not in here]
    assert database.read_now(blobs.missing, HERE, [*digests, *digests]) == expected
    assert database.read_now(blobs.missing, HERE, []) == []
