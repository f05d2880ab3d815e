"""When events are sent: in order, again after a failure, and without one webhook waiting for another."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Final

import pytest

from seawall.events import deliverer as delivering
from seawall.events.deliverer import GIVEN_UP_MILLISECONDS
from seawall.metadata import events, webhooks
from tests.support.receiver import Answer, Receiver

if TYPE_CHECKING:
    from tests.events.outbox import Outbox

HOUR: Final = 3_600_000


def test_what_fails_is_tried_again_as_the_same_event_and_those_behind_it_wait(
    outbox: Outbox, receiver: Receiver
) -> None:
    outbox.webhook(receiver.url, secret="secret")
    receiver.answers = [Answer(500), Answer(503), Answer(0)]
    for tag in ("v1", "v2"):
        outbox.push(tag)
    for attempts in range(1, 4):
        assert outbox.deliver() == 0
        assert [event.attempts for event in outbox.waiting] == [attempts, 0]
        assert outbox.deliver() == 0
        assert len(receiver.received) == attempts, "it waits a while"
        outbox.later(HOUR)
    assert outbox.deliver() == 2
    assert [event["subject"] for event in receiver.events] == ["app:v1"] * 4 + ["app:v2"]
    assert len({(one.body, one.headers["x-hub-signature-256"]) for one in receiver.received}) == 2


def test_pauses_grow_up_to_an_hour(outbox: Outbox, receiver: Receiver) -> None:
    receiver.always = Answer(500)
    outbox.webhook(receiver.url)
    outbox.push("v1")
    pauses = []
    for _ in range(15):
        outbox.deliver()
        (event,) = outbox.waiting
        pauses.append(event.due - outbox.now)
        outbox.now = event.due
    assert all(0.5 * 1000 * 2**number - 50 <= pause <= 1000 * 2**number for number, pause in enumerate(pauses[:11]))
    assert all(HOUR / 2 - 50 <= pause <= HOUR for pause in pauses[12:])


def test_a_receiver_that_asks_for_a_pause_gets_it(outbox: Outbox, receiver: Receiver) -> None:
    receiver.answers = [Answer(429, {"Retry-After": "600"})]
    outbox.webhook(receiver.url)
    outbox.push("v1")
    outbox.deliver()
    outbox.later(590_000)
    assert outbox.deliver() == 0
    outbox.later(11_000)
    assert outbox.deliver() == 1


@pytest.mark.parametrize("header", ["Wed, 21 Oct 2026 07:28:00 GMT", "-5", "9" * 400, "1e3", "٣"])
def test_a_pause_that_makes_no_sense_is_none(outbox: Outbox, receiver: Receiver, header: str) -> None:
    receiver.answers = [Answer(503, {"Retry-After": header.encode().decode("latin-1")})]
    outbox.webhook(receiver.url)
    outbox.push("v1")
    outbox.deliver()
    outbox.later(1000)
    assert outbox.deliver() == 1


@pytest.mark.parametrize("status", [400, 409, 413, 422])
def test_one_that_is_refused_for_what_it_says_does_not_hold_up_those_behind_it(
    outbox: Outbox, receiver: Receiver, status: int
) -> None:
    outbox.webhook(receiver.url)
    receiver.answers = [Answer(status)]
    for tag in ("v1", "v2", "v3"):
        outbox.push(tag)
    assert outbox.deliver() == 2
    assert [event["subject"] for event in receiver.events] == ["app:v1", "app:v2", "app:v3"]
    outbox.later(1000)
    assert outbox.deliver() == 1
    assert receiver.events[-1]["subject"] == "app:v1"


def test_a_slow_receiver_and_one_that_fails_hold_up_nobody(outbox: Outbox, receiver: Receiver) -> None:
    patience = threading.Event()
    with Receiver() as slow, Receiver() as failing:
        slow.answers = [Answer(before=patience.wait)]
        failing.always = Answer(500)
        outbox.webhook(slow.url, "a-slow")
        outbox.webhook(failing.url, "b-failing")
        outbox.webhook(receiver.url, "c-good")
        for number in range(10):
            outbox.push(f"v{number}")

        async def deliver() -> None:
            all_of_them = asyncio.create_task(outbox.deliver_once())
            try:
                await asyncio.to_thread(receiver.wait_for, 10)
                assert len(slow.received) == len(failing.received) == 1
                assert not all_of_them.done()
            finally:
                patience.set()
            await all_of_them

        asyncio.run(deliver())
        assert len(slow.received) == 10
        assert len(failing.received) == 1
    assert [event["subject"] for event in receiver.events] == [f"app:v{number}" for number in range(10)]
    assert {event.webhook for event in outbox.waiting} == {"b-failing"}


def test_only_so_many_are_told_at_once(outbox: Outbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "_AT_ONCE", 3)
    receiver.always = Answer(delay=0.05)
    for number in range(9):
        outbox.webhook(receiver.url, f"hook{number}")
    outbox.push("v1")
    assert outbox.deliver() == 9
    assert 1 < receiver.most_at_once <= 3


def counted(outcome: str) -> float:
    (family,) = delivering._EVENTS.collect()
    return sum(one.value for one in family.samples if one.name.endswith("_total") and one.labels["outcome"] == outcome)


def test_an_event_is_given_up_after_three_days_and_counted(outbox: Outbox, receiver: Receiver) -> None:
    receiver.always = Answer(500)
    outbox.webhook(receiver.url)
    outbox.push("v1")
    before = counted("given_up"), counted("failed")
    outbox.now = outbox.waiting[0].created + GIVEN_UP_MILLISECONDS
    outbox.deliver()
    assert len(outbox.waiting) == 1
    assert (counted("given_up"), counted("failed")) == (before[0], before[1] + 1)
    outbox.later(1)
    outbox.deliver()
    assert outbox.waiting == []
    assert counted("given_up") == before[0] + 1
    assert len(receiver.received) == 1


def test_a_disabled_webhook_is_told_nothing_new_and_the_rest_when_it_is_enabled(
    outbox: Outbox, receiver: Receiver
) -> None:
    outbox.webhook(receiver.url)
    outbox.push("v1")
    outbox.webhook(receiver.url, enabled=False)
    outbox.push("v2")
    assert outbox.deliver() == 0
    outbox.webhook(receiver.url)
    assert outbox.deliver() == 1
    assert [event["subject"] for event in receiver.events] == ["app:v1"]


def test_what_waits_goes_by_the_new_address_and_secret(outbox: Outbox, receiver: Receiver) -> None:
    outbox.webhook("http://localhost:9/")
    outbox.push("v1")
    outbox.deliver()
    outbox.webhook(receiver.url, secret="new")
    outbox.later(1000)
    assert outbox.deliver() == 1
    assert "x-hub-signature-256" in receiver.received[0].headers


def test_a_deleted_webhook_is_told_nothing_more(outbox: Outbox, receiver: Receiver) -> None:
    outbox.webhook(receiver.url)
    outbox.push("v1")
    outbox.database.write_now(webhooks.delete, "myregistry", "hook")
    assert outbox.waiting == []
    assert outbox.deliver() == 0


def test_what_a_webhook_was_to_be_told_that_another_region_deleted_is_forgotten(
    outbox: Outbox, receiver: Receiver
) -> None:
    outbox.webhook(receiver.url)
    outbox.push("v1")
    (event,) = outbox.waiting
    outbox.database.note_now(events.add, [event._replace(webhook="gone")])
    assert outbox.deliver() == 1
    assert outbox.waiting == []
    assert len(receiver.received) == 1


def test_a_clock_that_was_set_back_holds_up_nothing(outbox: Outbox, receiver: Receiver) -> None:
    outbox.webhook(receiver.url)
    outbox.push("v1")
    # Somebody tried when the clock was a month ahead.
    (event,) = outbox.waiting
    outbox.database.note_now(events.failed, event, "later", outbox.now + 30 * 24 * HOUR, aside=False)
    assert outbox.deliver() == 1
