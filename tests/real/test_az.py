"""The article's commands by the unmodified Azure CLI, against a registry in two regions."""

from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from tests.real.azure_cli import AzureCli
from tests.real.images import digest_of
from tests.real.product import Product
from tests.real.registry import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = ("--name", "myregistry")
LAYER = b"a layer"
GUIDS = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    options = ("--region", "eastus", "--region", "westus")
    with Product(tmp_path_factory.mktemp("az"), *options, ports=12) as product:
        yield product


@pytest.fixture(scope="module")
def az(product: Product) -> AzureCli:
    return AzureCli(product.state)


@pytest.fixture(autouse=True)
def _as_before(az: AzureCli) -> Iterator[None]:
    """Leave the registry as it was."""
    yield
    az.answer("acr", "update", *NAME, "--sku", "Premium", "--data-endpoint-enabled", "false")


def trust(product: Product) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=product.ready.ca_file)


def link(repository: Repository) -> str:
    """Ask where a layer is."""
    return str(repository.expect(307, "GET", f"blobs/{digest_of(LAYER)}").headers["Location"])


def test_dedicated_data_endpoints_are_enabled_and_shown(az: AzureCli, product: Product) -> None:
    before = az.run("acr", "show-endpoints", *NAME)
    assert "data-endpoint-enabled" in before.stderr
    assert '"endpoint": "*.blob.localhost"' in before.stdout
    assert az.answer("acr", "update", *NAME, "--data-endpoint-enabled")["dataEndpointEnabled"] is True
    login, west = product.ready.login_server, product.ready_in("westus")
    ports = {"eastus": product.ready.data_endpoint.partition(":")[2], "westus": west.data_endpoint.partition(":")[2]}
    assert az.answer("acr", "show-endpoints", *NAME) == {
        "loginServer": login,
        "dataEndpoints": [
            {"endpoint": f"myregistry.{region}.data.localhost:{port}", "region": region}
            for region, port in ports.items()
        ],
    }


def test_the_switch_is_followed_by_the_next_redirect(az: AzureCli, product: Product) -> None:
    ready = product.ready
    with Repository(ready, "switch") as repository:
        repository.push_whole(LAYER)
        assert urlsplit(link(repository)).netloc == ready.blob_endpoint
        az.answer("acr", "update", *NAME, "--data-endpoint-enabled")
        assert urlsplit(link(repository)).netloc == ready.data_endpoint
        az.answer("acr", "update", *NAME, "--data-endpoint-enabled", "false")
        assert urlsplit(link(repository)).netloc == ready.blob_endpoint


def test_the_named_data_endpoint_is_there(az: AzureCli, product: Product) -> None:
    shown = az.answer("acr", "update", *NAME, "--data-endpoint-enabled")["dataEndpointHostNames"]
    with Repository(product.ready, "named") as repository:
        repository.push_whole(LAYER)
        given = urlsplit(link(repository))
    host, _, port = shown[0].partition(":")
    assert given.netloc == f"localhost:{port}"
    # Not every resolver knows that names below localhost are this machine, so the connection is led there.
    with httpx.Client(verify=trust(product), trust_env=False) as client:
        url = given._replace(netloc=f"127.0.0.1:{port}").geturl()
        answer = client.get(url, headers={"Host": shown[0]}, extensions={"sni_hostname": host})
    assert (answer.status_code, answer.content) == (200, LAYER)


def test_other_tiers_are_refused_what_needs_premium(az: AzureCli) -> None:
    assert "replications are not supported for the SKU Basic" in az.refusal("acr", "update", *NAME, "--sku", "Basic")
    assert az.answer("acr", "show", *NAME)["sku"] == {"name": "Premium", "tier": "Premium"}


def test_the_registry_is_listed_and_found(az: AzureCli, product: Product) -> None:
    [listed] = az.answer("acr", "list")
    assert (listed["name"], listed["location"], listed["loginServer"]) == (
        "myregistry",
        "eastus",
        product.ready.login_server,
    )
    assert az.answer("acr", "list", "--resource-group", "seawall") == [listed]
    assert "could not be found" in az.refusal("acr", "show", "--name", "another")
    checked = az.answer("acr", "check-name", *NAME)
    assert (checked["nameAvailable"], checked["reason"]) == (False, "AlreadyExists")
    assert az.answer("acr", "check-name", "--name", "another")["nameAvailable"] is True


