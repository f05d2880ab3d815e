"""From a path to what it means. Pure.

Repository names contain slashes and may contain the very words that part them from the rest:
``/v2/a/blobs/b/tags/list`` is the tag list of ``a/blobs/b``. So a path is read from its end.
Source: OCI distribution specification, "Endpoints".
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

__all__ = ["Kind", "Route", "find_route"]

_PREFIX: Final = "/v2/"


class Kind(StrEnum):
    """What a path names."""

    BASE = "base"
    CATALOG = "catalog"
    ENDPOINTS = "endpoints"
    READINESS = "readiness"
    TAGS = "tags"
    MANIFEST = "manifest"
    BLOB = "blob"
    UPLOADS = "uploads"
    UPLOAD = "upload"
    REFERRERS = "referrers"


_OF_THE_REGISTRY: Final = {
    "/v2": Kind.BASE,
    "/v2/": Kind.BASE,
    "/v2/_catalog": Kind.CATALOG,
    "/v2/_seawall/endpoints": Kind.ENDPOINTS,
    "/v2/_seawall/readiness": Kind.READINESS,
}
"""Paths that concern no repository."""


class Route(NamedTuple):
    """A path, understood: repository and last part (reference, digest or upload) are as the client wrote them.

    The kind is one of :class:`Kind`, or of another API's kinds.
    """

    kind: StrEnum
    repository: str = ""
    argument: str = ""


def find_route(path: str) -> Route | None:
    """Read a percent-decoded path; ``None`` if it is none of the specification's."""
    if path in _OF_THE_REGISTRY:
        return Route(_OF_THE_REGISTRY[path])
    if not path.startswith(_PREFIX):
        return None
    match path.removeprefix(_PREFIX).rsplit("/", 2):
        case [name, "tags", "list"]:
            return Route(Kind.TAGS, name)
        case [name, "manifests", reference] if reference:
            return Route(Kind.MANIFEST, name, reference)
        case [name, "referrers", digest] if digest:
            return Route(Kind.REFERRERS, name, digest)
        case [name, "blobs", "uploads"]:
            return Route(Kind.UPLOADS, name)
        case [name, "blobs", digest] if digest:
            return Route(Kind.BLOB, name, digest)
        case [blobs, "uploads", identifier] if blobs.endswith("/blobs"):
            name = blobs.removesuffix("/blobs")
            return Route(Kind.UPLOAD, name, identifier) if identifier else Route(Kind.UPLOADS, name)
    return None
