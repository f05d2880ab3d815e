"""Managing registries: who may, what is refused and in which words, and that nothing else is changed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.management.changes import changed
from seawall.management.errors import ManagementError
from seawall.metadata import log, peers, principals, regions, registries
from seawall.metadata.clock import wall_milliseconds
from seawall.metadata.regions import Region
from seawall.tag_rule import TagRule
from seawall.tiers import Tiers, limits_of
from tests.unit.management.manager import NOTHING, ORIGIN, REGISTRY, Manager, refused

if TYPE_CHECKING:
    from seawall.topology import Registry

AZURE: Final = limits_of(Tiers.AZURE)


def test_the_cloud_describes_itself_to_anybody(manager: Manager) -> None:
    told = manager.send("GET", "/metadata/endpoints?api-version=2022-09-01", token="").json()
    assert told["resourceManager"] == ORIGIN
    assert told["authentication"]["audiences"] == [ORIGIN]
    assert told["authentication"]["loginEndpoint"] == f"{ORIGIN}/adfs"
    assert told["suffixes"] == {"acrLoginServer": "registry.example", "storage": "registry.example"}


@pytest.mark.parametrize("path", ["/subscriptions", "/tenants", "/subscriptions/x/resources", "/nonsense", "/"])
@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
def test_nothing_else_is_told_to_strangers(manager: Manager, path: str, token: str) -> None:
    answer = manager.send("GET", path, token=token)
    assert refused(answer) == (401, "AuthenticationFailed")
    assert answer.headers["www-authenticate"] == f'Bearer authorization_uri="{ORIGIN}/adfs"'


def test_tokens_for_registries_manage_nothing(manager: Manager) -> None:
    token = manager.sign_in("https://containerregistry.azure.net").json()["access_token"]
    assert refused(manager.send("GET", "/subscriptions", token=token)) == (401, "AuthenticationFailed")


def test_whoever_is_removed_is_out_at_once(manager: Manager) -> None:
    assert manager.send("GET", "/subscriptions").status_code == 200
    manager.database.write_now(principals.delete, principals.CLOUD, manager.name)
    assert refused(manager.send("GET", "/subscriptions")) == (401, "AuthenticationFailed")
    assert manager.sign_in(ORIGIN).json()["error"] == "invalid_client"


def test_a_registry_is_found_whatever_the_case_and_the_version(manager: Manager) -> None:
    path = manager.path()
    plain = manager.send("GET", path).json()
    for other in (path.lower(), path.replace("resourceGroups", "RESOURCEGROUPS"), f"{path}?api-version=1999-01-01"):
        assert manager.send("GET", other).json() == plain
    assert plain["properties"]["loginServer"] == "myregistry.registry.example"
    assert plain["id"] == path


def test_resources_are_filtered(manager: Manager) -> None:
    def names(condition: str) -> list[str]:
        found = manager.send("GET", f"{manager.subscription}/resources", params={"$filter": condition})
        return [one["name"] for one in found.json()["value"]]

    kind = "resourceType eq 'Microsoft.ContainerRegistry/registries'"
    assert names(kind) == ["basicregistry", "myregistry"]
    assert names(f"{kind} and name eq 'MyRegistry'") == ["myregistry"]
    assert names("resourceType eq 'Microsoft.Network/virtualNetworks'") == []


@pytest.mark.parametrize(
    ("method", "rest", "status", "code"),
    [
        ("GET", "/resourceGroups/another", 404, "ResourceGroupNotFound"),
        (
            "GET",
            "/resourceGroups/another/providers/Microsoft.ContainerRegistry/registries",
            404,
            "ResourceGroupNotFound",
        ),
        ("GET", "/providers/Microsoft.Compute/disks", 404, "InvalidResourceType"),
        # PostgreSQL refuses to compare with a NUL.
        *(
            (
                "GET",
                f"/providers/Microsoft.ContainerRegistry/locations/eastus/operationResults/{name}",
                404,
                "ResourceNotFound",
            )
            for name in ("%00", "nonsense", "00000000-0000-0000-0000-000000000001")
        ),
        ("POST", "/resources", 404, "InvalidResourceType"),
    ],
)
def test_what_there_is_not(manager: Manager, method: str, rest: str, status: int, code: str) -> None:
    assert refused(manager.send(method, manager.subscription + rest)) == (status, code)


@pytest.mark.parametrize("path", ["/metadata/endpoints", "/tenants", "/subscriptions"])
@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE"])
def test_what_is_only_read_is_not_answered_as_if_it_were_read(manager: Manager, method: str, path: str) -> None:
    assert refused(manager.send(method, path)) == (404, "InvalidResourceType")


@pytest.mark.parametrize("body", [0, "brandnew", [], {}, {"name": None}, {"name": 123456}])
def test_only_a_text_can_be_asked_about_as_a_name(manager: Manager, body: object) -> None:
    path = f"{manager.subscription}/providers/Microsoft.ContainerRegistry/checkNameAvailability"
    assert refused(manager.send("POST", path, json=body)) == (400, "InvalidRequest")
    assert manager.send("POST", path, json={"name": "brandnew"}).json() == {"nameAvailable": True}


def test_registries_and_replicas_that_there_are_not(manager: Manager) -> None:
    assert refused(manager.send("GET", manager.path("another"))) == (404, "ResourceNotFound")
    assert refused(manager.send("PATCH", manager.path("another"), json=NOTHING)) == (404, "ResourceNotFound")
    for region in ("northeurope", "x" * 300, "%00"):
        assert refused(manager.send("GET", manager.path(rest=f"/replications/{region}")))[0] == 404
    other = manager.path().replace(manager.subscription, "/subscriptions/00000000-0000-0000-0000-000000000000")
    assert refused(manager.send("GET", other)) == (404, "SubscriptionNotFound")


@pytest.mark.parametrize(
    ("method", "registry", "region", "body", "named"),
    [
        ("PUT", "myregistry", "northeurope", {"location": "northeurope"}, "northeurope"),
        ("PUT", "myregistry", "westus", {"location": "eastus"}, "called by its region"),
        ("PUT", "myregistry", "westus", {"location": 0}, "'location'"),
        ("PUT", "myregistry", "westus", {"properties": 0}, "'properties'"),
        ("PUT", "myregistry", "westus", {"properties": {"regionEndpointEnabled": False}}, "regionEndpointEnabled"),
        ("PUT", "myregistry", "westus", {"properties": {"regionEndpointEnabled": 1}}, "regionEndpointEnabled"),
        ("PATCH", "myregistry", "westus", {"properties": {"regionEndpointEnabled": False}}, "seawall region drain"),
        ("PATCH", "myregistry", "westus", {"tags": {"team": "a"}}, "give them to the registry"),
        ("PUT", "myregistry", "westus", "nonsense", "JSON object"),
        ("PUT", "basicregistry", "westus", {"location": "West US"}, "replications are not supported for the SKU"),
        ("DELETE", "myregistry", "eastus", None, "at home"),
        ("DELETE", "basicregistry", "eastus", None, "at home"),
    ],
)
def test_replicas_that_cannot_be(
    manager: Manager, method: str, registry: str, region: str, body: object, named: str
) -> None:
    for name in ("eastus", "westus"):
        manager.database.write_now(regions.put, Region(name, "", "key"))
    before = manager.send("GET", manager.path(registry, "/replications")).json()
    answer = manager.send(method, manager.path(registry, f"/replications/{region}"), json=body)
    assert answer.status_code == 400
    assert named in answer.json()["error"]["message"]
    assert manager.send("GET", manager.path(registry, "/replications")).json() == before


def test_a_replica_comes_and_goes(manager: Manager) -> None:
    manager.database.write_now(regions.put, Region("southindia", "", "key"))
    path = manager.path(rest="/replications/southindia")
    made = manager.send("PUT", path, json={"location": "South India"})
    assert (made.status_code, made.json()["properties"]["provisioningState"]) == (201, "Succeeded")
    again = manager.send("PUT", path, json={"location": "southindia"})
    assert (again.status_code, again.json()) == (200, made.json())
    assert [manager.send("DELETE", path).status_code for _ in range(2)] == [200, 204]
    assert refused(manager.send("GET", path)) == (404, "ResourceNotFound")


def test_how_a_replica_stands_is_said(manager: Manager) -> None:
    def status(region: str) -> dict[str, str]:
        found: dict[str, str] = manager.send("GET", manager.path(rest=f"/replications/{region}")).json()["properties"][
            "status"
        ]
        return found

    ready = {"displayStatus": "Ready"}
    assert status("eastus") == ready
    assert status("westus") == {"displayStatus": "Syncing", "message": "no node of this region takes part"}
    for name in ("eastus", "westus"):
        manager.database.write_now(regions.put, Region(name, f"https://{name}.geo.example", "key"))
    assert status("westus")["message"] == "never heard of"
    now = wall_milliseconds()
    manager.database.note_now(peers.heard, "westus", log.Head("one", 7), 7, now)
    assert status("westus") == ready
    manager.database.note_now(peers.heard, "westus", log.Head("one", 7), 9, now)
    assert status("westus")["message"].startswith("eastus lacks 2 changes of it")
    manager.database.note_now(peers.failed, "westus", "it hung up", now)
    assert status("westus")["message"] == "cannot be followed: it hung up"


def test_the_switch_opens_a_data_endpoint_in_each_region(manager: Manager) -> None:
    on = manager.send("PATCH", manager.path(), json={"properties": {"dataEndpointEnabled": True}})
    hosts = ["myregistry.eastus.data.registry.example", "myregistry.westus.data.registry.example"]
    assert (on.status_code, on.json()["properties"]["dataEndpointHostNames"]) == (200, hosts)
    assert manager.send("GET", manager.path()).json() == on.json()
    off = manager.send("PATCH", manager.path(), json={"properties": {"dataEndpointEnabled": False}})
    assert off.json()["properties"]["dataEndpointHostNames"] == []


def test_basic_is_refused_the_switch_in_the_words_of_the_service(manager: Manager) -> None:
    before = manager.database.read_now(log.head)
    answer = manager.send("PATCH", manager.path("basicregistry"), json={"properties": {"dataEndpointEnabled": True}})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("data endpoint rule is not supported for the SKU Basic:")
    assert manager.database.read_now(log.head) == before


def test_rules_by_service_tag_are_told_and_stay(manager: Manager) -> None:
    rule = TagRule("AzureDevOps", "Public", 1, "192.0.2.0/24")
    with_it = replace(REGISTRY, network=REGISTRY.network.with_tag(rule))
    manager.database.write_now(registries.put, with_it)
    told = manager.send("GET", manager.path()).json()["properties"]["networkRuleSet"]
    assert told["serviceTagRules"] == [{"action": "Allow", "value": "AzureDevOps"}]
    # As the Azure CLI does it: what was told is sent back with something more in it.
    wanted = told | {"defaultAction": "Deny", "ipRules": [{"action": "Allow", "value": "203.0.113.7"}]}
    changed = manager.send("PATCH", manager.path(), json={"properties": {"networkRuleSet": wanted}})
    assert changed.json()["properties"]["networkRuleSet"]["serviceTagRules"] == told["serviceTagRules"]
    kept = manager.database.read_now(registries.the, REGISTRY.name).network
    assert (kept.tags, kept.count, kept.admits("192.0.2.9")) == ((rule,), 2, True)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"properties": {"dataEndpointEnabled": "yes"}}, "dataEndpointEnabled"),
        ({"properties": {"publicNetworkAccess": "Perhaps"}}, "publicNetworkAccess"),
        ({"properties": {"networkRuleSet": {"defaultAction": "Perhaps"}}}, "networkRuleSet"),
        ({"properties": {"networkRuleSet": {"ipRules": [{"value": "nonsense"}]}}}, "networkRuleSet"),
        ({"properties": {"networkRuleSet": {"ipRules": "nonsense"}}}, "ipRules"),
        # Read as a list, each of these would take all rules away.
        ({"properties": {"networkRuleSet": {"ipRules": ""}}}, "ipRules"),
        ({"properties": {"networkRuleSet": {"ipRules": {}}}}, "ipRules"),
        ({"properties": {"networkRuleSet": {"ipRules": [{"value": "192.0.2.7", "action": "Deny"}]}}}, "Allow"),
        ({"properties": {"networkRuleSet": {"virtualNetworkRules": ""}}}, "virtualNetworkRules"),
        ({"properties": {"networkRuleSet": "nonsense"}}, "networkRuleSet"),
        ({"properties": {"networkRuleSet": {"virtualNetworkRules": [{"id": "x"}]}}}, "virtualNetworkRules"),
        ({"properties": {"networkRuleSet": {"serviceTagRules": [{"value": "AzureDevOps"}]}}}, "seawall network-rule"),
        ({"properties": {"policies": {"softDeletePolicy": {"status": "enabled"}}}}, "policies"),
        ({"properties": "nonsense"}, "properties"),
        ({"properties": 0}, "properties"),
        ({"location": []}, "location"),
        ({"sku": {"name": "Gold"}}, "Gold"),
        ({"sku": {"name": "Basic"}}, "replications are not supported for the SKU"),
        ([], "JSON object"),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_changes_nothing(manager: Manager, body: object, named: str) -> None:
    before = manager.database.read_now(log.head)
    answer = manager.send("PATCH", manager.path(), json=body)
    assert answer.status_code == 400
    assert named in answer.json()["error"]["message"]
    assert manager.database.read_now(log.head) == before


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000])
def test_bodies_that_are_no_json(manager: Manager, body: bytes) -> None:
    assert refused(manager.send("PATCH", manager.path(), content=body)) == (400, "InvalidRequestContent")


def test_saying_what_is_so_already_writes_nothing(manager: Manager) -> None:
    described = manager.send("GET", manager.path()).json()
    before = manager.database.read_now(log.head)
    assert manager.send("PATCH", manager.path(), json=described).json() == described
    assert manager.database.read_now(log.head) == before


JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
NAMES: Final = st.sampled_from(
    ["dataEndpointEnabled", "networkRuleSet", "adminUserEnabled", "publicNetworkAccess", "ipRules", "defaultAction"]
)


def test_network_rules_are_changed_as_far_as_they_are_mentioned() -> None:
    def told(registry: Registry, **rules: object) -> Registry:
        return changed(registry, {"properties": {}}, {"properties": {"networkRuleSet": rules}}, AZURE)

    ruled = told(REGISTRY, defaultAction="Deny", ipRules=[{"value": "192.0.2.0/24"}])
    assert ruled.network.admits("192.0.2.7")
    assert not ruled.network.admits("198.51.100.7")
    assert told(ruled, defaultAction="Allow").network.ranges == ruled.network.ranges
    assert told(ruled, ipRules=[]).network.default_action is ruled.network.default_action


@given(st.dictionaries(st.sampled_from(["properties", "sku", "tags"]), st.dictionaries(NAMES, JSON) | JSON) | JSON)
def test_whatever_is_asked_is_done_or_refused(body: object) -> None:
    # Any other exception would be a fault of ours.
    with suppress(ManagementError):
        new = changed(REGISTRY, {"properties": {}}, body, AZURE)
        assert (new.name, new.replicas) == (REGISTRY.name, REGISTRY.replicas)


def test_a_body_has_a_limit(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seawall.management.call._LARGEST", 10)
    assert refused(manager.send("PATCH", manager.path(), content=b" " * 11))[0] == 413
