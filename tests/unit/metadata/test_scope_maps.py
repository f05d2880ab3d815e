"""Scope maps are kept by registry and name, with what is said of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seawall.metadata import scope_maps
from seawall.metadata.scope_maps import ScopeMap
from tests.unit.metadata.shipping import everything

if TYPE_CHECKING:
    from seawall.metadata.database import Database


def test_scope_maps_are_found_as_they_were_put(database: Database) -> None:
    some = [
        ScopeMap("A", ("repositories/a/content/read", "x"), "For A", 1000.5),
        ScopeMap("a", ()),
        ScopeMap("b", ("repositories/b/content/read",)),
    ]
    for one in reversed(some):
        database.write_now(scope_maps.put, "myregistry", one)
    assert database.read_now(scope_maps.list_all, "myregistry") == some
    assert database.read_now(scope_maps.find, "myregistry", "A") == some[0]
    assert database.read_now(scope_maps.find, "another", "A") is None
    changed = ScopeMap("A", ("y",))
    database.write_now(scope_maps.put, "myregistry", changed)
    assert database.read_now(scope_maps.find, "myregistry", "A") == changed


def test_scope_maps_are_deleted(database: Database) -> None:
    database.write_now(scope_maps.put, "myregistry", ScopeMap("A", ()))
    assert database.write_now(scope_maps.delete, "another", "A") is False
    assert database.write_now(scope_maps.delete, "myregistry", "A") is True
    assert database.read_now(scope_maps.find, "myregistry", "A") is None
    assert database.write_now(scope_maps.delete, "myregistry", "A") is False


def test_what_is_so_already_is_not_written_again(database: Database) -> None:
    one = ScopeMap("A", ("repositories/a/content/read",), "For A", 1000.5)
    database.write_now(scope_maps.put, "myregistry", one)
    kept = database.read_now(everything)
    database.write_now(scope_maps.put, "myregistry", one)
    assert database.read_now(everything) == kept
