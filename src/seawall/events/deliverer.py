"""Telling webhooks what was written down for them: each event until its receiver has it, at least once.

An event is taken by one process for as long as one attempt may last. If that process is killed in between, the event is
sent again: nobody can know whether the receiver had it. What a receiver gets twice has the same ``id``.
"""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Final

from prometheus_client import Counter

from seawall.events.envelope import envelope, source_of
from seawall.events.sending import PATIENCE_SECONDS, new_client, send
from seawall.metadata import events, webhooks
from seawall.metadata.clock import wall_milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from seawall.doors import Doors
    from seawall.events.sending import Outcome
    from seawall.metadata.database import Database
    from seawall.metadata.events import Event
    from seawall.metadata.webhooks import Webhook

__all__ = ["GIVEN_UP_MILLISECONDS", "Deliverer"]

GIVEN_UP_MILLISECONDS: Final = 3 * 24 * 3_600_000
"""How long an event is tried."""

_EVENTS: Final = Counter("seawall_events", "Attempts to tell webhooks of events, and events given up.", ("outcome",))
_LOOK_SECONDS: Final = 0.2
_NOBODY_SECONDS: Final = 1.0
"""How often to look for events, and where there is no webhook, for one."""
_TIDY_SECONDS: Final = 60.0
_AT_ONCE: Final = 32
_FIRST_PAUSE_MILLISECONDS: Final = 1000
# Longer than an attempt lasts, or the same event would be sent by two processes at once.
_CLAIM_MILLISECONDS: Final = int(PATIENCE_SECONDS * 1000) + 5000


class Deliverer:
    """Empties the queues of all webhooks, each in its own order and none waiting for another."""

    def __init__(self, database: Database, doors: Doors, *, wall: Callable[[], int] = wall_milliseconds) -> None:
        """Take what is kept here.

        Args:
            database: Where events are written down.
            doors: Say under which host clients know a registry.
            wall: Tells milliseconds since 1970; tests bring their own.
        """
        self._database = database
        self._doors = doors
        self._wall = wall
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._client: httpx.AsyncClient | None = None
        self._running: dict[tuple[str, str], asyncio.Task[int]] = {}
        self._tidied = float("-inf")

    async def run(self) -> None:
        """Deliver until cancelled."""
        try:
            while True:
                await self._tidy()
                anybody = await self._start()
                await asyncio.sleep(_LOOK_SECONDS if anybody else _NOBODY_SECONDS)
                self._settle()
        finally:
            await self.close()

    async def deliver_once(self) -> int:
        """Deliver what is due now; return how many events arrived."""
        await self._tidy()
        arrived = 0
        while True:
            await self._start()
            if not self._running:
                return arrived
            await asyncio.wait(self._running.values())
            arrived += self._settle()

    async def close(self) -> None:
        """Stop what is going on, and hang up."""
        running = list(self._running.values())
        self._running.clear()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _tidy(self) -> None:
        """Give up what is too old, and forget what nobody is to be told any more."""
        if time.monotonic() - self._tidied < _TIDY_SECONDS:
            return
        given_up = await self._database.note(webhooks.tidy, self._wall() - GIVEN_UP_MILLISECONDS)
        if given_up:
            _EVENTS.labels("given_up").inc(given_up)
        self._tidied = time.monotonic()

    async def _start(self) -> bool:
        """Begin with the webhooks whose next event is due; say whether there is any webhook."""
        known = await self._database.cached(webhooks.everywhere)
        names = tuple((webhook.registry, webhook.name) for webhook in known if webhook.enabled)
        if not names:
            return False
        now = self._wall()
        for turn in await self._database.cached(events.turns, names):
            name = (turn.registry, turn.webhook)
            if turn.is_due(now) and name not in self._running:
                self._running[name] = asyncio.create_task(self._empty(*name))
        return True

    def _settle(self) -> int:
        """Let go of the webhooks that nothing more is due for; return how many events they got."""
        arrived = 0
        for name in [name for name, task in self._running.items() if task.done()]:
            arrived += self._running.pop(name).result()
        return arrived

    async def _empty(self, registry: str, name: str) -> int:
        """Tell a webhook one event after another until none is due; return how many arrived."""
        arrived = 0
        while True:
            # Asked for each time: it may have been changed, disabled or removed.
            webhook = await self._database.cached(webhooks.find, registry, name)
            if webhook is None or not webhook.enabled:
                return arrived
            async with self._slots:
                now = self._wall()
                until = now + _CLAIM_MILLISECONDS
                event = await self._database.note(events.claim, registry, name, now, until)
                if event is None:
                    return arrived
                outcome = await self._tell(webhook, event)
            if outcome.taken:
                arrived += 1

    async def _tell(self, webhook: Webhook, event: Event) -> Outcome:
        if self._client is None:
            self._client = new_client()
        outcome = await send(self._client, webhook, envelope(event.told, source_of(event.registry, self._doors)))
        _EVENTS.labels("delivered" if outcome.taken else "failed").inc()
        if outcome.taken:
            await self._database.note(events.done, event, outcome.words, self._wall())
        else:
            again = self._wall() + max(_pause(event.attempts), int(outcome.wait_seconds * 1000))
            await self._database.note(events.failed, event, outcome.words, again, aside=outcome.aside)
        return outcome


def _pause(attempts: int) -> int:
    """Return how many milliseconds to wait after so many failures: ever longer, and never all at one moment."""
    longest: int = min(events.LONGEST_PAUSE_MILLISECONDS, _FIRST_PAUSE_MILLISECONDS * 2 ** min(attempts, 16))
    return int(longest * random.uniform(0.5, 1.0))  # noqa: S311 - nobody gains by guessing it
