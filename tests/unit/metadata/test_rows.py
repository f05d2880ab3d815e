"""Whatever is written wins over what was written before, on every clock, and nothing is written by halves."""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from seawall.blobs.digest import digest_of
from seawall.metadata import blobs, keys, manifests, repositories, tags
from seawall.metadata.clock import seconds_of
from seawall.metadata.own import LOG, NODE_KEY
from seawall.metadata.repositories import Repository
from seawall.metadata.rows import upsert
from seawall.metadata.schema import MANIFEST, REPOSITORY, TAG
from seawall.server.observer import Observer
from tests.unit.metadata.pushing import push

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Row, Table

    from seawall.metadata.database import Database

HERE: Final = Repository("myregistry", "team/app")
BODIES: Final = [b"%d" % number for number in range(3)]
DIGESTS: Final = [digest_of(body) for body in BODIES]
numbers = itertools.count()


def row(connection: Connection, repository: Repository, name: str) -> Row[Any]:
    query = select(TAG).where(TAG.c.registry == repository.registry, TAG.c.repository == repository.name)
    return connection.execute(query.where(TAG.c.name == name)).one()


@pytest.fixture
def regions(url: str, open_databases: Callable[..., Database]) -> list[tuple[Database, list[int]]]:
    """Three processes with clocks of their own; the walls can be turned."""

    def one(number: int) -> tuple[Database, list[int]]:
        wall = [1_700_000_000_000]
        return open_databases(url, f"region{number}", wall=lambda: wall[0]), wall

    return [one(number) for number in range(3)]


writes = st.tuples(
    st.integers(0, 2),
    st.sampled_from([0, 0, 1, 1000, -1, -1000, 86_400_000, -86_400_000]),
    st.sampled_from(["tag", "push and tag", "push", "delete tag", "delete manifest"]),
    st.sampled_from(BODIES),
)


@dataclass
class Model:
    """What ought to be there: which manifests, and what the tag stands for."""

    pushed: set[str]
    tagged: str
    deleted: bool = False

    def shows(self) -> bool:
        return not self.deleted and self.tagged in self.pushed

    def follow(self, action: str, digest: str) -> bool | None:
        """Do the same; return what a delete should say."""
        found: bool | None = None
        if action.startswith("push"):
            self.pushed.add(digest)
        if action.endswith("and tag") or action == "tag":
            self.tagged, self.deleted = digest, False
        elif action == "delete tag":
            found = self.shows()
            self.deleted |= found
        elif action == "delete manifest":
            found = digest in self.pushed
            self.pushed.discard(digest)
            # A tag goes with its manifest, and does not come back with it.
            self.deleted |= found and digest == self.tagged
        return found


def act(database: Database, repository: Repository, action: str, body: bytes) -> bool | None:
    if action == "tag":
        return database.write_now(tags.put, repository, "latest", digest_of(body))
    if action == "delete tag":
        return database.write_now(tags.delete, repository, "latest")
    if action == "delete manifest":
        return database.write_now(manifests.delete, repository, digest_of(body))
    database.write_now(push, repository, body, *(["latest"] if action == "push and tag" else []))
    return None


@settings(max_examples=20)
@given(steps=st.lists(writes, min_size=2, max_size=12))
def test_the_last_writer_wins_and_clocks_only_grow(
    regions: list[tuple[Database, list[int]]], steps: list[tuple[int, int, str, bytes]]
) -> None:
    repository = Repository("myregistry", f"team/app{next(numbers)}")
    database = regions[0][0]
    database.write_now(push, repository, BODIES[0], "latest")
    model = Model({DIGESTS[0]}, DIGESTS[0])
    last = database.read_now(row, repository, "latest")
    for who, turned, action, body in steps:
        writer, wall = regions[who]
        wall[0] += turned
        put = action == "tag" or action.endswith("and tag")
        # A tag may wait for its manifest, which is pushed first.
        waited = action == "push and tag" and not model.deleted and model.tagged == digest_of(body)
        shown = model.shows() or waited
        assert act(writer, repository, action, body) is model.follow(action, digest_of(body))
        now = database.read_now(row, repository, "latest")
        # What was there before goes on being what it was; what was not is made now.
        assert now.created == (now.clock if put and not shown else last.created)
        assert now.digest == model.tagged
        found = database.read_now(manifests.by_tag, repository, "latest")
        assert (found.digest if found else None) == (model.tagged if model.shows() else None)
        assert list(database.read_now(tags.page, repository, "", 10)) == (["latest"] if model.shows() else [])
        if (now.digest, now.deleted) == (last.digest, last.deleted) and "tag" not in action:
            assert now == last
        elif now != last:
            assert now.clock > last.clock
            assert now.sequence > last.sequence
            assert now.origin == f"region{who}"
        last = now


