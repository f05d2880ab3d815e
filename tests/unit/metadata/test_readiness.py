"""Reports of clients are kept, replaced, judged and forgotten."""

from __future__ import annotations

import itertools
import json
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from seawall.metadata import principals, readiness
from seawall.metadata.clock import reading_at
from seawall.metadata.principals import Principal
from seawall.metadata.readiness import DAYS, MOST_CLIENTS, Answer, Readiness, Report
from seawall.metadata.schema import READINESS
from seawall.topology import Registry, Replica

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from seawall.metadata.database import Database

REGISTRY: Final = Registry("myregistry", "eastus", (Replica("eastus", "account1"), Replica("westus", "account2")))
DAY: Final = 24 * 3600.0
REGIONS: Final = ("eastus", "westus")

verdicts = st.sampled_from([True, False, None])
numbers = itertools.count()


def answer(region: str, *, ready: bool | None, cause: str = "") -> Answer:
    return Answer(region, f"myregistry.{region}.data.azurecr.io", ready, cause)


def both(*, ready: bool | None) -> list[Answer]:
    return [answer(region, ready=ready) for region in REGIONS]


def put(
    database: Database,
    client: str,
    answers: Iterable[Answer],
    *,
    user: str = "edge",
    registry: Registry = REGISTRY,
    days_ago: float = 0.0,
) -> bool:
    """Report something, now or at an earlier time."""
    with database.writing() as writer:
        then = replace(writer, clock=reading_at(time.time() - days_ago * DAY)) if days_ago else writer
        return readiness.put(then, registry.name, user, client, "192.0.2.7", answers)


def recent(database: Database, user: str | None = None, registry: Registry = REGISTRY) -> list[Report]:
    return database.read_now(readiness.recent, registry, time.time(), user)


def kept(connection: Connection) -> int:
    """Count the rows there are, whether they count or not."""
    return connection.execute(select(func.count()).select_from(READINESS)).scalar_one()


def test_a_report_is_found_as_it_was_put(database: Database) -> None:
    before = time.time()
    answers = [answer("westus", ready=False, cause="dropped"), answer("eastus", ready=None)]
    assert put(database, "build-7", answers)
    (found,) = recent(database)
    assert before - 1 < found.reported < time.time() + 1
    assert found == Report("build-7", "edge", "192.0.2.7", found.reported, tuple(reversed(answers)), ())
    facts = found.facts()
    assert facts.pop("reported").startswith("20")
    assert facts == {
        "client": "build-7",
        "user": "edge",
        "address": "192.0.2.7",
        "verdict": "blocked",
        "endpoints": [
            {"host": "myregistry.eastus.data.azurecr.io", "ready": None, "cause": ""},
            {"host": "myregistry.westus.data.azurecr.io", "ready": False, "cause": "dropped"},
        ],
        "untried": [],
    }


def test_a_new_report_replaces_the_old_one_of_the_same_user_and_client_alone(database: Database) -> None:
    put(database, "build-7", both(ready=False))
    put(database, "build-7", both(ready=False), user="other")
    put(database, "build-8", both(ready=False))
    put(database, "build-7", both(ready=False), registry=replace(REGISTRY, name="another"))
    put(database, "build-7", both(ready=True))
    told = [(one.verdict, one.user, one.client) for one in recent(database)]
    assert told == [
        (Readiness.BLOCKED, "other", "build-7"),
        (Readiness.BLOCKED, "edge", "build-8"),
        (Readiness.READY, "edge", "build-7"),
    ]
    assert [one.user for one in recent(database, "other")] == ["other"]
    assert recent(database, "nobody") == []


@given(st.dictionaries(st.sampled_from(REGIONS), verdicts, min_size=1))
def test_one_closed_endpoint_is_enough_and_every_region_has_to_be_open(
    database: Database, told: dict[str, bool | None]
) -> None:
    user = f"user{next(numbers)}"
    put(database, "build-7", [answer(region, ready=ready) for region, ready in told.items()], user=user)
    (found,) = recent(database, user)
    values = [told.get(region) for region in REGIONS]
    assert found.untried == tuple(region for region in REGIONS if region not in told)
    if False in values:
        assert found.verdict is Readiness.BLOCKED
    elif values == [True, True]:
        assert found.verdict is Readiness.READY
    else:
        assert found.verdict is Readiness.UNKNOWN


def test_reports_are_judged_by_the_regions_there_are_now(database: Database) -> None:
    put(database, "build-7", [answer("eastus", ready=True), answer("westus", ready=False)])
    fewer = replace(REGISTRY, replicas=REGISTRY.replicas[:1])
    (found,) = recent(database, registry=fewer)
    assert found.verdict is Readiness.READY
    assert [one.region for one in found.answers] == ["eastus"]
    put(database, "build-7", both(ready=True))
    more = replace(REGISTRY, replicas=(*REGISTRY.replicas, Replica("westus2", "account3")))
    (found,) = recent(database, registry=more)
    assert found.verdict is Readiness.UNKNOWN
    assert found.untried == ("westus2",)


