"""A registry's network rules are found as they were put; some registries are older than such rules."""

from __future__ import annotations

import json
from ipaddress import ip_network
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from seawall.metadata import registries
from seawall.metadata.schema import REGISTRY
from seawall.network import EVERYBODY, Action, NetworkRules, Range
from seawall.topology import Registry, Replica, Tier

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from seawall.metadata.database import Database
    from seawall.metadata.rows import Writer

HOME: Final = (Replica("eastus", "account1"),)

ranges = st.one_of(
    st.builds("{}/{}".format, st.ip_addresses(v=4), st.integers(0, 32)),
    st.builds("{}/{}".format, st.ip_addresses(network="2001:db8::/32"), st.integers(0, 128)),
).map(lambda written: ip_network(written, strict=False))


@settings(max_examples=15)
@given(found=st.lists(ranges, max_size=8), action=st.sampled_from(Action))
def test_rules_are_found_as_they_were_put(database: Database, found: list[Range], action: Action) -> None:
    registry = Registry("myregistry", "eastus", HOME, network=NetworkRules(action).adding(found))
    database.write_now(registries.put, registry)
    assert database.read_now(registries.find, "myregistry") == registry
    assert database.read_now(registries.with_account, "account1") == registry


@pytest.mark.parametrize("tier", Tier)
def test_a_registry_that_is_older_than_the_rules_answers_everybody(database: Database, tier: Tier) -> None:
    registry = Registry("myregistry", "eastus", HOME, tier=tier)
    database.write_now(registries.put, registry)
    document = json.loads(database.read_now(_document))
    assert document.pop("network") == {"default_action": "allow", "ranges": []}
    database.write_now(_put, json.dumps(document))
    (found,) = database.read_now(registries.list_all)
    assert found == registry
    assert found.network == EVERYBODY


def _document(connection: Connection) -> str:
    return str(connection.execute(select(REGISTRY.c.document)).scalar_one())


def _put(writer: Writer, document: str) -> None:
    writer.put(REGISTRY, registry="myregistry", document=document)
