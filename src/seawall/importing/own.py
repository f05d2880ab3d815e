"""A registry of this node as the source of an image: nothing is downloaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seawall.blobs.digest import Digest
from seawall.importing.contract import ImportFailure
from seawall.metadata import blobs, reading
from seawall.metadata.repositories import Repository

if TYPE_CHECKING:
    from seawall.blobs.contract import BlobStore
    from seawall.importing.contract import Source
    from seawall.metadata.manifests import Manifest
    from seawall.metadata.reading import FoundManifest
    from seawall.registry.call import Services

__all__ = ["Own"]


class Own:
    """A repository here."""

    def __init__(self, services: Services, source: Source) -> None:
        self._services = services
        self._source = source
        self._repository = Repository(source.registry, source.repository)

    async def manifest(self, reference: str) -> Manifest:
        """Return a manifest by tag or digest.

        Raises:
            ImportFailure: It is not there, or locked against reading.
        """
        found = await self._find(reference)
        if found is None and await self._services.elsewhere.bring(self._repository, [reference]):
            found = await self._find(reference)
        if found is None:
            raise ImportFailure(404, "SourceNotFound", f"there is no {self._source}")
        if found.locked is not None:
            raise ImportFailure(409, "SourceLocked", f"{self._source} is locked against reading; see 'seawall lock'")
        return found.manifest

    async def fetch(self, store: BlobStore, digest: Digest) -> int:  # noqa: ARG002 - a Giver
        """Return a blob's size: where its octets are not in this region yet, they come for the source already.

        Raises:
            ImportFailure: The source does not have it.
        """
        size = await self._services.database.read(blobs.size_in, self._repository, digest)
        if size is None:
            raise ImportFailure(404, "SourceNotFound", f"{self._source} lacks blob {digest}")
        return size

    async def _find(self, reference: str) -> FoundManifest | None:
        database = self._services.database
        if ":" in reference:
            return await database.read(reading.manifest_by_digest, self._repository, Digest(reference))
        return await database.read(reading.manifest_by_tag, self._repository, reference)
