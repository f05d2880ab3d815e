"""Following tags through years of weekly files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seawall.servicetags.difference import compare
from seawall.servicetags.feed import read_file
from seawall.servicetags.snapshot import Snapshot, SnapshotError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from seawall.servicetags.difference import Change

__all__ = ["Step", "follow"]


@dataclass(frozen=True, slots=True)
class Step:
    """One file in a row of them.

    Attributes:
        path: The file.
        change: Its number.
        changes: What became of the tags since the last sound file.
        fault: What is wrong with it, if it is not sound; it counts as not there then.
        known: Those of the tags that it has.
    """

    path: Path
    change: int = 0
    changes: tuple[Change, ...] = ()
    fault: str = ""
    known: frozenset[str] = frozenset()


def follow(paths: Iterable[Path], tags: Collection[str]) -> Iterator[Step]:
    """Compare each file with the one before.

    Args:
        paths: The files of one cloud, oldest first.
        tags: Which tags.
    """
    last: Snapshot | None = None
    for path in paths:
        try:
            # Everything else in a file is of no interest, and keeping it would take much longer.
            here = _only(read_file(path), tags)
            changes = compare(last, here).changes if last else ()
        except (OSError, SnapshotError, ValueError) as error:
            yield Step(path, fault=str(error) if str(path) in str(error) else f"{path}: {error}")
            continue
        last = here
        yield Step(path, here.change, changes, known=frozenset(here.tags))


def _only(snapshot: Snapshot, tags: Collection[str]) -> Snapshot:
    return replace(snapshot, tags={name: snapshot.tags[name] for name in tags if name in snapshot.tags})
