"""What a manifest is about: how large an image is, and for which platform.

An image's platform stands in its configuration, which is a blob of its own. Blobs never change, so what was read once
is remembered; one that is not in this region, or that is no image's, tells nothing.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from seawall.registry.document import INDEX_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seawall.blobs.contract import BlobStore
    from seawall.blobs.digest import Digest

__all__ = ["Contents", "Platform", "read_contents"]

_CONFIGS: Final = frozenset(
    ("application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json")
)
_LARGEST_CONFIG: Final = 1024 * 1024
_LONGEST_NAME: Final = 100
_REMEMBERED: Final = 4096
_KNOWN: Final[dict[str, Platform]] = {}
_LOCK: Final = threading.Lock()


class Platform(NamedTuple):
    """What an image runs on, as far as that is known."""

    architecture: str = ""
    os: str = ""

    def members(self) -> dict[str, str]:
        """Return what is known."""
        return {name: value for name, value in self._asdict().items() if value}


class Contents(NamedTuple):
    """What a manifest says of itself.

    Attributes:
        size: Octets of all that it names.
        config_type: What its configuration is; empty for an index.
        platform: Of an image.
        references: The manifests that an index names; ``None`` for what is no index.
    """

    size: int
    config_type: str
    platform: Platform
    references: Sequence[tuple[str, Platform]] | None


def read_contents(store: BlobStore, media_type: str, body: bytes) -> Contents:
    """Read a manifest that was taken, and its configuration if that is here; blocks.

    Size is what the service counts: of an image what its configuration and layers have, of an index what its manifests
    have.
    """
    value: dict[str, Any] = json.loads(body)
    if media_type in INDEX_TYPES:
        children = value["manifests"]
        references = [(child["digest"], _platform(child.get("platform"))) for child in children]
        return Contents(sum(child["size"] for child in children), "", Platform(), references)
    config = value["config"]
    size = config["size"] + sum(layer["size"] for layer in value["layers"])
    platform = _platform_in(store, config["digest"]) if config["mediaType"] in _CONFIGS else Platform()
    return Contents(size, config["mediaType"], platform, None)


def _platform_in(store: BlobStore, digest: Digest) -> Platform:
    """Read an image's configuration."""
    with _LOCK:
        known = _KNOWN.get(digest)
    if known is not None:
        return known
    size = store.size(digest)
    if size is None or size > _LARGEST_CONFIG:
        return Platform()
    try:
        found = _platform(json.loads(b"".join(store.read(digest, 0, size))))
    except FileNotFoundError:
        return Platform()
    except (ValueError, RecursionError):
        # Nobody promised that it is JSON.
        found = Platform()
    with _LOCK:
        _KNOWN[digest] = found
        while len(_KNOWN) > _REMEMBERED:
            del _KNOWN[next(iter(_KNOWN))]
    return found


def _platform(value: object) -> Platform:
    if not isinstance(value, dict):
        return Platform()
    return Platform(_name(value, "architecture"), _name(value, "os"))


def _name(value: Mapping[str, Any], member: str) -> str:
    found = value.get(member)
    return found if isinstance(found, str) and len(found) <= _LONGEST_NAME and found.isprintable() else ""
