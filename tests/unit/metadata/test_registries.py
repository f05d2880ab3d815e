"""Registries and repositories are found as they were put."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings

from seawall.metadata import registries, repositories
from seawall.metadata.repositories import Repository
from seawall.topology import Registry, Replica, Tier
from tests.unit.test_topology import premium_registries

if TYPE_CHECKING:
    from seawall.metadata.database import Database

PLAIN: Final = Registry("myregistry", "eastus", (Replica("eastus", "account1"),), tier=Tier.BASIC)


@settings(max_examples=15)
@given(registry=premium_registries())
def test_a_registry_is_found_as_it_was_put(database: Database, registry: Registry) -> None:
    database.write_now(registries.put, registry)
    assert database.read_now(registries.find, registry.name) == registry
    assert registry in database.read_now(registries.list_all)


SWITCHED: Final = [
    Registry("myregistry", "eastus", PLAIN.replicas, data_endpoints=True),
    Registry("myregistry", "eastus", PLAIN.replicas, anonymous_pull=True),
    Registry("myregistry", "eastus", PLAIN.replicas, admin=False),
    Registry("myregistry", "eastus", PLAIN.replicas, deletes=False),
]


@pytest.mark.parametrize("switched", SWITCHED, ids=["data endpoints", "anonymous pull", "admin", "deletes"])
def test_every_switch_is_kept(database: Database, switched: Registry) -> None:
    for registry in (switched, Registry("myregistry", "eastus", PLAIN.replicas), switched):
        database.write_now(registries.put, registry)
        assert database.read_now(registries.find, "myregistry") == registry


def test_registries_are_listed_by_name(database: Database) -> None:
    assert database.read_now(registries.list_all) == []
    named = [replace(PLAIN, name=name) for name in ("zzzzz", "aaaaa", "mmmmm-1", "mmmmm")]
    for registry in named:
        database.write_now(registries.put, registry)
    assert [one.name for one in database.read_now(registries.list_all)] == ["aaaaa", "mmmmm", "mmmmm-1", "zzzzz"]


def test_a_registry_is_found_by_any_of_its_accounts(database: Database) -> None:
    two = Registry("another", "eastus", (Replica("eastus", "account2"), Replica("westus", "account3")))
    for registry in (PLAIN, two):
        database.write_now(registries.put, registry)
    assert database.read_now(registries.with_account, "account1") == PLAIN
    assert database.read_now(registries.with_account, "account3") == two
    assert database.read_now(registries.with_account, "account") is None
    assert database.read_now(registries.with_account, "") is None


def test_a_registry_that_is_not_there(database: Database) -> None:
    assert database.read_now(registries.find, "myregistry") is None
    with pytest.raises(LookupError):
        database.read_now(registries.the, "myregistry")
    database.write_now(registries.put, PLAIN)
    assert database.read_now(registries.the, "myregistry") == PLAIN


def test_repositories_are_listed_by_code_point_in_pages(database: Database) -> None:
    names = ["a", "a-b", "a.b", "a/b", "a0", "a_b", "aa", "b", "team/app", "team0"]
    for name in reversed(names):
        for _ in range(2):
            database.write_now(repositories.put, Repository("myregistry", name))
    database.write_now(repositories.put, Repository("another", "elsewhere"))
    assert list(database.read_now(repositories.page, "myregistry", "", 100)) == sorted(names)
    assert list(database.read_now(repositories.page, "myregistry", "a/b", 3)) == ["a0", "a_b", "aa"]
    assert list(database.read_now(repositories.page, "myregistry", "", 0)) == []
    assert list(database.read_now(repositories.page, "myregistry", "zzz", 5)) == []
    assert list(database.read_now(repositories.page, "nobodys", "", 5)) == []


def test_a_repository_is_there_once_it_was_put(database: Database) -> None:
    here = Repository("myregistry", "team/app")
    database.write_now(repositories.put, here)
    assert database.read_now(repositories.exists, here) is True
    for other in (Repository("myregistry", "team"), Repository("another", "team/app")):
        assert database.read_now(repositories.exists, other) is False