def test_the_blocked_come_first_then_by_name(database: Database) -> None:
    for client, ready in (("a", True), ("b", None), ("c", False), ("d", True), ("Z", None), ("0", False)):
        put(database, client, both(ready=ready))
    found = recent(database)
    assert "".join(one.client for one in found) == "0cZbad"
    told = readiness.fleet(found)
    assert told["summary"] == {"blocked": 2, "unknown": 2, "ready": 2}
    assert json.loads(json.dumps(told))["clients"] == [one.facts() for one in found]
    assert readiness.fleet([]) == {"clients": [], "summary": {"blocked": 0, "unknown": 0, "ready": 0}}


def test_reports_end_after_thirty_days_and_nothing_of_them_stays(database: Database) -> None:
    put(database, "old", both(ready=False), days_ago=DAYS + 0.01)
    put(database, "older", both(ready=False), user="gone", days_ago=300)
    put(database, "elsewhere", both(ready=False), registry=replace(REGISTRY, name="another"), days_ago=300)
    put(database, "young", both(ready=False), days_ago=DAYS - 0.01)
    assert [one.client for one in recent(database)] == ["young"]
    put(database, "new", both(ready=True))
    assert [one.client for one in recent(database)] == ["young", "new"]
    # What is old in another registry goes when somebody reports there.
    assert database.read_now(kept) == 3


def test_what_is_marked_as_deleted_is_not_told_and_comes_back_with_a_new_report(database: Database) -> None:
    put(database, "build-7", both(ready=False))
    with database.writing() as writer:
        assert writer.delete(READINESS, registry=REGISTRY.name, client="build-7") == 1
    assert recent(database) == []
    put(database, "build-7", both(ready=True))
    assert [one.verdict for one in recent(database)] == [Readiness.READY]


def test_a_user_reports_for_so_many_clients_and_no_more(database: Database) -> None:
    with database.writing() as writer:
        for number in range(MOST_CLIENTS - 1):
            writer.put(
                READINESS, registry=REGISTRY.name, principal="edge", client=f"{number}", address="", document="[]"
            )
    put(database, "of another user", both(ready=True), user="other")
    put(database, "of another registry", both(ready=True), registry=replace(REGISTRY, name="another"))
    assert put(database, "the last", both(ready=True))
    assert not put(database, "one too many", both(ready=True))
    assert len(recent(database, "edge")) == MOST_CLIENTS
    # Those that are known may go on reporting, and so may others.
    assert put(database, "the last", both(ready=False))
    assert put(database, "one too many", both(ready=True), user="other")
    with database.writing() as writer:
        writer.delete(READINESS, registry=REGISTRY.name, client="0")
    assert put(database, "room again", both(ready=True))


def test_old_clients_make_room(database: Database) -> None:
    old = reading_at(time.time() - (DAYS + 1) * DAY)
    with database.writing() as writer:
        for number in range(MOST_CLIENTS):
            replace(writer, clock=old).put(
                READINESS, registry=REGISTRY.name, principal="edge", client=f"{number}", address="", document="[]"
            )
    assert put(database, "new", both(ready=True))
    assert database.read_now(kept) == 1


def test_reports_side_by_side_do_not_share_the_last_place(database: Database) -> None:
    with database.writing() as writer:
        principals.put(writer, REGISTRY.name, Principal("edge", {}))
        for number in range(MOST_CLIENTS - 1):
            writer.put(
                READINESS, registry=REGISTRY.name, principal="edge", client=f"{number}", address="", document="[]"
            )
    barrier = threading.Barrier(4, timeout=30)
    kept_ones: list[bool] = []

    def report(client: str) -> None:
        barrier.wait()
        kept_ones.append(
            database.write_now(readiness.put, REGISTRY.name, "edge", client, "192.0.2.7", both(ready=True))
        )

    threads = [threading.Thread(target=report, args=(f"new {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(kept_ones) == [False, False, False, True]
    assert len(recent(database, "edge")) == MOST_CLIENTS


@pytest.mark.parametrize("kind", ["sqlite"])
def test_reports_do_not_spoil_what_is_remembered_of_settings(database: Database) -> None:
    query = "SELECT version FROM settings_version"

    def version(connection: Connection) -> object:
        return connection.exec_driver_sql(query).scalar()

    before = database.read_now(version)
    put(database, "build-7", both(ready=True))
    assert database.read_now(version) == before
