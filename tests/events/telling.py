"""What tests do to images in a region, and what its webhooks are to be told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from seawall.metadata import events, webhooks
from seawall.metadata.schema import MANIFEST
from seawall.metadata.webhooks import Webhook
from seawall.replication.follower import follow_once
from tests.replication.regions import REGISTRY
from tests.support import content

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from seawall.metadata.database import Database
    from tests.replication.regions import Region, Regions

__all__ = ["NOWHERE", "create", "delete", "follow", "manifest", "push", "there", "told", "words"]

NOWHERE: Final = "http://127.0.0.1:9/"


def create(world: Regions, region: Region, name: str = "hook", url: str = NOWHERE, **settings: Any) -> Webhook:  # noqa: ANN401
    """Make a webhook in a region, and let the others know it."""
    made = Webhook(REGISTRY, name, url, **settings)
    region.database.write_now(webhooks.put, made)
    world.run(world.rest())
    return made


def manifest(text: str) -> bytes:
    """Write a manifest that needs no blobs."""
    return content.index(annotations={"text": text})


async def push(region: Region, repository: str, reference: str, body: bytes, *more: str) -> str:
    """Push a manifest, by tag or digest, and give it more tags; return its digest."""
    query = "?" + "&".join(f"tag={tag}" for tag in more) if more else ""
    answer = await region.call(
        "PUT",
        f"/v2/{repository}/manifests/{reference}{query}",
        content=body,
        headers={"Content-Type": content.OCI_INDEX},
    )
    assert answer.status_code == 201, answer.text
    return content.digest_of(body)


async def delete(region: Region, repository: str, reference: str) -> bool:
    """Delete a tag or a manifest; say whether it was there."""
    answer = await region.call("DELETE", f"/v2/{repository}/manifests/{reference}")
    assert answer.status_code in {202, 404}, answer.text
    return answer.status_code == 202


def told(database: Database, name: str = "hook") -> list[dict[str, Any]]:
    """Return what a webhook is still to be told, in order."""
    waiting = database.read_now(events.waiting, REGISTRY, 10_000)
    return [dict(event.told) for event in waiting if event.webhook == name]


def words(database: Database, name: str = "hook") -> list[str]:
    """Return in a word each what a webhook is still to be told."""
    return [f"{event['type'].removeprefix('registry.')} {event['subject']}" for event in told(database, name)]


def there(connection: Connection, repository: str) -> set[str]:
    """Return the digests of the manifests of a repository."""
    query = select(MANIFEST.c.digest).where(MANIFEST.c.repository == repository, MANIFEST.c.deleted.is_(False))
    return set(connection.execute(query).scalars())


async def follow(region: Region, name: str, parts: int = 1000) -> None:
    """Take over what another region has to tell, or some parts of it."""
    for _ in range(parts):
        if not await follow_once(region.database, await region.peer(name), 0.0):
            return
