"""Registries come and go, and nothing of one that went is left to the next of that name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from seawall.doors import LocalDoors
from seawall.identity.keyring import ensure_keys
from seawall.management.api import ManagementApi
from seawall.metadata import log, principals, registries, webhooks
from seawall.metadata.schema import REPLICATED
from seawall.metadata.webhooks import Webhook
from seawall.naming import Cloud, Host, Role
from seawall.tiers import Tiers, limits_of
from tests.unit.management.manager import Manager, refused

if TYPE_CHECKING:
    from seawall.metadata.database import Database

WANTED: dict[str, Any] = {"location": "East US", "sku": {"name": "Premium"}, "tags": {"team": "a"}}


def test_a_registry_is_made_as_it_was_asked_for(manager: Manager) -> None:
    body = WANTED | {"properties": {"adminUserEnabled": True, "dataEndpointEnabled": True}}
    answer = manager.send("PUT", manager.path("brandnew"), json=body)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["location"], made["sku"]["name"], made["tags"]) == (manager.database.region, "Premium", {"team": "a"})
    assert made["properties"]["provisioningState"] == "Succeeded"
    assert made["properties"]["dataEndpointHostNames"] == ["brandnew.eastus.data.registry.example"]
    assert made["properties"]["creationDate"].startswith("20")
    assert manager.send("GET", manager.path("BrandNew")).json() == made
    # Asked for once more, it is as it is.
    before = manager.database.read_now(log.head)
    assert manager.send("PUT", manager.path("brandnew"), json=body).status_code == 200
    assert manager.database.read_now(log.head) == before


def test_its_admin_user_is_off_until_somebody_wants_one(manager: Manager) -> None:
    made = manager.send("PUT", manager.path("brandnew"), json=WANTED).json()
    assert made["properties"]["adminUserEnabled"] is False
    assert manager.database.read_now(principals.find, "brandnew", "brandnew") is not None


@pytest.mark.parametrize(
    ("name", "body", "status", "why"),
    [
        ("no", WANTED, 400, "5 to 50"),
        ("a_b_c_d_e", WANTED, 400, "5 to 50"),
        ("brandnew", WANTED | {"location": "nowhere"}, 400, "there are: eastus"),
        ("brandnew", WANTED | {"sku": {"name": "Gold"}}, 400, "Gold"),
        ("brandnew", WANTED | {"sku": {"name": "Basic"}, "properties": {"dataEndpointEnabled": True}}, 400, "Basic"),
        ("brandnew", WANTED | {"properties": {"encryption": {"status": "enabled"}}}, 400, "encryption"),
        ("brandnew", WANTED | {"tags": {"a": 1}}, 400, "tags"),
        ("brandnew", [], 400, "JSON object"),
        ("myregistry", WANTED | {"location": "westus"}, 409, "cannot move"),
    ],
)
def test_what_cannot_be_is_refused_and_makes_nothing(
    manager: Manager, name: str, body: object, status: int, why: str
) -> None:
    before = manager.database.read_now(log.head)
    answer = manager.send("PUT", manager.path(name), json=body)
    assert answer.status_code == status
    assert why in answer.json()["error"]["message"]
    assert manager.database.read_now(log.head) == before


def test_a_deleted_registry_is_gone_with_everything(manager: Manager) -> None:
    database = manager.database
    database.write_now(webhooks.put, Webhook("myregistry", "hook", "https://hooks.example/secret", secret="hidden"))
    assert manager.send("DELETE", manager.path()).status_code == 200
    assert manager.send("DELETE", manager.path()).status_code == 404
    assert refused(manager.send("GET", manager.path())) == (404, "ResourceNotFound")
    for table in REPLICATED:
        if "registry" in table.c:
            query = select(table).where(table.c.registry == "myregistry")
            kept = database.read_now(lambda connection, query: connection.execute(query).all(), query)
            assert all(row.deleted for row in kept), table.name
            assert "hidden" not in str(kept)
    assert database.read_now(registries.find, "basicregistry") is not None
    assert manager.send("PUT", manager.path(), json=WANTED).status_code == 201
    assert database.read_now(webhooks.of, "myregistry") == ()


def test_where_there_are_ports_for_one_registry_there_is_one(database: Database, one_token_key: None) -> None:  # noqa: ARG001
    database.write_now(ensure_keys)
    manager = Manager(database)
    login = Host(Role.LOGIN, registry="myregistry")
    doors = LocalDoors({login: 5000, Host(Role.OPERATORS): 5004})
    manager.api = ManagementApi(Cloud.own("localhost"), doors, database, limits_of(Tiers.AZURE))
    manager.origin = "https://localhost:5004"
    manager.token = manager.sign_in(manager.origin).json()["access_token"]
    for method, name in (("PUT", "brandnew"), ("DELETE", "myregistry")):
        assert refused(manager.send(method, manager.path(name), json=WANTED)) == (409, "RegistryStatusConflict")
    assert database.read_now(registries.find, "myregistry") is not None