def test_a_row_is_stamped_with_the_time_it_was_written(database: Database) -> None:
    database.write_now(tags.put, HERE, "latest", DIGESTS[0])
    stamped = database.read_now(row, HERE, "latest")
    assert abs(seconds_of(stamped.clock) - time.time()) < 60
    assert (stamped.origin, stamped.deleted) == ("eastus", False)


def test_a_restart_with_the_clock_set_back_does_not_undo_what_is_written(
    url: str, open_databases: Callable[..., Database]
) -> None:
    open_databases(url, wall=lambda: 90_000_000).write_now(push, HERE, BODIES[0], "latest")
    restarted = open_databases(url, wall=lambda: 1_000_000)
    before = restarted.read_now(row, HERE, "latest")
    restarted.write_now(push, HERE, BODIES[1], "latest")
    after = restarted.read_now(row, HERE, "latest")
    assert after.digest == DIGESTS[1]
    assert after.clock > before.clock
    assert restarted.write_now(tags.delete, HERE, "latest")
    assert restarted.read_now(row, HERE, "latest").clock > after.clock


def test_all_that_a_transaction_writes_has_its_one_place_and_reading(database: Database) -> None:
    with database.writing() as writer:
        push(writer, HERE, BODIES[0], "latest", "v1")
        repositories.put(writer, HERE)
    places = {database.read_now(place, table) for table in (TAG, MANIFEST, REPOSITORY)}
    assert places == {((writer.sequence, writer.clock),)}
    with database.writing() as following:
        tags.delete(following, HERE, "latest")
    assert (following.sequence, following.clock) > (writer.sequence, writer.clock)
    assert database.read_now(place, MANIFEST) == ((writer.sequence, writer.clock),)
    assert set(database.read_now(place, TAG)) == {
        (writer.sequence, writer.clock),
        (following.sequence, following.clock),
    }


def place(connection: Connection, table: Table) -> tuple[tuple[int, int], ...]:
    found = {(row.sequence, row.clock) for row in connection.execute(select(table.c.sequence, table.c.clock))}
    return tuple(sorted(found))


def test_what_concerns_this_node_only_takes_no_place_in_the_log(database: Database) -> None:
    before = database.read_now(log)

    def keep(connection: Connection, secret: bytes) -> bytes:
        connection.execute(upsert(NODE_KEY, connection.dialect.name), {"region": "eastus", "secret": secret})
        return secret

    def kept(connection: Connection) -> bytes:
        return bytes(connection.execute(select(NODE_KEY.c.secret)).scalar_one())

    assert database.note_now(keep, b"first") == b"first"
    assert asyncio.run(database.note(keep, b"second")) == b"second"
    assert database.read_now(log) == before
    assert database.read_now(kept) == b"second"

    def fail(connection: Connection) -> None:
        keep(connection, b"third")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        database.note_now(fail)
    assert database.read_now(kept) == b"second"


def log(connection: Connection) -> Row[Any]:
    return connection.execute(select(LOG)).one()


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_all_of_a_transaction_or_nothing(database: Database, failure: type[BaseException]) -> None:
    def push_and_fail() -> None:
        with database.writing() as writer:
            repositories.put(writer, HERE)
            push(writer, HERE, BODIES[0], "latest")
            blobs.link(writer, HERE, DIGESTS[1], 5)
            # Within the transaction it is there.
            found = manifests.by_tag(writer.connection, HERE, "latest")
            assert found is not None
            assert found.body == BODIES[0]
            raise failure

    before = database.read_now(log)
    with pytest.raises(failure):
        push_and_fail()
    assert database.read_now(manifests.by_digest, HERE, DIGESTS[0]) is None
    assert list(database.read_now(tags.page, HERE, "", 10)) == []
    assert database.read_now(repositories.exists, HERE) is False
    assert database.read_now(blobs.size_in, HERE, DIGESTS[1]) is None
    # And the next writer is not kept waiting, nor is there a gap in the log.
    assert database.read_now(log) == before
    database.write_now(push, HERE, BODIES[0], "latest")
    assert list(database.read_now(tags.page, HERE, "", 10)) == ["latest"]


def test_what_is_not_committed_nobody_else_sees(url: str, open_databases: Callable[..., Database]) -> None:
    one, other = open_databases(url), open_databases(url)
    with one.writing() as writer:
        push(writer, HERE, BODIES[0], "latest")
        assert list(other.read_now(tags.page, HERE, "", 10)) == []
    assert list(other.read_now(tags.page, HERE, "", 10)) == ["latest"]


def test_what_is_logged_of_an_error_does_not_repeat_what_was_to_be_written(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    # PostgreSQL's own words do: "Failing row contains (...)".
    secret = b"verysecret"
    with pytest.raises(IntegrityError) as caught:
        database.write_now(keys.add, keys.LINK, None, secret)  # type: ignore[arg-type]
    Observer("all").failure(caught.value, "0123")
    told = capsys.readouterr().err
    assert "IntegrityError" in told
    assert not [form for form in (secret.decode(), secret.hex()) if form in told]
