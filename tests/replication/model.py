"""What regions must end with: of everything that was ever acknowledged anywhere, the last written by clock and region.

It knows nothing of how rows travel. It reads, after each operation, what the region itself wrote, and works out by the
rule what all regions must show once they have heard of each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import func, select

from seawall.metadata.schema import REPLICATED
from tests.replication.regions import REGISTRY

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tests.replication.regions import Region, Regions

__all__ = ["Model", "Shown"]

_ZERO: Final = (0, "")


class Shown(NamedTuple):
    """What clients must see."""

    repositories: list[str]
    tags: dict[str, dict[str, str]]
    manifests: dict[str, dict[str, bytes]]
    subjects: dict[str, dict[str, list[str]]]
    blobs: dict[str, dict[str, int]]


class Model:
    """Everything that regions wrote."""

    def __init__(self, world: Regions) -> None:
        self._kept: dict[str, dict[tuple[str, ...], dict[str, Any]]] = {table.name: {} for table in REPLICATED}
        self._buried: dict[tuple[str, ...], int] = {}
        self._read: dict[str, int] = {}
        self._stamps: set[tuple[object, ...]] = set()
        for region in world.regions.values():
            self.look(region)

    def look(self, region: Region) -> list[tuple[str, dict[str, Any]]]:
        """Take in what a region has written since it was last looked at; return it."""
        after = self._read.get(region.name, 0)
        sequence, found = region.database.read_now(_written, after, region.name)
        self._read[region.name] = sequence
        written = []
        for table, row in found:
            sequence = row.pop("sequence")
            self._take(table, row)
            stamp = (region.name, table, *_key(table, row), row["clock"])
            # A burial that was heard of gives an old row a new place, and is no write of this region.
            if stamp not in self._stamps:
                self._stamps.add(stamp)
                written.append((table, row))
                # Whoever writes has seen all that was here before, and must outdo it.
                seen = region.database.read_now(_latest, sequence)
                assert row["clock"] > seen, f"{table} was written in {region.name} earlier than what it had seen"
        return written

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        """Return what every region must hold in the end, by table."""
        found = {name: [rows[key] for key in sorted(rows)] for name, rows in self._kept.items()}
        found["manifest"] = [row | {"buried": self._buried[_key("manifest", row)]} for row in found["manifest"]]
        return found

    def shown(self) -> Shown:
        """Return what every region must answer in the end."""
        shown = Shown([], {}, {}, {}, {})
        for (registry, repository), row in sorted(self._kept["repository"].items()):
            if registry == REGISTRY and not row["deleted"]:
                shown.repositories.append(repository)
        for (_, repository, digest), row in sorted(self._kept["manifest"].items()):
            if not row["deleted"]:
                shown.manifests.setdefault(repository, {})[digest] = row["body"]
                if row["subject"]:
                    shown.subjects.setdefault(repository, {}).setdefault(row["subject"], []).append(digest)
        for (registry, repository, name), row in sorted(self._kept["tag"].items()):
            buried = self._buried.get((registry, repository, row["digest"]), 0)
            there = row["digest"] in shown.manifests.get(repository, {})
            if not row["deleted"] and there and buried < row["clock"]:
                shown.tags.setdefault(repository, {})[name] = row["digest"]
        for (_, repository, digest), row in self._kept["blob_link"].items():
            if not row["deleted"]:
                shown.blobs.setdefault(repository, {})[digest] = row["size"]
        return shown

    def _take(self, table: str, row: dict[str, Any]) -> None:
        key = _key(table, row)
        kept = self._kept[table].get(key)
        if kept is None or (row["clock"], row["origin"]) > (kept["clock"], kept["origin"]):
            self._kept[table][key] = row
        if table == "manifest":
            self._buried[key] = max(self._buried.get(key, 0), row["buried"])


_KEYS: Final = {table.name: [column.name for column in table.primary_key] for table in REPLICATED}


def _key(table: str, row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(row[name] for name in _KEYS[table])


def _written(connection: Connection, after: int, origin: str) -> tuple[int, list[tuple[str, dict[str, Any]]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    last = after
    for table in REPLICATED:
        for row in connection.execute(select(table).where(table.c.sequence > after)):
            values = dict(row._mapping)
            last = max(last, values["sequence"])
            if values["origin"] == origin:
                found.append((table.name, values))
    return last, found


def _latest(connection: Connection, before: int) -> int:
    readings = [
        connection.execute(select(func.max(table.c.clock)).where(table.c.sequence < before)).scalar_one_or_none() or 0
        for table in REPLICATED
    ]
    return max(readings)
