"""What the doors saw is added up, and forgotten when it is old or too much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seawall.metadata import log, sightings
from seawall.sightings import Kind, Sighting

if TYPE_CHECKING:
    import pytest

    from seawall.metadata.database import Database

DAY = 24 * 3600 * 1000
NOW = 100 * DAY
REFUSED = Sighting("myregistry", Kind.REFUSED, "", "192.0.2.1", "")


def seen(
    database: Database, kind: Kind = Kind.REFUSED, registry: str = "myregistry"
) -> list[tuple[str, int, int, int]]:
    found = database.read_now(sightings.seen, registry, kind)
    return [(one.sighting.address, one.times, one.first, one.last) for one in found]


def test_what_is_seen_again_is_counted(database: Database) -> None:
    other = REFUSED._replace(address="2001:db8::1")
    database.note_now(sightings.keep, {REFUSED: 3, other: 1}, NOW)
    database.note_now(sightings.keep, {REFUSED: 2}, NOW + 5)
    assert seen(database) == [("192.0.2.1", 5, NOW, NOW + 5), ("2001:db8::1", 1, NOW, NOW)]


def test_registries_and_kinds_are_apart(database: Database) -> None:
    sent = Sighting("myregistry", Kind.SENT, "blob", "192.0.2.1", "token")
    database.note_now(sightings.keep, {REFUSED: 1, sent: 2, sent._replace(door="data"): 3}, NOW)
    assert [one.sighting.door for one in database.read_now(sightings.seen, "myregistry", Kind.SENT)] == ["blob", "data"]
    assert seen(database, Kind.CAME) == []
    assert seen(database, registry="another") == []


def test_what_is_old_is_forgotten(database: Database) -> None:
    database.note_now(sightings.keep, {REFUSED: 1}, NOW)
    later = NOW + (sightings.DAYS + 1) * DAY
    database.note_now(sightings.keep, {REFUSED._replace(address="192.0.2.2"): 1}, later)
    assert seen(database) == [("192.0.2.2", 1, later, later)]


def test_of_too_many_the_latest_are_kept(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sightings, "MOST", 3)
    for number in range(6):
        database.note_now(sightings.keep, {REFUSED._replace(address=f"192.0.2.{number}"): 1}, NOW + number)
    assert [address for address, *_ in seen(database)] == ["192.0.2.5", "192.0.2.4", "192.0.2.3"]


def test_what_is_dealt_with_is_forgotten(database: Database) -> None:
    database.note_now(sightings.keep, {REFUSED: 1, REFUSED._replace(address="192.0.2.2"): 1}, NOW)
    assert database.note_now(sightings.forget, "myregistry", Kind.REFUSED, "192.0.2.1") == 1
    assert [address for address, *_ in seen(database)] == ["192.0.2.2"]


def test_other_regions_are_not_told(database: Database) -> None:
    before = database.read_now(log.head)
    database.note_now(sightings.keep, {REFUSED: 1}, NOW)
    assert database.read_now(log.head) == before
