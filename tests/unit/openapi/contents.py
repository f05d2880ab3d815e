"""Something of every kind that the two APIs speak of, so that what is asked for at random is sometimes there."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_network
from typing import TYPE_CHECKING, Final
from uuid import UUID

from seawall.blobs.digest import digest_of
from seawall.identity.credentials import SLOTS, create_admin, renew_password
from seawall.identity.keyring import ensure_keys
from seawall.metadata import events, locks, operations, regions, registries, scope_maps, webhooks
from seawall.metadata.clock import wall_milliseconds
from seawall.metadata.locks import Right
from seawall.metadata.manifests import Manifest
from seawall.metadata.operations import Operation, Status
from seawall.metadata.regions import Region
from seawall.metadata.repositories import Repository
from seawall.metadata.scope_maps import ScopeMap
from seawall.metadata.webhooks import Webhook
from seawall.network import NetworkRules, parse_range
from seawall.private_endpoint import PrivateEndpoint
from seawall.registry.document import read_document
from seawall.registry.push import publish
from seawall.topology import Registry, Replica, Tier
from tests.support import content

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from seawall.blobs.directory import DirectoryBlobs
    from seawall.metadata.database import Database
    from seawall.metadata.rows import Writer

REGION: Final = "eastus"
MEMBERS: Final = (("registry", "10.1.0.4"), ("registry_data_eastus", "10.1.0.5"), ("registry_data_westus", "10.1.0.6"))
REGISTRY: Final = Registry(
    "myregistry",
    REGION,
    (Replica("eastus", "sw1"), Replica("westus", "sw2")),
    network=NetworkRules(ranges=(parse_range("203.0.113.0/24"),)),
    private_endpoints=(PrivateEndpoint("Office", ip_network("10.1.0.0/27"), MEMBERS),),
    labels=(("team", "a"),),
    created="2026-01-02T03:04:05.678+00:00",
)
BASIC: Final = Registry("basicregistry", REGION, (Replica("eastus", "sw3"),), tier=Tier.BASIC, admin=False)
REGIONS: Final = ("eastus", "northeurope", "westus")
TOKEN: Final = "edge-device"
ENDS: Final = datetime(2999, 12, 31, 23, 59, 59, tzinfo=UTC)
SCOPE_MAP: Final = "team"
WEBHOOK: Final = "builds"
RUNNING: Final = str(UUID(int=1))
OUTCOMES: Final = {
    RUNNING: Operation("myregistry", Status.RUNNING),
    str(UUID(int=2)): Operation("myregistry", Status.SUCCEEDED),
    str(UUID(int=3)): Operation("myregistry", Status.FAILED, 404, "SourceNotFound", "there is no such image"),
    str(UUID(int=4)): Operation("myregistry", Status.FAILED, 429, "SourceThrottled", "it has had too many requests"),
}
CONFIG: Final = content.encode({"architecture": "arm64", "os": "linux"})
IMAGE: Final = content.image(CONFIG)
INDEX: Final = content.index(IMAGE)
DIGESTS: Final = (content.digest_of(IMAGE), content.digest_of(INDEX))
LOCKED: Final = "team/locked"
REPOSITORIES: Final = ("app", "team/app", LOCKED)
TAGS: Final = ("index", "v1")


def fill(database: Database, store: DirectoryBlobs) -> str:
    """Put everything in; return the password of the admin user of the first registry."""
    database.write_now(ensure_keys)
    password = database.write_now(_settings)
    for name in REPOSITORIES:
        database.write_now(_images, Repository(REGISTRY.name, name))
    database.write_now(locks.put, Repository(REGISTRY.name, LOCKED), "v1", Right.DELETE, allowed=False)
    database.note_now(_notes)
    digest = digest_of(CONFIG)
    with store.copying(digest) as upload:
        upload.append([CONFIG])
        upload.finish(digest)
    return password


def _settings(writer: Writer) -> str:
    for name in REGIONS:
        regions.put(writer, Region(name, "", "key"))
    for registry in (REGISTRY, BASIC):
        registries.put(writer, registry)
        scope_maps.put(writer, registry.name, ScopeMap(SCOPE_MAP, ("repositories/team/*/content/read",), "Pulls", 0.0))
        for slot in SLOTS:
            renew_password(writer, registry.name, TOKEN, slot=slot, scope_map=SCOPE_MAP, expires=ENDS.timestamp())
        webhooks.put(
            writer,
            Webhook(registry.name, WEBHOOK, "https://ci.example/hooks/secret", headers=(("X-Secret", "secret"),)),
        )
    create_admin(writer, BASIC.name)
    return create_admin(writer, REGISTRY.name)


def _images(writer: Writer, repository: Repository) -> None:
    for body, media_type, tag in ((IMAGE, content.OCI_IMAGE, "v1"), (INDEX, content.OCI_INDEX, "index")):
        manifest = Manifest(digest_of(body), media_type, body)
        publish(writer, repository, manifest, read_document(body, media_type), [tag], sparse=True)


def _notes(connection: Connection) -> None:
    """Let a webhook have been told of something, and not of something else; let operations stand as they may."""
    now = wall_milliseconds()
    first, second, *_ = events.waiting(connection, REGISTRY.name, 2)
    events.done(connection, first, "https://ci.example answered 200", now)
    events.failed(connection, second, "nobody answers", now + 1000, aside=False)
    for identifier, outcome in OUTCOMES.items():
        operations.begin(connection, identifier, outcome.registry, now)
        if outcome.status is not Status.RUNNING:
            operations.end(connection, identifier, outcome, now)
    # One that runs has to give a sign of life every minute, which here nobody does.
    operations.live(connection, RUNNING, now + 3_600_000)
