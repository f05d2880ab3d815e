"""A node's outbox without the node: events are written down as a push does it, and delivered when a test says so."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from seawall.blobs.digest import digest_of
from seawall.doors import DomainDoors
from seawall.events.deliverer import Deliverer
from seawall.metadata import events, manifests, tags, webhooks
from seawall.metadata.manifests import Manifest
from seawall.metadata.repositories import Repository
from seawall.metadata.telling import Touched, told
from seawall.metadata.webhooks import Webhook
from tests.support import content
from tests.support.server import CLOUD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seawall.doors import Doors
    from seawall.metadata.database import Database
    from seawall.metadata.events import Event
    from seawall.metadata.rows import Writer

__all__ = ["HERE", "Outbox", "push"]

HERE = Repository("myregistry", "app")


def push(writer: Writer, tag: str, registry: str = HERE.registry) -> None:
    """Push a manifest by a tag."""
    here = Repository(registry, HERE.name)
    body = content.index(annotations={"tag": tag})
    manifest = Manifest(digest_of(body), content.OCI_INDEX, body)
    with told(writer, Touched(here, {tag}, {manifest.digest})):
        manifests.put(writer, here, manifest, artifact_type="", subject="", annotations={})
        tags.put(writer, here, tag, manifest.digest)


class Outbox:
    """What webhooks are to be told, and a clock."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.doors: Doors = DomainDoors(CLOUD)
        self.now = time.time_ns() // 1_000_000 + 1000

    @property
    def waiting(self) -> Sequence[Event]:
        """What is still to be told."""
        return self.database.read_now(events.waiting, HERE.registry, 1000)

    def webhook(self, url: str, name: str = "hook", *, secret: str = "", enabled: bool = True) -> None:
        """Make a webhook, or change it."""
        made = Webhook(HERE.registry, name, url, secret=secret, enabled=enabled)
        self.database.write_now(webhooks.put, made)

    def push(self, tag: str) -> None:
        """Push an image."""
        self.database.write_now(push, tag)

    def later(self, milliseconds: int) -> None:
        """Let time pass."""
        self.now += milliseconds

    def deliver(self, doors: Doors | None = None) -> int:
        """Deliver what is due, as a process does that was just started; return how many events arrived."""
        return asyncio.run(self.deliver_once(doors))

    async def deliver_once(self, doors: Doors | None = None) -> int:
        """Deliver what is due."""
        deliverer = Deliverer(self.database, doors or self.doors, wall=lambda: self.now)
        try:
            return await deliverer.deliver_once()
        finally:
            await deliverer.close()
