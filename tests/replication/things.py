"""What the regions of the property work with: few things, so that they meet, with names that can be read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from seawall.identity.credentials import renew_password
from seawall.metadata import principals, regions, registries, scope_maps
from seawall.metadata.scope_maps import ScopeMap
from tests.replication.regions import EAST, NAMES, NORTH, REGISTRY
from tests.support import content

if TYPE_CHECKING:
    from seawall.metadata.rows import Writer

REPOSITORIES: Final = st.sampled_from(["app", "team/app"])
TAGS: Final = st.sampled_from(["latest", "v1"])
REGIONS: Final = st.sampled_from(NAMES)
BLOBS: Final = {"config": b"{}", "small": b"small", "middle": b"middle" * 10_000, "large": bytes(range(256)) * 1200}
"""By name, so that what Hypothesis finds can be read."""
_IMAGES: Final = {f"{layer} image": content.image(b"{}", BLOBS[layer]) for layer in ("small", "middle", "large")}
MANIFESTS: Final = _IMAGES | {
    "index": content.index(_IMAGES["small image"], _IMAGES["middle image"]),
    "signature": content.artifact("application/x.signature", subject=_IMAGES["small image"]),
}
BLOBS_OF: Final = {
    "small image": ("config", "small"),
    "middle image": ("config", "middle"),
    "large image": ("config", "large"),
    "index": (),
    "signature": ("config",),
}
CHILDREN_OF: Final = {"index": ("small image", "middle image")}
BLOB: Final = st.sampled_from(list(BLOBS))
MANIFEST: Final = st.sampled_from(list(MANIFESTS))
REFERENCE: Final = TAGS | MANIFEST
HOUR: Final = 3_600_000


def switch_registry(writer: Writer, one: bool, other: bool) -> None:
    known = registries.the(writer.connection, REGISTRY)
    changed = replace(known, data_endpoints=other) if one else replace(known, anonymous_pull=other)
    registries.put(writer, changed)


def drain_region(writer: Writer, one: bool, other: bool) -> None:
    known = regions.find(writer.connection, EAST if one else NORTH)
    assert known is not None
    regions.put(writer, replace(known, drained=other))


def change_token(writer: Writer, one: bool, other: bool) -> None:
    if other:
        renew_password(writer, REGISTRY, "robot", slot="password" if one else "password2", scope_map="one")
    else:
        principals.delete(writer, REGISTRY, "robot")


def change_scope_map(writer: Writer, one: bool, other: bool) -> None:
    if other:
        scope_maps.put(writer, REGISTRY, ScopeMap("one", ("repositories/app/content/read",) * (1 + one)))
    else:
        scope_maps.delete(writer, REGISTRY, "one")


SETTINGS: Final = {
    "registry": switch_registry,
    "region": drain_region,
    "token": change_token,
    "scope map": change_scope_map,
}
"""What operators change."""


def named(reference: str) -> str:
    """Write a reference as clients do."""
    return content.digest_of(MANIFESTS[reference]) if reference in MANIFESTS else reference
