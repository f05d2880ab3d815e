"""The queues of what webhooks are to be told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from seawall.metadata import events, webhooks
from seawall.metadata.events import LONGEST_PAUSE_MILLISECONDS, Event, Turn
from seawall.metadata.webhooks import Webhook

if TYPE_CHECKING:
    from collections.abc import Callable

    from seawall.metadata.database import Database

NOW: Final = 1_700_000_000_000
HOOK: Final = ("myregistry", "hook")


def event(identifier: str, sequence: int = 1, number: int = 0, webhook: str = "hook", created: int = NOW) -> Event:
    return Event("myregistry", webhook, identifier, '{"id": "a"}', sequence, number, created)


def claim(database: Database, now: int = NOW, webhook: str = "hook") -> Event | None:
    return database.note_now(events.claim, "myregistry", webhook, now, now + 1000)


def test_events_come_in_the_order_of_the_log(database: Database) -> None:
    written = [event("d", 10), event("c", 9, 1), event("a", 9, 0), event("b", 100)]
    database.note_now(events.add, written)
    order = []
    while found := claim(database):
        order.append(found.identifier)
        database.note_now(events.done, found, "answered 204", 0)
    assert order == ["a", "c", "d", "b"]


def test_what_is_claimed_is_not_given_out_again_and_nothing_behind_it_either(
    database: Database, url: str, open_databases: Callable[..., Database]
) -> None:
    database.note_now(events.add, [event("a"), event("b", 2)])
    other = open_databases(url)
    found = claim(database)
    assert found is not None
    assert found.identifier == "a"
    assert claim(other) is None
    assert other.read_now(events.turns, [HOOK]) == (Turn(*HOOK, NOW + 1000),)
    # Whoever had it was killed.
    again = claim(other, NOW + 1000)
    assert again is not None
    assert again.identifier == "a"


def test_one_that_was_put_aside_holds_up_nobody_and_comes_back(database: Database) -> None:
    database.note_now(events.add, [event("a"), event("b", 2), event("c", 3)])
    first = claim(database)
    assert first is not None
    database.note_now(events.failed, first, "answered 400", NOW + 5000, aside=True)
    second = claim(database)
    assert second is not None
    assert second.identifier == "b"
    database.note_now(events.done, second, "answered 204", 0)
    back = claim(database, NOW + 5000)
    assert back is not None
    assert (back.identifier, back.attempts, back.error) == ("a", 1, "answered 400")
    third = claim(database, NOW + 5000)
    assert third is not None
    assert third.identifier == "c"


def test_one_that_fails_keeps_its_turn(database: Database) -> None:
    database.note_now(events.add, [event("a"), event("b", 2), event("c", webhook="other")])
    first = claim(database)
    assert first is not None
    database.note_now(events.failed, first, "answered 500", NOW + 5000, aside=False)
    assert claim(database, NOW + 4999) is None
    assert claim(database, NOW + 5000) == first._replace(attempts=1, error="answered 500", due=NOW + 5000)
    assert database.read_now(events.turns, [("myregistry", "other"), ("myregistry", "none")]) == (
        Turn("myregistry", "other", 0),
    )


def test_a_turn_is_due_when_its_time_has_come_or_is_impossibly_far() -> None:
    for due, expected in (
        (0, True),
        (NOW, True),
        (NOW + 1, False),
        (NOW + LONGEST_PAUSE_MILLISECONDS, False),
        (NOW + LONGEST_PAUSE_MILLISECONDS + 1, True),
    ):
        assert Turn(*HOOK, due).is_due(NOW) is expected


def test_the_old_ones_are_given_up_and_those_of_nobody_forgotten(database: Database) -> None:
    database.write_now(webhooks.put, Webhook(*HOOK, "http://localhost/"))
    database.note_now(
        events.add,
        [event("a", created=NOW - 1), event("b", 2), event("c", 3, webhook="gone"), event("d", 3, 1, webhook="gone")],
    )
    assert database.read_now(events.count, "myregistry") == 4
    assert database.note_now(webhooks.tidy, NOW) == 1
    assert [one.identifier for one in database.read_now(events.waiting, "myregistry", 10)] == ["b"]
    assert database.read_now(events.waiting, "another", 10) == []


def test_the_same_event_may_be_told_to_several(database: Database) -> None:
    database.note_now(events.add, [event("a"), event("a", webhook="other")])
    found = claim(database)
    assert found is not None
    database.note_now(events.done, found, "answered 204", 0)
    (left,) = database.read_now(events.waiting, "myregistry", 10)
    assert (left.identifier, left.webhook, left.due) == ("a", "other", 0)
    database.note_now(events.add, [])


def test_of_many_that_claim_at_one_moment_one_gets_it(database: Database) -> None:
    with ThreadPoolExecutor(6) as threads:
        for round_number in range(20):
            database.note_now(events.add, [event(f"a{round_number}", round_number)])
            claims = [threads.submit(claim, database) for _ in range(6)]
            got = [found for one in claims if (found := one.result()) is not None]
            assert [one.identifier for one in got] == [f"a{round_number}"]
            database.note_now(events.done, got[0], "answered 204", 0)
