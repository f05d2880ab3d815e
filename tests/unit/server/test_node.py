"""Registries and passwords are made once, shown once, and replaced one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from seawall.identity.credentials import renew_password
from seawall.identity.passwords import matching_credential
from seawall.management.creation import blank, create
from seawall.metadata import principals, registries
from seawall.naming import PUBLIC

if TYPE_CHECKING:
    from seawall.metadata.database import Database
    from seawall.metadata.principals import Principal


def user(database: Database, name: str) -> Principal:
    found = database.read_now(principals.find, "myregistry", name)
    assert found is not None
    return found


def test_a_new_registry_has_an_admin_user_and_an_account_nobody_can_guess(database: Database) -> None:
    registry, password = database.write_now(create, blank("myregistry", "eastus"))
    assert database.read_now(registries.find, "myregistry") == registry
    assert registry.home == "eastus"
    [replica] = registry.replicas
    assert len(PUBLIC.parse(PUBLIC.blob(replica.account)).account) == 24
    assert matching_credential(user(database, "myregistry"), password) is not None
    other, _ = database.write_now(create, blank("another", "eastus"))
    assert other.replicas[0].account != replica.account


@pytest.mark.parametrize("name", ["myregistry", "my", "My_Registry", "myregistry.evil"])
def test_a_name_that_is_taken_or_none_is_refused(database: Database, name: str) -> None:
    registry, password = database.write_now(create, blank("myregistry", "eastus"))
    with pytest.raises(ValueError, match="registry"):
        database.write_now(create, blank(name, "westus"))
    assert database.read_now(registries.list_all) == [registry]
    assert matching_credential(user(database, "myregistry"), password) is not None


def test_a_new_password_replaces_the_one_in_its_slot(database: Database) -> None:
    _, first = database.write_now(create, blank("myregistry", "eastus"))
    second = database.write_now(renew_password, "myregistry", "myregistry", slot="password2")
    third = database.write_now(renew_password, "myregistry", "myregistry")
    admin = user(database, "myregistry")
    assert [matching_credential(admin, one) is not None for one in (first, second, third)] == [False, True, True]


def test_a_new_password_changes_nothing_else(database: Database) -> None:
    database.write_now(create, blank("myregistry", "eastus"))
    database.write_now(renew_password, "myregistry", "edge-device", scope_map="team")
    made = user(database, "edge-device")
    assert (made.scope_map, made.enabled) == ("team", True)
    database.write_now(principals.put, "myregistry", replace(made, enabled=False))
    database.write_now(renew_password, "myregistry", "edge-device")
    now = user(database, "edge-device")
    assert (now.scope_map, now.enabled) == ("team", False)
    assert now.credentials != made.credentials
