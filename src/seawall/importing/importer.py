"""Carrying an image over: what it refers to first, then itself, then its tags, so that a tag never leads to a gap."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from seawall.errors import ApiError
from seawall.importing.contract import ImportFailure
from seawall.importing.own import Own
from seawall.importing.remote import connected
from seawall.metadata import blobs, manifests, registries
from seawall.metadata.repositories import Repository
from seawall.registry.document import DocumentError, read_document
from seawall.registry.push import AbsentError, publish

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from seawall.importing.contract import Giver, Order, Source
    from seawall.metadata.manifests import Manifest
    from seawall.registry.call import Services

__all__ = ["Importer"]

_AT_ONCE: Final = 4
_DEEPEST: Final = 8


class Importer:
    """Imports images into registries of this node."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def run(self, order: Order) -> None:
        """Import an image.

        Raises:
            ImportFailure: It was not imported.
        """
        async with self._turns, self._giver(order.source) as giver:
            root = await giver.manifest(order.source.reference)
            await self._check_room(order.registry)
            for target in order.targets:
                repository = Repository(order.registry, target.repository)
                await self._check(repository, target.tag, root, force=order.force)
                await self._carry(giver, repository, root, [target.tag] if target.tag else [], 0)

    @asynccontextmanager
    async def _giver(self, source: Source) -> AsyncGenerator[Giver]:
        if source.registry:
            yield Own(self._services, source)
            return
        async with connected(source) as remote:
            yield remote

    async def _check_room(self, name: str) -> None:
        registry = await self._services.database.cached(registries.find, name)
        if registry is None:
            raise ImportFailure(404, "ResourceNotFound", f"the registry {name} was deleted meanwhile")
        try:
            await self._services.quota.check(registry)
        except ApiError as error:
            raise ImportFailure(403, "QuotaExceeded", error.message) from None

    async def _check(self, repository: Repository, tag: str, root: Manifest, *, force: bool) -> None:
        there = await self._services.database.read(manifests.by_tag, repository, tag) if tag else None
        if there is not None and there.digest != root.digest and not force:
            words = (
                f"Tag {repository.name}:{tag} already exists in target registry; --force lets it stand for the new one"
            )
            raise ImportFailure(409, "Conflict", words)

    async def _carry(
        self, giver: Giver, repository: Repository, manifest: Manifest, names: list[str], depth: int
    ) -> None:
        if depth > _DEEPEST:
            raise ImportFailure(400, "InvalidSource", f"indexes lie in one another more than {_DEEPEST} deep")
        try:
            document = read_document(manifest.body, manifest.media_type)
        except DocumentError as error:
            raise ImportFailure(400, "InvalidSource", f"{manifest.digest} is no manifest: {error}") from None
        for digest in document.manifests:
            await self._carry(giver, repository, await giver.manifest(digest), [], depth + 1)
        for digest in document.blobs:
            size = await giver.fetch(self._services.store, digest)
            await self._services.database.write(blobs.link, repository, digest, size)
        try:
            await self._services.database.write(publish, repository, manifest, document, names, sparse=False)
        except ApiError as error:
            raise ImportFailure(409, "Conflict", error.message) from None
        except AbsentError as error:
            raise ImportFailure(
                409, "Conflict", f"{error.refusal().message}: somebody deleted them meanwhile"
            ) from None
