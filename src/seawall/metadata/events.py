"""What webhooks are still to be told: written with what it tells of, put away once a receiver has taken it.

Each webhook has a queue. Its events go out one after another; one that its receiver refuses for what it says is put
aside and tried again later, while those behind it go on.

What was told lately is remembered for those who ask what became of it. It stands in a queue of its own, which nobody
empties by telling it and whose name no webhook can have, so what is still to be told is found as if it were not there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select, update

from seawall.metadata.own import EVENT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection

__all__ = [
    "LONGEST_PAUSE_MILLISECONDS",
    "Event",
    "Turn",
    "add",
    "claim",
    "count",
    "done",
    "expire",
    "failed",
    "forget",
    "lately",
    "queues",
    "trim",
    "turns",
    "waiting",
]

LONGEST_PAUSE_MILLISECONDS: Final = 3_600_000
"""The longest that an event waits for its next attempt."""

_MOST_TOLD: Final = 100
_TOLD: Final = "/told"


class Event(NamedTuple):
    """Something that one webhook is to be told. Times are milliseconds since 1970.

    Attributes:
        registry: The webhook's registry.
        webhook: The webhook's name.
        identifier: Names the event; the same for all webhooks that are told of it, and on every attempt.
        document: What there is to tell, in JSON.
        sequence: The place of its transaction in this database's log.
        number: Its place among the events of the transaction.
        created: When it was written.
        aside: Whether those behind it do not wait for it.
        attempts: How often telling it has failed.
        due: When to try next; of one that was told, when.
        error: Why it failed last, empty if it did not; of one that was told, what the receiver answered.
    """

    registry: str
    webhook: str
    identifier: str
    document: str
    sequence: int
    number: int
    created: int
    aside: bool = False
    attempts: int = 0
    due: int = 0
    error: str = ""

    @property
    def told(self) -> Mapping[str, Any]:
        """What there is to tell."""
        read: dict[str, Any] = json.loads(self.document)
        return read

    @property
    def is_told(self) -> bool:
        """Whether the receiver has it."""
        return self.webhook.endswith(_TOLD)


class Turn(NamedTuple):
    """When a webhook's next event is due."""

    registry: str
    webhook: str
    due: int

    def is_due(self, now: int) -> bool:
        """Say whether it is due at a moment."""
        return _is_due(self.due, now)


def _is_due(due: int, now: int) -> bool:
    """Say whether a moment has come; one further away than any pause lasts comes of a clock that was set back."""
    return due <= now or due > now + LONGEST_PAUSE_MILLISECONDS


def add(connection: Connection, events: Iterable[Event]) -> None:
    """Write events down."""
    rows = [event._asdict() for event in events]
    if rows:
        connection.execute(insert(EVENT), rows)


def turns(connection: Connection, names: Collection[tuple[str, str]]) -> tuple[Turn, ...]:
    """Tell of each of some webhooks (registry and name) that has events when the next one is due."""
    found = []
    for registry, webhook in names:
        next_ones = _next_ones(connection, registry, webhook)
        if next_ones:
            found.append(Turn(registry, webhook, min(event.due for event in next_ones)))
    return tuple(found)


def claim(connection: Connection, registry: str, webhook: str, now: int, until: int) -> Event | None:
    """Take a webhook's next event, if one is due, so that nobody else takes it before a moment."""
    for event in _next_ones(connection, registry, webhook):
        if not _is_due(event.due, now):
            continue
        # On PostgreSQL another machine may have asked at the same moment.
        statement = update(EVENT).where(_is(event), EVENT.c.due == event.due).values(due=until)
        if connection.execute(statement).rowcount:
            return event
    return None


def done(connection: Connection, event: Event, answer: str, now: int) -> None:
    """Put an event away: its receiver has it."""
    values = {"webhook": f"{event.webhook}{_TOLD}", "error": answer, "due": now, "attempts": EVENT.c.attempts + 1}
    connection.execute(update(EVENT).where(_is(event)).values(values))


def failed(connection: Connection, event: Event, error: str, again: int, *, aside: bool) -> None:
    """Note that telling an event failed, and when to try again."""
    values = {"error": error, "due": again, "attempts": EVENT.c.attempts + 1, "aside": aside}
    connection.execute(update(EVENT).where(_is(event)).values(values))


