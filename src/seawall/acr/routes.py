"""From a path below ``/acr/v1/`` to what it means. Pure.

No part of a repository's name begins with an underscore, so the first part that does ends the name. A tag may begin
with one, and be called ``_tags``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from seawall.registry.routes import Route

__all__ = ["PREFIX", "Kind", "find_route"]

PREFIX: Final = "/acr/v1/"


class Kind(StrEnum):
    """What a path names."""

    CATALOG = "catalog"
    REPOSITORY = "repository"
    TAGS = "tags"
    TAG = "tag"
    MANIFESTS = "manifests"
    MANIFEST = "manifest"
    DELETED_CATALOG = "deleted catalog"
    DELETED_TAGS = "deleted tags"
    DELETED_MANIFESTS = "deleted manifests"
    DELETED_MANIFEST = "deleted manifest"


def find_route(path: str) -> Route | None:
    """Read a percent-decoded path; ``None`` if it is none of this API."""
    if not path.startswith(PREFIX):
        return None
    rest = path.removeprefix(PREFIX)
    if rest == "_catalog":
        return Route(Kind.CATALOG)
    if rest == "_deleted/_catalog":
        return Route(Kind.DELETED_CATALOG)
    name, underscore, below = rest.removeprefix("_deleted/").partition("/_")
    what, _, argument = below.partition("/")
    match rest.startswith("_deleted/"), f"{underscore}{what}", argument:
        case False, "", "":
            return Route(Kind.REPOSITORY, name) if name else None
        case False, "/_tags", tag:
            return Route(Kind.TAG, name, tag) if tag else Route(Kind.TAGS, name)
        case False, "/_manifests", digest:
            return Route(Kind.MANIFEST, name, digest) if digest else Route(Kind.MANIFESTS, name)
        case True, "/_tags", "":
            return Route(Kind.DELETED_TAGS, name)
        case True, "/_manifests", digest:
            return Route(Kind.DELETED_MANIFEST if digest else Kind.DELETED_MANIFESTS, name, digest)
    return None
