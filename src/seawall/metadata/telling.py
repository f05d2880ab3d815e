"""Writing down for webhooks what a transaction does, within the transaction: both happen or neither."""

from __future__ import annotations

import json
import uuid
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from seawall.metadata import events, log, registries, webhooks
from seawall.metadata.clock import seconds_of, wall_milliseconds
from seawall.metadata.events import Event
from seawall.metadata.repositories import Repository
from seawall.metadata.schema import MANIFEST, TAG, WEBHOOK
from seawall.metadata.seeing import Touched, compared

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection

    from seawall.metadata.log import Row
    from seawall.metadata.rows import Writer
    from seawall.metadata.seeing import Happening

__all__ = ["Touched", "ping", "ping_document", "told", "told_of_rows"]


@contextmanager
def told(writer: Writer, touched: Touched) -> Iterator[None]:
    """Tell webhooks what is written within the block by a client of this region."""
    if not webhooks.of(writer.connection, touched.repository.registry):
        yield
        return
    with compared(writer, [touched]) as happened:
        yield
    _write(writer, happened, replicated=False)


@contextmanager
def told_of_rows(writer: Writer, rows: Sequence[Row]) -> Iterator[None]:
    """Tell webhooks what is taken over within the block of other regions' rows."""
    touched = list(_touched(rows))
    if not any(row.table is WEBHOOK for row in rows):
        listening = {one for one in _registries(touched) if webhooks.of(writer.connection, one)}
        touched = [one for one in touched if one.repository.registry in listening]
    with compared(writer, touched) as happened:
        yield
    # In a region where a registry has no replica it is known, and that is all.
    served = {one for one in _registries(touched) if _is_served(writer, one)}
    _write(writer, [one for one in happened if one.repository.registry in served], replicated=True)


def ping(connection: Connection, webhook: webhooks.Webhook, region: str) -> str:
    """Tell a webhook, behind what it is told already, that this node reaches it; return the event's identifier."""
    document, now = ping_document(webhook.registry, region), wall_milliseconds()
    identifier: str = document["id"]
    place = log.head(connection).sequence
    # No transaction has as many events as there are milliseconds.
    event = Event(webhook.registry, webhook.name, identifier, json.dumps(document), place, now, now)
    events.add(connection, [event])
    return identifier


def ping_document(registry: str, region: str) -> dict[str, Any]:
    """Write an event that says nothing but that events arrive."""
    return {
        "id": str(uuid.uuid4()),
        "type": "registry.ping",
        "subject": registry,
        "time": _moment(wall_milliseconds() / 1000),
        "data": {"action": "ping", "region": region},
    }


def _registries(touched: Iterable[Touched]) -> set[str]:
    return {one.repository.registry for one in touched}


def _is_served(writer: Writer, name: str) -> bool:
    registry = registries.find(writer.connection, name)
    return registry is not None and registry.replica(writer.origin) is not None


def _touched(rows: Iterable[Row]) -> Iterator[Touched]:
    found: dict[Repository, Touched] = {}
    for table, values in rows:
        if table in {TAG, MANIFEST}:
            repository = Repository(values["registry"], values["repository"])
            one = found.setdefault(repository, Touched(repository, set(), set()))
            if table is TAG:
                one.tags.add(values["name"])
            else:
                one.digests.add(values["digest"])
    yield from found.values()


def _write(writer: Writer, happened: Iterable[Happening], *, replicated: bool) -> None:
    now = wall_milliseconds()
    listening: dict[str, tuple[webhooks.Webhook, ...]] = {}
    found: list[Event] = []
    for number, one in enumerate(happened):
        registry = one.repository.registry
        if registry not in listening:
            # Only now: a webhook may have come with the rows it is to be told of.
            listening[registry] = webhooks.of(writer.connection, registry)
        told_ones = [
            webhook
            for webhook in listening[registry]
            if webhook.is_told(one.action, one.repository.name, one.tag, writer.origin)
        ]
        if told_ones:
            identifier = str(uuid.uuid4())
            document = json.dumps(_document(identifier, one, writer.origin, replicated=replicated))
            found += [
                Event(registry, webhook.name, identifier, document, writer.sequence, number, now)
                for webhook in told_ones
            ]
    events.add(writer.connection, found)


def _document(identifier: str, one: Happening, region: str, *, replicated: bool) -> dict[str, Any]:
    """Write all that a CloudEvent says but where it comes from, which only the node that sends it knows."""
    target = {
        "mediaType": one.seen.media_type,
        "size": one.seen.size,
        "digest": one.seen.digest,
        "repository": one.repository.name,
        "tag": one.tag or None,
    }
    name = one.repository.name
    return {
        "id": identifier,
        "type": f"registry.{one.action}{'.replicated' if replicated else ''}",
        "subject": f"{name}:{one.tag}" if one.tag else f"{name}@{one.seen.digest}",
        "time": _moment(seconds_of(one.clock)),
        "data": {
            "action": one.action,
            "target": {name: value for name, value in target.items() if value is not None},
            "region": region,
            "origin": one.origin,
            "replicated": replicated,
        },
    }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
