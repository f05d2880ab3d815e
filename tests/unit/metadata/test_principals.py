"""Who may sign in is kept by registry."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.metadata import fields, principals
from seawall.metadata.principals import Credential, Principal
from seawall.metadata.schema import PRINCIPAL

if TYPE_CHECKING:
    from seawall.metadata.database import Database

DEVICE: Final = Principal("edge-device", {"password": Credential("cred0001", "0" * 64)}, "team")
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
moments = st.none() | st.floats(0, 253_402_300_799.999)
numbers = itertools.count()


@settings(max_examples=20)
@given(
    principal=st.builds(
        Principal,
        texts,
        st.dictionaries(
            st.sampled_from(["password", "password2"]), st.builds(Credential, texts, texts, moments, moments)
        ),
        texts,
        st.booleans(),
        moments,
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


def test_a_password_counts_until_it_expires() -> None:
    expiring = Principal("edge-device", {"password": Credential("cred0001", "0" * 64, expires=1000.0)})
    assert expiring.holds("cred0001", 999.9)
    assert not expiring.holds("cred0001", 1000.0)
    assert DEVICE.holds("cred0001", 1e12)
    assert not DEVICE.holds("cred0002", 0.0)


def test_what_is_not_said_of_a_principal_is_not_written(database: Database) -> None:
    # Older Seawalls wrote it so: what is so already is not written again once they are brought up to date.
    database.write_now(principals.put, "myregistry", DEVICE)
    kept = database.read_now(fields.read, PRINCIPAL, ("myregistry", DEVICE.name))
    assert kept.keys() == {"scope_map", "enabled", "credential/password"}
    assert kept["credential/password"] == {"identifier": "cred0001", "sha256": "0" * 64}
