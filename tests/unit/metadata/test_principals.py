"""Who may sign in is kept by registry."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.metadata import principals
from seawall.metadata.principals import Credential, Principal

if TYPE_CHECKING:
    from seawall.metadata.database import Database

DEVICE: Final = Principal("edge-device", {"password": Credential("cred0001", "0" * 64)}, "team")
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
numbers = itertools.count()


@settings(max_examples=20)
@given(
    principal=st.builds(
        Principal,
        texts,
        st.dictionaries(st.sampled_from(["password", "password2"]), st.builds(Credential, texts, texts)),
        texts,
        st.booleans(),
    )
)
def test_a_principal_is_found_as_it_was_put(database: Database, principal: Principal) -> None:
    registry = f"registry{next(numbers)}"
    database.write_now(principals.put, registry, principal)
    assert database.read_now(principals.find, registry, principal.name) == principal
    assert database.read_now(principals.list_all, registry) == [principal]


def test_a_principal_belongs_to_one_registry(database: Database) -> None:
    database.write_now(principals.put, "myregistry", DEVICE)
    for registry, name in (("another", DEVICE.name), ("myregistry", DEVICE.name.upper()), ("myregistry", "edge")):
        assert database.read_now(principals.find, registry, name) is None
        assert database.write_now(principals.delete, registry, name) is False
    assert database.read_now(principals.list_all, "another") == []
    assert database.read_now(principals.find, "myregistry", DEVICE.name) == DEVICE


def test_principals_are_listed_by_name(database: Database) -> None:
    names = ["b", "a", "B", "a-b", "a_b", "1"]
    for name in names:
        database.write_now(principals.put, "myregistry", Principal(name, {}))
    assert [one.name for one in database.read_now(principals.list_all, "myregistry")] == sorted(names)


def test_a_deleted_principal_may_come_back_as_another(database: Database) -> None:
    assert database.write_now(principals.delete, "myregistry", DEVICE.name) is False
    database.write_now(principals.put, "myregistry", DEVICE)
    assert database.write_now(principals.delete, "myregistry", DEVICE.name) is True
    assert database.read_now(principals.find, "myregistry", DEVICE.name) is None
    assert database.read_now(principals.list_all, "myregistry") == []
    assert database.write_now(principals.delete, "myregistry", DEVICE.name) is False
    again = Principal(DEVICE.name, {}, "other", enabled=False)
    database.write_now(principals.put, "myregistry", again)
    assert database.read_now(principals.find, "myregistry", DEVICE.name) == again


def test_a_name_that_no_database_could_hold_is_nobodys(database: Database) -> None:
    database.write_now(principals.put, "myregistry", DEVICE)
    for name in ("\0", f"{DEVICE.name}\0", "a\0b", "", " ", "\N{SNOWMAN}", "a" * 100_000, "' OR 1=1 --", "%"):
        assert database.read_now(principals.find, "myregistry", name) is None


def test_scope_maps(database: Database) -> None:
    maps = {"b": ("repositories/b/content/read",), "a": (), "A": ("repositories/a/content/read", "x")}
    for name, actions in maps.items():
        database.write_now(principals.put_scope_map, "myregistry", name, actions)
    found = database.read_now(principals.list_scope_maps, "myregistry")
    assert found == maps
    assert list(found) == ["A", "a", "b"]
    assert database.read_now(principals.find_scope_map, "myregistry", "A") == maps["A"]
    assert database.read_now(principals.find_scope_map, "another", "A") is None
    database.write_now(principals.put_scope_map, "myregistry", "A", ("y",))
    assert database.read_now(principals.find_scope_map, "myregistry", "A") == ("y",)
    assert database.write_now(principals.delete_scope_map, "another", "A") is False
    assert database.write_now(principals.delete_scope_map, "myregistry", "A") is True
    assert database.read_now(principals.find_scope_map, "myregistry", "A") is None
    assert database.write_now(principals.delete_scope_map, "myregistry", "A") is False
