"""Whatever is asked and written, an answer that is repeated is the one that would be given anew."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.blobs.digest import digest_of
from seawall.identity.gate import Identity, current_rights
from seawall.metadata import (
    blobs,
    keys,
    locks,
    manifests,
    principals,
    reading,
    registries,
    repositories,
    scope_maps,
    tags,
)
from seawall.metadata.locks import Right
from seawall.metadata.manifests import Manifest
from seawall.metadata.principals import Credential, Principal
from seawall.metadata.repositories import Repository
from seawall.metadata.scope_maps import ScopeMap
from seawall.topology import Registry, Replica

if TYPE_CHECKING:
    from collections.abc import Callable

    from seawall.metadata.database import Database
    from seawall.metadata.rows import Writer

HERE: Final = Repository("myregistry", "team/app")
DIGESTS: Final = [digest_of(b"first"), digest_of(b"second")]
REGISTRY: Final = Registry("myregistry", "eastus", (Replica("eastus", "account1"),))


def put_manifests(writer: Writer) -> None:
    for body in (b"first", b"second"):
        manifest = Manifest(digest_of(body), "application/vnd.oci.image.manifest.v1+json", body)
        manifests.put(writer, HERE, manifest, artifact_type="", subject="", annotations={})


def set_lock(writer: Writer, name: str, right: Right, allowed: bool) -> None:
    locks.put(writer, HERE, name, right, allowed=allowed)


CREDENTIAL: Final = Credential("cred0001", "0" * 64)
DEVICE: Final = Principal("edge-device", {"password": CREDENTIAL}, "team")
IDENTITY: Final = Identity("edge-device", "cred0001")

Query = tuple[Any, ...]
QUERIES: Final[list[Query]] = [
    (registries.find, "myregistry"),
    (registries.with_account, "account1"),
    (registries.list_all,),
    (principals.find, "myregistry", "edge-device"),
    (principals.list_all, "myregistry"),
    (scope_maps.find, "myregistry", "team"),
    (scope_maps.list_all, "myregistry"),
    (current_rights, "myregistry", IDENTITY),
    (keys.newest_first, keys.LINK),
    (keys.newest_first, keys.TOKEN),
    (tags.page, HERE, "", 10),
    (manifests.by_tag, HERE, "latest"),
    (manifests.by_digest, HERE, DIGESTS[0]),
    (blobs.size_in, HERE, DIGESTS[0]),
    (reading.manifest_by_tag, HERE, "latest"),
    (reading.manifest_by_digest, HERE, DIGESTS[0]),
    (reading.blob, HERE, DIGESTS[0]),
    (repositories.is_listed, HERE),
    (repositories.exists, HERE),
]
WRITES: Final[list[Query]] = [
    (registries.put, REGISTRY),
    (registries.put, replace(REGISTRY, anonymous_pull=True)),
    (principals.put, "myregistry", DEVICE),
    (principals.put, "myregistry", replace(DEVICE, enabled=False)),
    (principals.delete, "myregistry", "edge-device"),
    (scope_maps.put, "myregistry", ScopeMap("team", ("repositories/*/content/read",))),
    (scope_maps.put, "myregistry", ScopeMap("team", ())),
    (scope_maps.delete, "myregistry", "team"),
    (keys.add, keys.LINK, "new", b"secret"),
    (keys.add, keys.TOKEN, "other", b"secret"),
    (keys.remove_superseded, keys.LINK, 2**40),
    (tags.put, HERE, "latest", DIGESTS[0]),
    (tags.put, HERE, "latest", DIGESTS[1]),
    (tags.delete, HERE, "latest"),
    (put_manifests,),
    (manifests.delete, HERE, DIGESTS[0]),
    (blobs.link, HERE, DIGESTS[0], 5),
    (blobs.unlink, HERE, DIGESTS[0]),
    (repositories.put, HERE),
    (repositories.delete, HERE),
    (set_lock, "", Right.READ, False),
    (set_lock, "", Right.READ, True),
    (set_lock, "latest", Right.READ, False),
    (set_lock, "", Right.LIST, False),
]
steps = st.lists(st.tuples(st.integers(0, 1), st.sampled_from(WRITES) | st.none()), min_size=5, max_size=15)


@settings(max_examples=15)
@given(steps=steps)
def test_every_answer_is_that_of_a_database_that_remembers_nothing(
    sqlite_url: str, open_databases: Callable[..., Database], steps: list[tuple[int, Query | None]]
) -> None:
    ours, other = open_databases(sqlite_url), open_databases(sqlite_url, "westus")

    async def follow() -> None:
        for who, write in steps:
            if write is not None:
                query, *values = write
                await (ours, other)[who].write(query, *values)
            for asked, *values in QUERIES:
                expected = other.read_now(asked, *values)
                assert await ours.cached(asked, *values) == expected
                assert await ours.cached(asked, *values) == expected

    asyncio.run(follow())
