"""What this node has still to do about what is in its log: which blobs it must copy from other regions.

It follows this node's own log, so it makes no difference how a row came here: by a push, another region's log, or a
look-up. How far it has come is kept with what it found, so nothing is forgotten when a node is killed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from seawall.metadata import blobs, log, manifests, peers, regions, registries, wants
from seawall.metadata.clock import wall_milliseconds
from seawall.metadata.log import Head
from seawall.metadata.repositories import Repository
from seawall.metadata.schema import BLOB_LINK, MANIFEST, SETTING, TAG
from seawall.metadata.wants import Want
from seawall.registry.document import read_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from seawall.blobs.contract import BlobStore
    from seawall.blobs.digest import Digest
    from seawall.metadata.database import Database
    from seawall.metadata.log import Row

__all__ = ["Agenda"]


class Agenda:
    """Turns rows of this node's log into wanted blobs."""

    def __init__(self, database: Database, store: BlobStore, *, lazy: bool = False) -> None:
        """Take what is kept here.

        Args:
            database: Whose log to follow.
            store: Where blobs are.
            lazy: Whether to copy nothing before somebody asks for it.
        """
        self._database = database
        self._store = store
        self._lazy = lazy

    async def work(self) -> bool:
        """Read on in the log; say whether anything was new."""
        if await self._database.cached(log.head) == await self._database.cached(_stands, self._database.region):
            return False
        await self._database.note(self._read_on)
        return True

    def _read_on(self, connection: Connection) -> None:
        region = self._database.region
        head = log.head(connection)
        stands = _stands(connection, region)
        part = log.read(connection, stands.sequence if stands.epoch == head.epoch else 0)
        self._note_wants(connection, self._worth_copying(connection, part.rows))
        now = wall_milliseconds()
        peers.heard(connection, region, Head(head.epoch, part.upto), head.sequence, now)

    def _worth_copying(self, connection: Connection, rows: Sequence[Row]) -> Sequence[Row]:
        """Leave out what a lazy region can fetch when somebody asks: all but what comes from where nobody can go."""
        if not self._lazy:
            return rows
        bringing = {region.name for region in regions.list_all(connection) if not region.url}
        return [row for row in rows if row.values["origin"] in bringing]

    def _note_wants(self, connection: Connection, rows: Iterable[Row]) -> None:
        ours = {one.name for one in registries.list_all(connection) if one.replica(self._database.region)}
        now = wall_milliseconds()
        # Links that came before a registry was here, or whole enough to be read, were passed over.
        scanned = {f"{registries.REPLICA}{self._database.region}", *registries.ALWAYS}
        links: dict[Digest, int] = {}
        named: dict[tuple[Repository, Digest], None] = {}
        for row in rows:
            values = row.values
            if values["deleted"] or values.get("registry") not in ours:
                continue
            if row.table is SETTING and values["name"] in scanned:
                links |= blobs.all_of(connection, values["registry"])
            elif row.table is BLOB_LINK:
                links[values["digest"]] = values["size"]
            elif row.table is TAG or (row.table is MANIFEST and _is_tagged(connection, values)):
                named[Repository(values["registry"], values["repository"]), values["digest"]] = None
        missing = [(digest, size) for digest, size in links.items() if self._store.size(digest) != size]
        wants.add(connection, (Want(digest, size, since=now) for digest, size in missing))
        for repository, digest in named:
            wants.hurry(connection, set(_blobs_of(connection, repository, digest)))


def _stands(connection: Connection, region: str) -> Head:
    known = peers.find(connection, region)
    return Head(known.epoch, known.cursor)


def _is_tagged(connection: Connection, manifest: Mapping[str, Any]) -> bool:
    query = select(TAG.c.name).where(
        TAG.c.registry == manifest["registry"],
        TAG.c.repository == manifest["repository"],
        TAG.c.digest == manifest["digest"],
        TAG.c.deleted.is_(False),
    )
    return connection.execute(query.limit(1)).first() is not None


def _blobs_of(connection: Connection, repository: Repository, digest: Digest) -> Iterator[Digest]:
    """Yield the blobs that a manifest needs, and those of its children."""
    seen: set[Digest] = set()
    waiting = [digest]
    while waiting:
        one = waiting.pop()
        found = None if one in seen else manifests.by_digest(connection, repository, one)
        seen.add(one)
        if found is not None:
            document = read_document(found.body, found.media_type)
            yield from document.blobs
            waiting += document.manifests