def forget(connection: Connection, registry: str, webhook: str) -> None:
    """Forget all that a webhook was to be told, and was told."""
    both = (webhook, f"{webhook}{_TOLD}")
    connection.execute(delete(EVENT).where(EVENT.c.registry == registry, EVENT.c.webhook.in_(both)))


def expire(connection: Connection, before: int) -> int:
    """Give up events that were written before a moment (milliseconds since 1970); return how many."""
    given_up = connection.execute(delete(EVENT).where(EVENT.c.created < before, _WAITS)).rowcount
    connection.execute(delete(EVENT).where(EVENT.c.created < before))
    return given_up


def trim(connection: Connection) -> None:
    """Remember of each webhook only what it was told lately."""
    told = connection.execute(select(EVENT.c.registry, EVENT.c.webhook).where(~_WAITS).distinct()).all()
    for registry, queue in told:
        of_queue = (EVENT.c.registry == registry) & (EVENT.c.webhook == queue)
        newest = select(EVENT.c.due).where(of_queue).order_by(EVENT.c.due.desc()).offset(_MOST_TOLD - 1).limit(1)
        oldest = connection.execute(newest).scalar_one_or_none()
        if oldest is not None:
            connection.execute(delete(EVENT).where(of_queue, EVENT.c.due < oldest))


def queues(connection: Connection) -> set[tuple[str, str]]:
    """Return the webhooks (registry and name) that have or had events, whether or not they are still there."""
    rows = connection.execute(select(EVENT.c.registry, EVENT.c.webhook).distinct())
    return {(row.registry, row.webhook.removesuffix(_TOLD)) for row in rows}


def lately(connection: Connection, registry: str, webhook: str) -> Sequence[Event]:
    """List what a webhook is still to be told, and what it was told lately, the newest first."""
    both = (webhook, f"{webhook}{_TOLD}")
    query = select(*_COLUMNS).where(EVENT.c.registry == registry, EVENT.c.webhook.in_(both))
    newest = query.order_by(EVENT.c.sequence.desc(), EVENT.c.number.desc()).limit(_MOST_TOLD)
    return [Event(*row) for row in connection.execute(newest)]


def waiting(connection: Connection, registry: str, limit: int) -> Sequence[Event]:
    """List what a registry's webhooks are still to be told, the oldest first."""
    query = select(*_COLUMNS).where(EVENT.c.registry == registry, _WAITS)
    rows = connection.execute(query.order_by(EVENT.c.sequence, EVENT.c.number, EVENT.c.webhook).limit(limit))
    return [Event(*row) for row in rows]


def count(connection: Connection, registry: str) -> int:
    """Count what a registry's webhooks are still to be told."""
    return connection.execute(select(func.count()).where(EVENT.c.registry == registry, _WAITS)).scalar_one()


_WAITS: Final = EVENT.c.webhook.not_like(f"%{_TOLD}")
_COLUMNS: Final = [EVENT.c[name] for name in Event._fields]
_OF_WEBHOOK: Final = select(*_COLUMNS).where(
    EVENT.c.registry == bindparam("of_registry"), EVENT.c.webhook == bindparam("of_webhook")
)
_FIRST: Final = _OF_WEBHOOK.where(EVENT.c.aside.is_(False)).order_by(EVENT.c.sequence, EVENT.c.number).limit(1)
_ASIDE: Final = _OF_WEBHOOK.where(EVENT.c.aside.is_(True)).order_by(EVENT.c.due).limit(1)


def _next_ones(connection: Connection, registry: str, webhook: str) -> list[Event]:
    """Return the event whose turn it is, behind the one of those put aside that is due first."""
    key = {"of_registry": registry, "of_webhook": webhook}
    return [Event(*row) for query in (_ASIDE, _FIRST) for row in connection.execute(query, key)]


def _is(event: Event) -> ColumnElement[bool]:
    return (
        (EVENT.c.registry == event.registry)
        & (EVENT.c.webhook == event.webhook)
        & (EVENT.c.identifier == event.identifier)
    )