def test_replications_are_shown(az: AzureCli) -> None:
    shown = az.answer("acr", "replication", "list", "--registry", "myregistry")
    assert [(one["location"], one["status"]["displayStatus"]) for one in shown] == [
        ("eastus", "Ready"),
        ("westus", "Ready"),
    ]
    one = az.answer("acr", "replication", "show", "--registry", "myregistry", *NAME[:1], "westus")
    assert one == shown[1]
    assert "was not found" in az.refusal("acr", "replication", "show", "-r", "myregistry", "-n", "northeurope")


def test_what_cannot_be_changed_about_a_replica_is_refused(az: AzureCli) -> None:
    about = ("acr", "replication", "update", "--registry", "myregistry", "--name", "westus")
    assert az.answer(*about, "--global-endpoint-routing", "true")["regionEndpointEnabled"] is True
    assert "seawall region drain" in az.refusal(*about, "--global-endpoint-routing", "false")
    assert "give them to the registry" in az.refusal(*about, "--tags", "team=a")


def test_a_replica_is_deleted_and_made_again(az: AzureCli) -> None:
    about = ("--registry", "myregistry", "--name", "westus")
    az.answer("acr", "update", *NAME, "--data-endpoint-enabled")
    az.answer("acr", "replication", "delete", *about)
    shown = az.answer("acr", "show-endpoints", *NAME)["dataEndpoints"]
    assert [one["region"] for one in shown] == ["eastus"]
    made = az.answer("acr", "replication", "create", "--registry", "myregistry", "--location", "westus")
    assert (made["name"], made["provisioningState"]) == ("westus", "Succeeded")
    shown = az.answer("acr", "show-endpoints", *NAME)["dataEndpoints"]
    assert [one["region"] for one in shown] == ["eastus", "westus"]
    there = "no node of northeurope takes part; there are: eastus, westus"
    assert there in az.refusal("acr", "replication", "create", "-r", "myregistry", "-l", "northeurope")
    assert "cannot be deleted" in az.refusal("acr", "replication", "delete", "-r", "myregistry", "-n", "eastus")


def test_network_rules_are_kept(az: AzureCli) -> None:
    rule = ("--ip-address", "192.0.2.0/24")
    az.answer("acr", "network-rule", "add", *NAME, *rule)
    shown = az.answer("acr", "network-rule", "list", *NAME)["ipRules"]
    assert [one["ipAddressOrRange"] for one in shown] == ["192.0.2.0/24"]
    # What is not mentioned stays.
    for action in ("Deny", "Allow"):
        changed = az.answer("acr", "update", *NAME, "--default-action", action)["networkRuleSet"]
        assert (changed["defaultAction"], len(changed["ipRules"])) == (action, 1)
    az.answer("acr", "network-rule", "remove", *NAME, *rule)
    assert az.answer("acr", "network-rule", "list", *NAME)["ipRules"] == []


def test_a_token_from_az_opens_the_registry(az: AzureCli, product: Product) -> None:
    given = az.answer("acr", "login", *NAME, "--expose-token")
    assert (given["loginServer"], given["username"]) == (product.ready.login_server, GUIDS)
    with httpx.Client(verify=trust(product), trust_env=False, auth=(GUIDS, given["refreshToken"])) as client:
        assert client.get(f"https://{product.ready.login_server}/v2/_catalog").status_code == 200


def test_an_operator_who_was_removed_is_refused(az: AzureCli, product: Product) -> None:
    other = AzureCli(product.state, set_up=False)
    made = json.loads(other.seawall("operator", "create", "--json"))
    other.environment |= az.environment | {"AZURE_CONFIG_DIR": str(product.state / "other")}
    management = f"https://localhost:{product.port + 4}"
    other.answer("cloud", "register", "--name", "Other", "--endpoint-resource-manager", management)
    other.answer("cloud", "set", "--name", "Other")
    login = ("login", "--service-principal", "--tenant", "adfs", "--username", made["operator"], "--password")
    assert "is wrong" in other.refusal(*login, "something")
    other.answer(*login, made["secret"])
    assert [one["name"] for one in other.answer("acr", "list")] == ["myregistry"]
    other.seawall("operator", "remove", made["operator"])
    assert "withdrawn" in other.refusal("acr", "list")
