"""Private endpoints are approved and rejected by operators, and shown to whoever checks the names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from seawall.metadata import log, regions, registries
from seawall.metadata.regions import Region
from seawall.private_endpoint import created, members
from seawall.topology import with_private_endpoint
from tests.unit.management.manager import NOTHING, REGISTRY, Manager, refused

ENDPOINT: Final = created("Office", "10.1.0.0/27", members(["eastus", "westus"]), {})
PLACE: Final = "/privateEndpointConnections/office"


@pytest.fixture(autouse=True)
def _with_endpoint(manager: Manager) -> None:
    manager.database.write_now(registries.put, with_private_endpoint(REGISTRY, ENDPOINT))


def decision(status: str, description: str = "") -> dict[str, Any]:
    return {"properties": {"privateLinkServiceConnectionState": {"status": status, "description": description}}}


def state(manager: Manager) -> tuple[str, str]:
    shown = manager.send("GET", manager.path(rest=PLACE)).json()["properties"]["privateLinkServiceConnectionState"]
    return shown["status"], shown["description"]


def test_an_endpoint_is_shown_in_every_place(manager: Manager) -> None:
    shown = manager.send("GET", manager.path(rest=PLACE)).json()
    assert shown["name"] == "Office"
    assert manager.send("GET", manager.path(rest="/privateEndpointConnections")).json() == {"value": [shown]}
    assert manager.send("GET", manager.path()).json()["properties"]["privateEndpointConnections"] == [shown]
    assert refused(manager.send("GET", manager.path(rest=f"{PLACE}x"))) == (404, "ResourceNotFound")
    assert refused(manager.send("PUT", manager.path(rest=f"{PLACE}x"), json=decision("Approved")))[0] == 404


def test_approval_turns_dedicated_data_endpoints_on(manager: Manager) -> None:
    assert state(manager) == ("Pending", "")
    assert manager.send("PUT", manager.path(rest=PLACE), json=decision("Approved", "a lab")).status_code == 200
    assert state(manager) == ("Approved", "a lab")
    shown = manager.send("GET", manager.path()).json()["properties"]
    assert shown["dataEndpointEnabled"] is True
    assert shown["dataEndpointHostNames"] == [
        "myregistry.eastus.data.registry.example",
        "myregistry.westus.data.registry.example",
    ]
    off = manager.send("PATCH", manager.path(), json={"properties": {"dataEndpointEnabled": False}})
    assert "Office needs dedicated data endpoints" in off.json()["error"]["message"]
    assert manager.send("PUT", manager.path(rest=PLACE), json=decision("rejected")).status_code == 200
    assert manager.send("GET", manager.path()).json()["properties"]["dataEndpointEnabled"] is True


def test_a_deleted_one_is_gone(manager: Manager) -> None:
    assert manager.send("DELETE", manager.path(rest=PLACE)).status_code == 200
    assert manager.send("DELETE", manager.path(rest=PLACE)).status_code == 204
    assert manager.send("GET", manager.path(rest="/privateEndpointConnections")).json() == {"value": []}


@pytest.mark.parametrize(
    "body",
    [
        decision("Perhaps"),
        decision("Approved", "x" * 1001),
        decision("Approved", "\0"),
        {"properties": {"privateLinkServiceConnectionState": {"status": "Approved", "description": 0}}},
        decision("", "\0"),
        NOTHING,
        [],
    ],
)
def test_decisions_that_are_none(manager: Manager, body: object) -> None:
    before = manager.database.read_now(log.head)
    assert refused(manager.send("PUT", manager.path(rest=PLACE), json=body))[0] == 400
    assert manager.database.read_now(log.head) == before


@pytest.mark.parametrize(("network", "status"), [("10.1.0.0/27", 201), ("10.1.0.0/30", 400)])
def test_a_further_replica_gets_an_address_or_is_refused(manager: Manager, network: str, status: int) -> None:
    one = replace(REGISTRY, replicas=REGISTRY.replicas[:1])
    endpoint = created(
        "Office", network, members(["eastus"]), {"registry": "10.1.0.1", "registry_data_eastus": "10.1.0.2"}
    )
    manager.database.write_now(registries.put, with_private_endpoint(one, endpoint))
    manager.database.write_now(regions.put, Region("westus", "", "key"))
    answer = manager.send("PUT", manager.path(rest="/replications/westus"), json={"location": "westus"})
    assert answer.status_code == status
    if status == 400:
        assert "no address is free" in answer.json()["error"]["message"]
        assert "registry_data_westus" in answer.json()["error"]["message"]
    kept = manager.database.read_now(registries.the, "myregistry")
    assert ("registry_data_westus", "10.1.0.4") in kept.private_endpoints[0].addresses or status == 400


def test_what_an_endpoint_needs(manager: Manager) -> None:
    [shown] = manager.send("GET", manager.path(rest="/privateLinkResources")).json()["value"]
    assert shown["properties"] == {
        "groupId": "registry",
        "requiredMembers": ["registry", "registry_data_eastus", "registry_data_westus"],
        "requiredZoneNames": ["privatelink.registry.example"],
    }
    assert manager.send("GET", manager.path(rest="/privateLinkResources/registry")).json() == shown
    assert refused(manager.send("GET", manager.path(rest="/privateLinkResources/other")))[0] == 404


def test_the_network_tells_which_name_has_which_address(manager: Manager) -> None:
    connection = manager.send("GET", manager.path(rest=PLACE)).json()
    endpoint = manager.send("GET", connection["properties"]["privateEndpoint"]["id"]).json()
    assert endpoint["properties"]["subnet"]["id"].endswith("/virtualNetworks/Office/subnets/default")
    [interface] = endpoint["properties"]["networkInterfaces"]
    shown = manager.send("GET", interface["id"]).json()["properties"]["ipConfigurations"]
    told = {
        one["properties"]["privateLinkConnectionProperties"]["fqdns"][0]: one["properties"]["privateIPAddress"]
        for one in shown
    }
    assert told == {
        "myregistry.registry.example": "10.1.0.4",
        "myregistry.eastus.data.registry.example": "10.1.0.5",
        "myregistry.westus.data.registry.example": "10.1.0.6",
    }
    assert refused(manager.send("GET", f"{interface['id']}x"))[0] == 404
