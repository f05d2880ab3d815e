"""What an operator has to do with: many tags, repositories, tokens, rules and clients, put into a node's database.

All of it is rows of one transaction; pushing as much would take hours and measure something else.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from bench.client import MANIFEST_TYPE
from seawall.blobs.digest import parse_digest
from seawall.identity.credentials import SLOTS
from seawall.identity.passwords import new_password
from seawall.metadata import principals, readiness, registries, scope_maps, sightings, webhooks
from seawall.metadata.clock import reading_of, seconds_of, wall_milliseconds
from seawall.metadata.principals import Principal
from seawall.metadata.schema import BLOB_LINK, MANIFEST, REPOSITORY, TAG
from seawall.metadata.scope_maps import ScopeMap
from seawall.metadata.webhooks import Webhook
from seawall.network import Action, NetworkRules, in_order, parse_range
from seawall.private_endpoint import created, members
from seawall.sightings import Kind, Sighting
from seawall.topology import in_region, with_private_endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Table

    from seawall.blobs.directory import DirectoryBlobs
    from seawall.metadata.database import Database
    from seawall.metadata.rows import Writer
    from seawall.topology import Registry

GREAT = "bench/great"
"""The repository with the many tags."""
PUSHED = "bench/pushed"
"""Where something is pushed between two requests."""
HOME = "eastus"
OTHERS = ("japaneast", "westeurope")
"""Regions of the registry whose nodes are not here."""
SCOPE_MAP = "readers"
_BETWEEN = 60_000
"""Milliseconds between two pushes to the great repository."""
_SHARED_LAYERS = 6
_OWN_LAYERS = 2
_AT_ONCE = 5_000
_CACHE_KIB = 512 * 1024
_LAYER = 3_000_000
_SIGNATURE = "application/vnd.example.signature"


@dataclass(frozen=True, slots=True)
class Amounts:
    """How many there are of everything; what a tier of Azure's limits is there up to the limit."""

    tags: int = 100_000
    repositories: int = 10_000
    tokens: int = 1_000
    scope_maps: int = 100
    webhooks: int = 100
    private_endpoints: int = 10
    ranges: int = 200
    clients: int = 1_000
    referrers: int = 100

    @property
    def manifests(self) -> int:
        """How many the great repository has."""
        return self.tags + self.referrers


@dataclass(frozen=True, slots=True)
class Content:
    """What was put there.

    Attributes:
        registry: The registry's name.
        amounts: How much.
        digests: The manifests of the great repository, in order of time, which is that of their tags' names.
        referrers: Those that were pushed behind them and refer to the last.
        pushed: The manifest in the repository where something is pushed.
        first: The clock of the first manifest.
    """

    registry: str
    amounts: Amounts
    digests: tuple[str, ...]
    referrers: tuple[str, ...]
    pushed: str
    first: int

    def clock(self, number: int) -> int:
        """When a tag of the great repository, and its manifest, were written."""
        return self.first + number * reading_of(_BETWEEN)


def tag(number: int) -> str:
    """A tag of the great repository."""
    return f"build-{number:06d}"


def repository(number: int) -> str:
    """One of the many repositories."""
    return f"team{number // 100:03d}/app{number % 100:02d}"


def client(number: int) -> str:
    """The address that a client comes from."""
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def fill(database: Database, store: DirectoryBlobs, name: str, amounts: Amounts) -> Content:
    """Put everything into a database, and the great repository's configurations on the disk; its node must not run."""
    with database.writing() as writer:
        # Keys are hashes: with all of the tree in memory none of it is read again and again.
        writer.connection.exec_driver_sql(f"PRAGMA cache_size=-{_CACHE_KIB}")
        first = writer.clock - (amounts.manifests + 1) * reading_of(_BETWEEN)
        times = [first + number * reading_of(_BETWEEN) for number in range(amounts.manifests)]
        pushes = _Pushes(writer, name)
        digests = [pushes.image(GREAT, tag(number), times[number], store) for number in range(amounts.tags)]
        referrers = [
            pushes.referrer(GREAT, digests[-1], number, times[amounts.tags + number])
            for number in range(amounts.referrers)
        ]
        for number in range(amounts.repositories):
            pushes.image(repository(number), "latest", writer.clock)
        pushed = pushes.image(PUSHED, "latest", writer.clock)
        pushes.write()
        _settings(writer, registries.the(writer.connection, name), amounts)
    database.note_now(sightings.keep, dict(_sightings(name, amounts)), wall_milliseconds())
    return Content(name, amounts, tuple(digests), tuple(referrers), pushed, first)


