"""Principals that two regions change at once: who was shut out stays out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from seawall.metadata import principals
from seawall.metadata.principals import Credential, Principal
from tests.unit.metadata.shipping import everything, sync

if TYPE_CHECKING:
    from seawall.metadata.database import Database

REGISTRY: Final = "myregistry"
PASSWORD: Final = Credential("cred0001", "0" * 64)
RENEWED: Final = Credential("cred0002", "1" * 64)
DEVICE: Final = Principal("edge", {"password": PASSWORD}, "team")


def renew(database: Database, slot: str = "password") -> None:
    """Give the principal another password, as it is in a region."""
    with database.writing() as writer:
        found = principals.find(writer.connection, REGISTRY, DEVICE.name)
        assert found is not None
        principals.put(writer, REGISTRY, replace(found, credentials=found.credentials | {slot: RENEWED}))


def disable(database: Database) -> None:
    with database.writing() as writer:
        found = principals.find(writer.connection, REGISTRY, DEVICE.name)
        assert found is not None
        principals.put(writer, REGISTRY, replace(found, enabled=False))


def delete(database: Database) -> None:
    assert database.write_now(principals.delete, REGISTRY, DEVICE.name)


@pytest.fixture
def known(regions: list[Database]) -> list[Database]:
    """Regions that know a principal."""
    regions[0].write_now(principals.put, REGISTRY, DEVICE)
    sync(*regions)
    return regions


@pytest.mark.parametrize("later", [0, 1])
@pytest.mark.parametrize("slot", ["password", "password2"])
def test_a_principal_that_was_deleted_stays_so_whoever_renews_its_password(
    known: list[Database], walls: list[int], later: int, slot: str
) -> None:
    walls[later] += 60_000
    delete(known[0])
    renew(known[1], slot)
    sync(*known)
    for database in known:
        assert database.read_now(principals.find, REGISTRY, DEVICE.name) is None
        assert database.read_now(principals.list_all, REGISTRY) == []
    # Who makes it anew gets what was made, and no password from before.
    again = Principal(DEVICE.name, {"password": Credential("cred0003", "2" * 64)}, "other")
    known[2].write_now(principals.put, REGISTRY, again)
    sync(*known)
    assert [database.read_now(principals.list_all, REGISTRY) for database in known] == [[again]] * 3


@pytest.mark.parametrize("later", [0, 1])
def test_a_principal_that_was_disabled_stays_so_whoever_renews_its_password(
    known: list[Database], walls: list[int], later: int
) -> None:
    walls[later] += 60_000
    disable(known[0])
    renew(known[1])
    sync(*known)
    expected = replace(DEVICE, enabled=False, credentials={"password": RENEWED})
    assert [database.read_now(principals.list_all, REGISTRY) for database in known] == [[expected]] * 3


def test_two_passwords_renewed_in_two_regions_both_hold(known: list[Database]) -> None:
    renew(known[0], "password")
    renew(known[1], "password2")
    sync(*known)
    expected = replace(DEVICE, credentials={"password": RENEWED, "password2": RENEWED})
    assert [database.read_now(principals.list_all, REGISTRY) for database in known] == [[expected]] * 3


def test_what_is_so_already_is_not_written_again(regions: list[Database]) -> None:
    for _ in range(2):
        regions[0].write_now(principals.put, REGISTRY, DEVICE)
    assert {row["sequence"] for _, row in regions[0].read_now(everything)} == {1}
    disable(regions[0])
    moved = [row["field"] for _, row in regions[0].read_now(everything) if row["sequence"] > 1]
    assert moved == ["enabled"]
