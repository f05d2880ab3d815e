"""Registries that everybody knows: certificates of public authorities, here and there an image for anybody. Pure."""

from __future__ import annotations

from typing import Final

from seawall.check.reference import DOCKER_HUB
from seawall.naming import CLOUDS, lies_within
from seawall.neighbours import NEIGHBOURS

__all__ = ["is_mcr", "is_public", "sample_image"]

_MCR: Final = frozenset(one.mcr for one in NEIGHBOURS.values())
_SUFFIXES: Final = (
    *(cloud.domain for cloud in CLOUDS.values()),
    *_MCR,
    "docker.io",
    "gcr.io",
    "ghcr.io",
    "pkg.dev",
    "public.ecr.aws",
    "quay.io",
    "registry.k8s.io",
)


def is_public(host: str) -> bool:
    """Say whether a host is a well-known service's, so that a certificate nobody knows is not its own."""
    return any(lies_within(host, suffix) for suffix in _SUFFIXES)


def is_mcr(host: str) -> bool:
    """Say whether a host is the Microsoft Container Registry's, in any cloud."""
    return host in _MCR


def sample_image(host: str) -> tuple[str, str] | None:
    """Return the repository and tag of a small image that anybody may pull there."""
    if host == DOCKER_HUB:
        return "library/hello-world", "latest"
    if host in _MCR:
        return "mcr/hello-world", "latest"
    return None
