"""What changed between two service-tag files: which tags, and which addresses. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seawall.servicetags.prefixes import NOTHING, AddressSet

if TYPE_CHECKING:
    from seawall.servicetags.snapshot import Snapshot

__all__ = ["Change", "Difference", "compare"]


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one tag.

    Attributes:
        tag: Its name.
        added: Addresses it has gained.
        removed: Addresses it has lost.
        fate: ``new``, ``gone``, ``changed``, or ``recut`` where the same addresses are written as other prefixes.
    """

    tag: str
    added: AddressSet
    removed: AddressSet
    fate: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed from one file to another of the same cloud."""

    old: int
    new: int
    changes: tuple[Change, ...]

    @property
    def added(self) -> AddressSet:
        """Addresses that some tag has gained."""
        return AddressSet.union(change.added for change in self.changes)

    @property
    def removed(self) -> AddressSet:
        """Addresses that some tag has lost."""
        return AddressSet.union(change.removed for change in self.changes)


def compare(old: Snapshot, new: Snapshot) -> Difference:
    """Compare two files, tag by tag, as address space.

    Raises:
        ValueError: They are of different clouds.
    """
    if old.cloud != new.cloud:
        raise ValueError(f"these are files of two clouds, {old.cloud} and {new.cloud}; compare two of the same")
    changes = []
    for name in sorted(old.tags.keys() | new.tags.keys()):
        before, after = old.tags.get(name), new.tags.get(name)
        if before is None:
            changes.append(Change(name, new.addresses(name), NOTHING, "new"))
        elif after is None:
            changes.append(Change(name, NOTHING, old.addresses(name), "gone"))
        # The tag's number would tell as well, but nothing is as sure as the content itself.
        elif before.prefixes != after.prefixes and sorted(before.prefixes) != sorted(after.prefixes):
            had, has = old.addresses(name), new.addresses(name)
            added, removed = has - had, had - has
            changes.append(Change(name, added, removed, "changed" if added or removed else "recut"))
    return Difference(old.change, new.change, tuple(changes))
