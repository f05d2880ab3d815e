"""What the doors see of clients: who was refused, who was sent for layers, and who came for them.

The doors say it here and go on; whoever keeps it does so later, together, and forgets what is too much. Before
dedicated data endpoints are switched on it tells who depends on shared storage, and afterwards who was sent there and
never came.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, Protocol

__all__ = ["Kind", "Nobody", "Sighting", "Watch"]


class Kind(StrEnum):
    """What a client was seen doing."""

    REFUSED = "refused"
    SENT = "sent"
    CAME = "came"


class Sighting(NamedTuple):
    """Something that was seen.

    Attributes:
        registry: The registry.
        kind: What happened.
        door: Of which kind the data endpoint is (``blob`` or ``data``); empty for refusals.
        address: Where the client came from.
        subject: Who it was signed in as; empty for whom nobody asked.
    """

    registry: str
    kind: Kind
    door: str
    address: str
    subject: str


class Watch(Protocol):
    """Whoever keeps what was seen."""

    def saw(self, sighting: Sighting) -> None:
        """Take note of something; this must cost next to nothing."""


class Nobody:
    """Nothing is kept."""

    def saw(self, sighting: Sighting) -> None:
        """Forget it."""
