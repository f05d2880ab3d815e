"""Keeping what the doors see: counted in memory, and written down together every few seconds."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError

from seawall.metadata import sightings
from seawall.metadata.clock import wall_milliseconds

if TYPE_CHECKING:
    from seawall.metadata.database import Database
    from seawall.server.observer import Observer
    from seawall.sightings import Sighting

__all__ = ["Lookout"]

_SECONDS: Final = 5.0
_MOST: Final = 10_000
"""How many different things are counted between two writes; what is more is forgotten, whoever sends it."""


class Lookout:
    """A worker's memory of what its doors saw."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counted: Counter[Sighting] = Counter()

    def saw(self, sighting: Sighting) -> None:
        """Count it."""
        if len(self._counted) < _MOST or sighting in self._counted:
            self._counted[sighting] += 1

    async def run(self, observer: Observer) -> None:
        """Write down every few seconds what was seen, until cancelled."""
        while True:
            await asyncio.sleep(_SECONDS)
            try:
                await self.write()
            except SQLAlchemyError as error:
                # A database that does not answer loses what was counted, not the doors.
                observer.failure(error, "what the doors saw")

    async def write(self) -> None:
        """Write down what was seen since the last time."""
        if self._counted:
            counted, self._counted = self._counted, Counter()
            await self._database.note(sightings.keep, counted, wall_milliseconds())
