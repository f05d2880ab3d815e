"""Whatever is written wins over what was written before, on every clock, and nothing is written by halves."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from seawall.blobs.digest import digest_of
from seawall.metadata import blobs, keys, manifests, repositories, tags
from seawall.metadata.clock import HybridClock, seconds_of
from seawall.metadata.manifests import Manifest
from seawall.metadata.repositories import Repository
from seawall.metadata.schema import TAG
from seawall.server.observer import Observer

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Row

    from seawall.metadata.database import Database

HERE: Final = Repository("myregistry", "team/app")
DIGESTS: Final = [digest_of(b"%d" % number) for number in range(5)]
numbers = itertools.count()


def row(connection: Connection, repository: Repository, name: str) -> Row[Any]:
    query = select(TAG).where(TAG.c.registry == repository.registry, TAG.c.repository == repository.name)
    return connection.execute(query.where(TAG.c.name == name)).one()


@pytest.fixture
def regions(url: str, open_databases: Callable[..., Database]) -> list[tuple[Database, list[int]]]:
    """Three processes with clocks of their own; the walls can be turned."""

    def one(number: int) -> tuple[Database, list[int]]:
        wall = [1_700_000_000_000]
        return open_databases(url, f"region{number}", clock=HybridClock(lambda: wall[0])), wall

    return [one(number) for number in range(3)]


writes = st.tuples(
    st.integers(0, 2),
    st.sampled_from([0, 0, 1, 1000, -1, -1000, 86_400_000, -86_400_000]),
    st.sampled_from(["put", "put", "delete", "delete all"]),
    st.sampled_from(DIGESTS),
)


@settings(max_examples=20)
@given(steps=st.lists(writes, min_size=2, max_size=12))
def test_the_last_writer_wins_and_clocks_only_grow(
    regions: list[tuple[Database, list[int]]], steps: list[tuple[int, int, str, Any]]
) -> None:
    repository = Repository("myregistry", f"team/app{next(numbers)}")
    database = regions[0][0]
    database.write_now(tags.put, repository, "latest", DIGESTS[0])
    last = database.read_now(row, repository, "latest")
    for who, turned, action, digest in steps:
        writer, wall = regions[who]
        wall[0] += turned
        if action == "put":
            writer.write_now(tags.put, repository, "latest", digest)
        elif action == "delete":
            assert writer.write_now(tags.delete, repository, "latest") is not last.deleted
        else:
            writer.write_now(tags.delete_all_of, repository, digest)
        now = database.read_now(row, repository, "latest")
        changed = action == "put" or (not last.deleted and (action == "delete" or last.digest == digest))
        if not changed:
            assert now == last
            continue
        assert now.clock > last.clock
        assert now.origin == f"region{who}"
        assert now.deleted is (action != "put")
        assert now.digest == (digest if action == "put" else last.digest)
        last = now


def test_a_row_is_stamped_with_the_time_it_was_written(database: Database) -> None:
    database.write_now(tags.put, HERE, "latest", DIGESTS[0])
    stamped = database.read_now(row, HERE, "latest")
    assert abs(seconds_of(stamped.clock) - seconds_of(HybridClock().tick())) < 60
    assert (stamped.origin, stamped.deleted) == ("eastus", False)


def test_a_restart_with_the_clock_set_back_does_not_undo_what_is_written(
    url: str, open_databases: Callable[..., Database]
) -> None:
    yesterday = HybridClock(lambda: 1_000_000)
    open_databases(url, clock=HybridClock(lambda: 90_000_000)).write_now(tags.put, HERE, "latest", DIGESTS[0])
    restarted = open_databases(url, clock=yesterday)
    before = restarted.read_now(row, HERE, "latest")
    restarted.write_now(tags.put, HERE, "latest", DIGESTS[1])
    after = restarted.read_now(row, HERE, "latest")
    assert after.digest == DIGESTS[1]
    assert after.clock > before.clock
    assert restarted.write_now(tags.delete, HERE, "latest")
    assert restarted.read_now(row, HERE, "latest").clock > after.clock


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_all_of_a_transaction_or_nothing(database: Database, failure: type[BaseException]) -> None:
    manifest = Manifest(DIGESTS[0], "application/x", b"body")

    def push_and_fail() -> None:
        with database.writing() as writer:
            repositories.put(writer, HERE)
            manifests.put(writer, HERE, manifest, artifact_type="", subject="", annotations={})
            tags.put(writer, HERE, "latest", DIGESTS[0])
            blobs.put(writer, HERE, DIGESTS[1], 5)
            # Within the transaction it is there.
            assert manifests.by_tag(writer.connection, HERE, "latest") == manifest
            raise failure

    with pytest.raises(failure):
        push_and_fail()
    assert database.read_now(manifests.by_digest, HERE, DIGESTS[0]) is None
    assert list(database.read_now(tags.page, HERE, "", 10)) == []
    assert database.read_now(repositories.exists, HERE) is False
    assert database.read_now(blobs.size_in, HERE, DIGESTS[1]) is None
    # And the next writer is not kept waiting.
    database.write_now(tags.put, HERE, "latest", DIGESTS[0])
    assert list(database.read_now(tags.page, HERE, "", 10)) == ["latest"]


def test_what_is_not_committed_nobody_else_sees(url: str, open_databases: Callable[..., Database]) -> None:
    one, other = open_databases(url), open_databases(url)
    with one.writing() as writer:
        tags.put(writer, HERE, "latest", DIGESTS[0])
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
