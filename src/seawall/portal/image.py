"""What people want to know of a manifest: its layers, its platforms, its annotations. Pure.

The registry checked it when it came, but for what nobody but people reads; so types are checked here once more.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from seawall.registry.document import INDEX_TYPES, DocumentError, read_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seawall.metadata.manifests import Manifest

__all__ = ["Annotation", "Child", "Layer", "Picture", "annotations_of", "read_picture"]

_LONGEST: Final = 2000
"""Characters of one value that are shown; nobody reads more, and some write whole programs there."""
_MOST: Final = 500
"""How many layers, platforms or annotations are shown."""


class Annotation(NamedTuple):
    """An annotation, and where it leads if it is an address that a browser may follow."""

    name: str
    value: str
    link: str


class Layer(NamedTuple):
    """A layer, or the configuration."""

    digest: str
    media_type: str
    size: int


class Child(NamedTuple):
    """A manifest that an index refers to."""

    digest: str
    platform: str
    size: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A manifest as it is shown.

    Attributes:
        digest: Of the manifest itself.
        media_type: What it is.
        artifact_type: What it contains.
        subject: The manifest it refers to, or nothing.
        is_index: Whether it stands for images of several platforms.
        config: The configuration; ``None`` in an index.
        layers: The layers.
        children: What an index refers to.
        annotations: In order of name.
        octets: The sum of configuration and layers; of the listed manifests in an index.
    """

    digest: str
    media_type: str
    artifact_type: str
    subject: str
    is_index: bool
    config: Layer | None
    layers: tuple[Layer, ...]
    children: tuple[Child, ...]
    annotations: tuple[Annotation, ...]
    octets: int


def read_picture(manifest: Manifest) -> Picture | None:
    """Read a manifest; ``None`` if it is none, as it may be if another region had other rules."""
    try:
        document = read_document(manifest.body, manifest.media_type)
    except DocumentError:
        return None
    value = json.loads(manifest.body)
    config = _layer(value["config"]) if "config" in value else None
    layers = tuple(map(_layer, value.get("layers", ())))
    children = tuple(map(_child, value.get("manifests", ())))
    sizes = [one.size for one in (*layers, *children, *((config,) if config else ()))]
    return Picture(
        manifest.digest,
        document.media_type,
        document.artifact_type,
        document.subject or "",
        document.media_type in INDEX_TYPES,
        config,
        layers[:_MOST],
        children[:_MOST],
        annotations_of(document.annotations),
        sum(sizes),
    )


def annotations_of(values: Mapping[str, str]) -> tuple[Annotation, ...]:
    """Put annotations in order, and find those that are addresses."""
    found = sorted(values.items())[:_MOST]
    return tuple(Annotation(name[:_LONGEST], value[:_LONGEST], _link(value)) for name, value in found)


def _link(value: str) -> str:
    """Return an address that a browser may follow, or nothing."""
    if len(value) > _LONGEST or not value.isascii() or not value.isprintable() or " " in value:
        return ""
    try:
        parts = urlsplit(value)
    except ValueError:
        return ""
    # With a user in front of it, an address looks like one of another host.
    return value if parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc else ""


def _layer(value: Mapping[str, Any]) -> Layer:
    return Layer(value["digest"], value["mediaType"], value["size"])


def _child(value: Mapping[str, Any]) -> Child:
    platform = value.get("platform")
    words: list[str] = []
    if isinstance(platform, dict):
        written = [platform.get(name) for name in ("os", "architecture", "variant")]
        words = [one[:80] for one in written if isinstance(one, str) and one]
        version = platform.get("os.version")
        if isinstance(version, str) and version:
            words.append(f"({version[:80]})")
    platform_name = "/".join(word for word in words if not word.startswith("("))
    more = " ".join(word for word in words if word.startswith("("))
    return Child(value["digest"], f"{platform_name} {more}".strip(), value["size"])
