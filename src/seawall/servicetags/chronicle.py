"""How service tags have changed from week to week, as far as files have come by: what a plot is drawn from.

The files themselves are large and nobody looks at them again, so of each only the sizes of those tags are noted that
are not as they were: a line of JSON a file, added to and never rewritten.
"""

from __future__ import annotations

import json
import os
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from seawall.servicetags.difference import compare

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from seawall.servicetags.snapshot import Snapshot

__all__ = ["Chronicle", "Noted", "Point"]

_MODE: Final = 0o644


@dataclass(frozen=True, slots=True)
class Point:
    """A tag from one day on.

    Attributes:
        day: The day of the file that has it so.
        change: The file's number.
        v4: How many IPv4 addresses it holds; none once it is gone.
        v6: How many IPv6 addresses.
        added: How many IPv4 addresses are new; all are in the first file that was noted.
        removed: How many IPv4 addresses are gone.
    """

    day: date
    change: int
    v4: int
    v6: int
    added: int
    removed: int


class Noted(NamedTuple):
    """A file that was noted: its day, its number, and what tells its content from another's."""

    day: date
    change: int
    fingerprint: str


class Chronicle:
    """The notes about one cloud's files."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, day: date, before: Snapshot | None, after: Snapshot) -> None:
        """Note what a file has changed; that of one that was noted last already is not noted again.

        Args:
            day: The day of the file.
            before: The one before it; ``None`` if there is none.
            after: The file.

        Raises:
            OSError: It cannot be written.
        """
        last = self.newest()
        if last is not None and last.fingerprint == after.fingerprint:
            # It was killed between this and keeping the file, which now comes again.
            return
        if before is None or last is None:
            tags = {name: _sizes(after, name) for name in sorted(after.tags)}
            changes = {name: [v4, v6, v4, 0] for name, (v4, v6) in tags.items()}
        else:
            changes = {
                one.tag: [*_sizes(after, one.tag), one.added.v4.size, one.removed.v4.size]
                for one in compare(before, after).changes
                if one.added or one.removed
            }
        if changes:
            line = {"day": day.isoformat(), "change": after.change, "fingerprint": after.fingerprint, "tags": changes}
            self._append(json.dumps(line, separators=(",", ":")))

    def points(self, tags: Collection[str]) -> dict[str, list[Point]]:
        """Return what is known of some tags, oldest first; nothing of those that no file has had.

        Raises:
            OSError: It cannot be read.
        """
        found: dict[str, list[Point]] = {}
        for file, sizes in self._lines():
            for tag in tags:
                if tag in sizes:
                    found.setdefault(tag, []).append(Point(file.day, file.change, *sizes[tag]))
        return found

    def newest(self) -> Noted | None:
        """Return the last file in which anything had changed."""
        return next(iter(deque((file for file, _ in self._lines()), maxlen=1)), None)

    def tags(self) -> set[str]:
        """Return the names of all tags that any file has had."""
        return {tag for _, sizes in self._lines() for tag in sizes}

    def _append(self, line: str) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _MODE)
        try:
            # Behind a line that a power cut has cut off, too, this begins one of its own.
            os.write(descriptor, f"\n{line}\n".encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _lines(self) -> Iterator[tuple[Noted, dict[str, Any]]]:
        if not self._path.exists():
            return
        with self._path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                # What was cut off is missing, and what comes after it is not.
                with suppress(ValueError, KeyError, TypeError):
                    read = json.loads(line)
                    day, change = date.fromisoformat(read["day"]), int(read["change"])
                    yield Noted(day, change, str(read["fingerprint"])), dict(read["tags"])


def _sizes(snapshot: Snapshot, tag: str) -> tuple[int, int]:
    if tag not in snapshot.tags:
        return 0, 0
    addresses = snapshot.addresses(tag)
    return addresses.v4.size, addresses.v6.size
