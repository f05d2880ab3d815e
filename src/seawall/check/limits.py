"""How long a check waits, and how much it reads. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["MOST_ANSWER", "MOST_HOPS", "MOST_MANIFEST", "Limits"]

MOST_ANSWER: Final = 256 * 1024
"""Octets of an answer's body, where no more can be meant."""
MOST_MANIFEST: Final = 4 * 1024 * 1024
"""Octets of a manifest (OCI distribution specification, "Pushing Manifests": registries take 4 MiB at least)."""
MOST_HOPS: Final = 5
"""Redirects in a row that are followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a check waits, in seconds, and how much it downloads.

    Attributes:
        total: For everything.
        lookup: For a name.
        connect: For a TCP connection, or a proxy's.
        handshake: For TLS.
        answer: From a request to the head of its answer.
        quiet: Between two pieces of a body.
        layer: Octets of the largest layer that is downloaded whole; of larger ones only so much.
    """

    total: float = 30.0
    lookup: float = 5.0
    connect: float = 5.0
    handshake: float = 5.0
    answer: float = 8.0
    quiet: float = 8.0
    layer: int = 64 * 1024 * 1024

    @classmethod
    def within(cls, total: float) -> Limits:
        """Return limits for a check that has so many seconds for everything.

        No single wait takes more than a quarter: there are others to be waited for behind it.
        """
        usual, most = cls(), total / 4
        return cls(
            total=total,
            lookup=min(usual.lookup, most),
            connect=min(usual.connect, most),
            handshake=min(usual.handshake, most),
            answer=min(usual.answer, most),
            quiet=min(usual.quiet, most),
        )