class _Pushes:
    """Rows of pushed images, written when there are many."""

    def __init__(self, writer: Writer, registry: str) -> None:
        self._writer = writer
        self._registry = registry
        self._rows: dict[Table, list[dict[str, Any]]] = {REPOSITORY: [], BLOB_LINK: [], MANIFEST: [], TAG: []}
        self._known: set[str] = set()

    def image(self, repository: str, tag: str, clock: int, store: DirectoryBlobs | None = None) -> str:
        """Push an image of eight layers under a tag; return its digest. A store gets its configuration."""
        about = f"{repository}:{tag}"
        config = json.dumps({"architecture": "amd64", "os": "linux", "comment": about}).encode()
        layers = [
            *(digest_of(f"layer {number}".encode()) for number in range(_SHARED_LAYERS)),
            *(digest_of(f"{about} layer {number}".encode()) for number in range(_OWN_LAYERS)),
        ]
        if store is not None:
            store.path(parse_digest(digest_of(config))).write_bytes(config)
        fresh = repository not in self._known
        self._known.add(repository)
        if fresh:
            self._add(REPOSITORY, repository, clock, created=clock)
        self._add(BLOB_LINK, repository, clock, digest=digest_of(config), size=len(config))
        for layer in layers if fresh else layers[_SHARED_LAYERS:]:
            self._add(BLOB_LINK, repository, clock, digest=layer, size=_LAYER)
        described = _described("application/vnd.oci.image.config.v1+json", digest_of(config), len(config))
        digest = self._manifest(repository, clock, {"config": described, "layers": _layers(layers)})
        self._add(TAG, repository, clock, name=tag, digest=digest, created=clock)
        if len(self._rows[TAG]) >= _AT_ONCE:
            self.write()
        return digest

    def referrer(self, repository: str, subject: str, number: int, clock: int) -> str:
        """Push something that refers to a manifest; return its digest."""
        empty = _described("application/vnd.oci.empty.v1+json", digest_of(b"{}"), 2)
        about = _described(MANIFEST_TYPE, subject, 1000)
        layers = _layers([digest_of(f"signature {number}".encode())])
        document = {"artifactType": _SIGNATURE, "config": empty, "layers": layers, "subject": about}
        return self._manifest(repository, clock, document, artifact_type=_SIGNATURE, subject=subject)

    def _manifest(self, repository: str, clock: int, said: dict[str, Any], **columns: str) -> str:
        body = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST_TYPE, **said}).encode()
        about = {"media_type": MANIFEST_TYPE, "artifact_type": "", "subject": "", "annotations": "{}"} | columns
        digest = digest_of(body)
        kept = {"created": clock, "buried": 0, "digest": digest, "size": len(body), "body": body}
        self._add(MANIFEST, repository, clock, **kept, **about)
        return digest

    def _add(self, table: Table, repository: str, clock: int, **columns: Any) -> None:  # noqa: ANN401 - of many types
        written = {"clock": clock, "origin": HOME, "deleted": False, "sequence": self._writer.sequence}
        self._rows[table].append({"registry": self._registry, "repository": repository, **written, **columns})

    def write(self) -> None:
        """Write what there is."""
        for table, rows in self._rows.items():
            if rows:
                self._writer.connection.execute(insert(table), rows)
                rows.clear()


def digest_of(body: bytes) -> str:
    """Its digest."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _described(media_type: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest, "size": size}


def _layers(digests: list[str]) -> list[dict[str, Any]]:
    return [_described("application/vnd.oci.image.layer.v1.tar+gzip", one, _LAYER) for one in digests]


def _settings(writer: Writer, registry: Registry, amounts: Amounts) -> None:
    """Give the registry what tiers count, and clients that reported."""
    name = registry.name
    for region in OTHERS:
        registry = in_region(registry, region)
    # Among those who may come in is whoever measures.
    ranges = ["127.0.0.1", *(f"198.{18 + number // 256}.{number % 256}.0/24" for number in range(amounts.ranges - 1))]
    registry = replace(registry, network=NetworkRules(Action.DENY, tuple(in_order(map(parse_range, ranges)))))
    wanted = members(one.region for one in registry.replicas)
    for number in range(amounts.private_endpoints):
        registry = with_private_endpoint(registry, created(f"office{number:03d}", f"10.200.{number}.0/27", wanted, {}))
    registries.put(writer, registry)
    for number in range(amounts.scope_maps):
        actions = tuple(f"repositories/{repository(each)}/content/read" for each in range(number, number + 10))
        scope_maps.put(writer, name, ScopeMap(f"{SCOPE_MAP}{number:03d}", actions))
    now = seconds_of(writer.clock)
    for number in range(amounts.tokens):
        passwords = {slot: new_password(created=now)[1] for slot in SLOTS}
        chosen = f"{SCOPE_MAP}{number % amounts.scope_maps:03d}"
        principals.put(writer, name, Principal(f"token{number:04d}", passwords, chosen, created=now))
    for number in range(amounts.webhooks):
        # One that is not enabled is told nothing: nobody is there to hear it.
        webhooks.put(writer, Webhook(name, f"hook{number:03d}", "https://ci.example.com/hooks", enabled=False))
    for number in range(0, amounts.clients, 2):
        found = [
            readiness.Answer(one.region, f"{one.region}.data.example", number % 4 == 0) for one in registry.replicas
        ]
        readiness.put(writer, name, f"token{number % 100:04d}", f"host{number}", client(number), found)


def _sightings(name: str, amounts: Amounts) -> Iterator[tuple[Sighting, int]]:
    for number in range(amounts.clients):
        user = f"token{number % 100:04d}"
        for kind in (Kind.SENT, Kind.CAME):
            yield Sighting(name, kind, "blob", client(number), user), 40
        yield Sighting(name, Kind.REFUSED, "", f"203.0.113.{number % 256}", ""), 3
