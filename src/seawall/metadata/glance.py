"""How often to look whether anything has changed: often while it does, seldom while all is quiet.

To wake up costs more than to look, and an idle node should cost next to nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from seawall.metadata.database import Database

__all__ = ["Glance"]

_AWAKE_SECONDS: Final = 1.0
_QUIET_SECONDS: Final = 0.5


class Glance:
    """The pauses between looks of one who waits."""

    def __init__(self, database: Database) -> None:
        self._often = database.glance_seconds
        self._since = time.monotonic()

    def news(self) -> None:
        """Look often from now on: where something has changed, more will."""
        self._since = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long to wait before the next look."""
        return self._often if time.monotonic() - self._since < _AWAKE_SECONDS else _QUIET_SECONDS
