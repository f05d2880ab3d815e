"""``seawall webhook events``: what webhooks are still to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli.output import say, say_json, say_table
from seawall.cli.place import ConfigOption, JsonOption, RegistryOption, StateOption, opened, the_registry

if TYPE_CHECKING:
    from seawall.metadata.events import Event

__all__ = ["events"]


def events(
    limit: Annotated[int, typer.Option(help="How many to list.", min=1, max=10_000)] = 100,
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """List what this region's node has still to tell webhooks, the oldest first, and why it could not yet."""
    from seawall.metadata import events as outbox  # noqa: PLC0415 - slow to import, not needed for --help

    with opened(state, config) as database:
        owner = the_registry(database, registry).name
        count = database.read_now(outbox.count, owner)
        waiting = database.read_now(outbox.waiting, owner, limit)
    if json:
        say_json({"registry": owner, "waiting": count, "events": [_event_facts(one) for one in waiting]})
        return
    rows = [
        (told["webhook"], told["type"], told["subject"], told["created"], str(told["attempts"]), told["error"])
        for told in map(_event_facts, waiting)
    ]
    say_table(("WEBHOOK", "TYPE", "SUBJECT", "SINCE", "ATTEMPTS", "LAST ERROR"), rows)
    if count > len(waiting):
        say(f"... and {count - len(waiting)} more")


def _event_facts(event: Event) -> dict[str, Any]:
    told = event.told
    return {
        "webhook": event.webhook,
        "id": event.identifier,
        "type": told["type"],
        "subject": told["subject"],
        "created": _moment(event.created),
        "attempts": event.attempts,
        "due": _moment(event.due) if event.due else None,
        "error": event.error,
    }


def _moment(milliseconds: int) -> str:
    from datetime import UTC, datetime  # noqa: PLC0415

    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
