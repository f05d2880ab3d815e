"""Webhooks: who is told when a registry's images are pushed or deleted.

Every setting is a row of its own, as with registries. What another region wrote is read if it makes sense; a webhook
whose address is still on its way, or makes none, is not there.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from sqlalchemy import bindparam, select

from seawall.metadata import events, fields
from seawall.metadata.headers import check_headers
from seawall.metadata.memo import reads_settings
from seawall.metadata.schema import WEBHOOK
from seawall.naming import check_region

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from seawall.metadata.rows import Writer

__all__ = ["ACTIONS", "DELETE", "PUSH", "Webhook", "delete", "everywhere", "find", "of", "put", "tidy"]

PUSH: Final = "push"
DELETE: Final = "delete"
ACTIONS: Final = (PUSH, DELETE)

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,49}")
_SCOPE: Final = re.compile(r"(?:\*|[a-z0-9][a-z0-9._/-]{0,254}\*?)(?::(?:\*|[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\*?))?")
_URL_LENGTH: Final = 2048
_SECRET_LENGTH: Final = 256
_BLANK: Final = {"url": "", "secret": "", "headers": {}}
"""What is secret, and what stands there once it is deleted."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Somebody who wants to be told.

    Attributes:
        registry: The registry it is about.
        name: What it is called there.
        url: Where events are sent. It may be a secret by itself; show :attr:`receiver` instead.
        actions: What it is told of: ``push``, ``delete``.
        scope: Which images: ``app`` or ``app:*`` for a repository, ``app:v1`` for a tag, ``team/*`` for all that begins
            so, ``*`` for everything.
        secret: What events are signed with; empty for none.
        enabled: Whether it is told anything now.
        regions: The regions whose nodes tell it; empty for every region the registry is in.
        headers: What is sent along with each event, by name, in order; values may be secret.
        labels: What its operators noted about it, as names and values in order (Azure calls these tags).
    """

    registry: str
    name: str
    url: str = field(repr=False)
    actions: tuple[str, ...] = ACTIONS
    scope: str = "*"
    secret: str = field(default="", repr=False)
    enabled: bool = True
    regions: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    labels: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be, with a :class:`ValueError` that does not repeat secrets."""
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"webhook name {self.name[:80]!r} must be 1 to 50 letters, digits, '-' or '_', "
                "beginning with a letter or digit"
            )
        _check_url(self.url)
        if not self.actions or not set(self.actions) <= set(ACTIONS):
            raise ValueError(f"webhook {self.name}: the actions are {' and '.join(ACTIONS)}")
        if not _SCOPE.fullmatch(self.scope):
            raise ValueError(
                f"scope {self.scope[:80]!r} must be a repository, a repository and a tag (app:v1), or the beginning of "
                "one with a '*' at its end (team/*, app:v1.*)"
            )
        if len(self.secret) > _SECRET_LENGTH:
            raise ValueError(f"webhook {self.name}: the secret must not be longer than {_SECRET_LENGTH} characters")
        for region in self.regions:
            check_region(region)
        check_headers(self.headers)

    @property
    def receiver(self) -> str:
        """The address without what may be secret in it: user, path and query."""
        parts = urlsplit(self.url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")

    def is_told(self, action: str, repository: str, tag: str, region: str) -> bool:
        """Say whether it wants to know of something that happened in a region; an untagged manifest's tag is empty."""
        if not self.enabled or action not in self.actions or (self.regions and region not in self.regions):
            return False
        of_repository, colon, of_tag = self.scope.partition(":")
        return _fits(of_repository, repository) and (not colon or _fits(of_tag, tag))


def put(writer: Writer, webhook: Webhook) -> None:
    """Keep a webhook."""
    values: dict[str, object] = {
        "url": webhook.url,
        "actions": list(webhook.actions),
        "scope": webhook.scope,
        "secret": webhook.secret,
        "enabled": webhook.enabled,
        "regions": list(webhook.regions),
    }
    values |= {name: dict(pairs) for name, pairs in (("headers", webhook.headers), ("labels", webhook.labels)) if pairs}
    fields.put(writer, WEBHOOK, (webhook.registry, webhook.name), values)


def delete(writer: Writer, registry: str, name: str) -> bool:
    """Remove a webhook, and what it was still to be told; say whether it was there."""
    key = (registry, name)
    # Deleted rows are kept as they were; secrets are not.
    there = fields.read(writer.connection, WEBHOOK, key)
    fields.put(writer, WEBHOOK, key, there | {name: blank for name, blank in _BLANK.items() if name in there})
    events.forget(writer.connection, registry, name)
    return fields.delete(writer, WEBHOOK, key)


def tidy(connection: Connection, before: int) -> int:
    """Forget what webhooks were to be told that are no more, and give up what was written before a moment.

    Of what they were told, only the latest is remembered.

    Returns:
        How many events were given up.
    """
    there = {(webhook.registry, webhook.name) for webhook in everywhere(connection)}
    for registry, name in events.queues(connection) - there:
        events.forget(connection, registry, name)
    events.trim(connection)
    return events.expire(connection, before)


@reads_settings
def find(connection: Connection, registry: str, name: str) -> Webhook | None:
    """Find a webhook by its name."""
    return next((webhook for webhook in of(connection, registry) if webhook.name == name), None)


@reads_settings
def of(connection: Connection, registry: str) -> tuple[Webhook, ...]:
    """List a registry's webhooks, by name."""
    # Every push asks, so it is one query that was put together beforehand.
    rows = connection.execute(_OF, {"registry": registry}).all()
    values: dict[str, dict[str, Any]] = {}
    for name, setting, document in rows:
        values.setdefault(name, {})[setting] = json.loads(document)
    found = (_read(registry, name, settings) for name, settings in values.items())
    return tuple(webhook for webhook in found if webhook is not None)


@reads_settings
def everywhere(connection: Connection) -> tuple[Webhook, ...]:
    """List the webhooks of all registries."""
    registries = connection.execute(_REGISTRIES).scalars().all()
    return tuple(webhook for registry in registries for webhook in of(connection, registry))


_OF: Final = (
    select(WEBHOOK.c.name, WEBHOOK.c.field, WEBHOOK.c.document)
    .where(WEBHOOK.c.registry == bindparam("registry"), WEBHOOK.c.deleted.is_(False))
    .order_by(WEBHOOK.c.name)
)
_REGISTRIES: Final = (
    select(WEBHOOK.c.registry).where(WEBHOOK.c.deleted.is_(False)).distinct().order_by(WEBHOOK.c.registry)
)


def _read(registry: str, name: str, values: Mapping[str, Any]) -> Webhook | None:
    words = {"scope": "*", "secret": ""} | {key: values[key] for key in ("url", "scope", "secret") if key in values}
    lists = {key: values[key] for key in ("actions", "regions") if key in values}
    if "url" not in words or not all(isinstance(value, str) for value in words.values()):
        return None
    if not all(isinstance(value, list) and all(isinstance(one, str) for one in value) for value in lists.values()):
        return None
    pairs = {key: values[key] for key in ("headers", "labels") if key in values}
    if not all(_are_words(value) for value in pairs.values()):
        return None
    settings: dict[str, Any] = words | {key: tuple(value) for key, value in lists.items()}
    settings |= {key: tuple(sorted(value.items())) for key, value in pairs.items()}
    try:
        return Webhook(registry, name, **settings, enabled=bool(values.get("enabled", True)))
    except ValueError:
        return None


def _are_words(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and not parts.fragment
    except ValueError:
        good = False
    if not good or len(url) > _URL_LENGTH or not url.isascii() or any(ord(letter) <= 32 for letter in url):
        raise ValueError(f"a webhook's address must be https://HOST/PATH or http://, at most {_URL_LENGTH} characters")


def _fits(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern
