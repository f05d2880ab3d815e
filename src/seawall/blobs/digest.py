"""Content digests: ``sha256:<64 hex>`` and ``sha512:<128 hex>``.

Source: OCI image specification, "Digests". Both registered algorithms are supported; their hex is lower case.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final, NewType

__all__ = [
    "ALGORITHMS",
    "DEFAULT_ALGORITHM",
    "Digest",
    "DigestError",
    "digest_of",
    "new_hash",
    "parse_digest",
]

Digest = NewType("Digest", str)
"""A digest that has been checked: safe in a path, a query and a header."""

ALGORITHMS: Final = {"sha256": 64, "sha512": 128}
"""Supported algorithms and the length of their hex."""

DEFAULT_ALGORITHM: Final = "sha256"

_HEX: Final = re.compile(r"[0-9a-f]+")


class DigestError(ValueError):
    """A digest is malformed or its algorithm is not supported."""


def parse_digest(text: str) -> Digest:
    """Check a digest.

    Raises:
        DigestError: With what is wrong and what would be right.
    """
    algorithm, colon, value = text.partition(":")
    length = ALGORITHMS.get(algorithm)
    if not colon or length is None:
        known = ", ".join(ALGORITHMS)
        raise DigestError(f"digest {text[:80]!r} must start with one of {known} and a colon")
    if len(value) != length or not _HEX.fullmatch(value):
        raise DigestError(f"digest {text[:160]!r} must have {length} lower-case hexadecimal digits after {algorithm}:")
    return Digest(text)


def new_hash(algorithm: str) -> hashlib._Hash:
    """Start a running hash of a supported algorithm."""
    return hashlib.new(algorithm, usedforsecurity=True)


def digest_of(data: bytes, algorithm: str = DEFAULT_ALGORITHM) -> Digest:
    """Digest some bytes."""
    return Digest(f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}")
