"""What the Azure CLI does with registries that have names of their own, on port 443."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.real.clients import tool
from tests.real.named import DOMAIN, PUBLIC, Named
from tests.support.nets import needs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.real.named import NamedAzureCli

pytestmark = needs()

NAME = ("--name", "myregistry")
REGISTRY = ("--registry-name", "myregistry")
LOGIN = f"myregistry.{DOMAIN}"


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Named]:
    tool("az")
    with Named(tmp_path_factory.mktemp("named")) as named:
        yield named


@pytest.fixture(scope="module")
def az(named: Named) -> NamedAzureCli:
    return named.az


def status(named: Named, host: str, *how: str) -> int:
    """Ask a host's base, and say what it answers."""
    command = ("curl", "-sS", "--max-time", "10", "--cacert", str(named.ca_file), "-o", "/dev/null")
    done = named.az.call(*command, "-w", "%{http_code}", *how, f"https://{host}/v2/")
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_a_registry_is_created_used_and_deleted(named: Named, az: NamedAzureCli) -> None:
    made = az.answer(
        "acr", "create", "--name", "brandnew", "--resource-group", "seawall", "--sku", "Premium", "--tags", "team=a"
    )
    assert (made["loginServer"], made["provisioningState"]) == (f"brandnew.{DOMAIN}", "Succeeded")
    assert (made["tags"], made["adminUserEnabled"], made["location"]) == ({"team": "a"}, False, "eastus")
    assert made["creationDate"].startswith("20")
    assert status(named, f"brandnew.{DOMAIN}") == 401
    assert [one["name"] for one in az.answer("acr", "list")] == ["brandnew", "myregistry"]
    changed = az.answer("acr", "update", "--name", "brandnew", "--tags", "team=b", "--admin-enabled", "true")
    assert (changed["tags"], changed["adminUserEnabled"]) == ({"team": "b"}, True)
    az.answer("acr", "delete", "--name", "brandnew", "--yes")
    assert "could not be found" in az.refusal("acr", "show", "--name", "brandnew")
    assert status(named, f"brandnew.{DOMAIN}") == 421


def test_what_cannot_be_created_is_refused(az: NamedAzureCli) -> None:
    about = ("acr", "create", "--resource-group", "seawall", "--name", "brandnew", "--sku")
    assert "there are: eastus" in az.refusal(*about, "Premium", "--location", "westus")
    assert "not supported for the SKU Basic" in az.refusal(*about, "Basic", "--public-network-enabled", "false")


def test_health_is_checked(az: NamedAzureCli) -> None:
    done = az.run("acr", "check-health", *NAME, "--ignore-errors", "--yes")
    for good in (f"DNS lookup to {LOGIN} at IP {PUBLIC} : OK", f"Challenge endpoint https://{LOGIN}/v2/ : OK"):
        assert good in done.stdout + done.stderr
    for token in ("refresh", "access"):
        assert f"Fetch {token} token for registry '{LOGIN}' : OK" in done.stdout + done.stderr


def test_a_closed_registry_answers_private_endpoints_only(named: Named, az: NamedAzureCli) -> None:
    named.seawall("private-endpoint", "create", "office", "--network", "10.1.0.0/27", "-r", "myregistry")
    named.net.owns("10.1.0.4/32", "10.1.0.5/32")
    [resource] = az.answer("acr", "private-link-resource", "list", *NAME)
    assert resource["requiredMembers"] == ["registry", "registry_data_eastus"]
    shown = az.answer("acr", "private-endpoint-connection", "list", *REGISTRY)
    assert [one["privateLinkServiceConnectionState"]["status"] for one in shown] == ["Pending"]
    closed = az.answer("acr", "update", *NAME, "--public-network-enabled", "false")
    assert (closed["publicNetworkAccess"], closed["dataEndpointEnabled"]) == ("Disabled", False)
    private = ("--resolve", f"{LOGIN}:443:10.1.0.4")
    assert status(named, LOGIN) == 403
    assert status(named, LOGIN, *private) == 403
    about = ("acr", "private-endpoint-connection")
    decided = az.answer(*about, "approve", *REGISTRY, "--name", "office", "--description", "a lab")
    assert decided["privateLinkServiceConnectionState"] == state("Approved", "a lab")
    # It is on by itself, as the article says.
    endpoints = az.answer("acr", "show-endpoints", *NAME)
    assert endpoints == {
        "loginServer": LOGIN,
        "dataEndpoints": [{"region": "eastus", "endpoint": f"myregistry.eastus.data.{DOMAIN}"}],
    }
    assert (status(named, LOGIN), status(named, LOGIN, *private)) == (403, 401)
    az.lead(named.seawall("private-endpoint", "dns", "office", "--form", "hosts", "-r", "myregistry"))
    checked = az.run("acr", "check-health", *NAME, "--ignore-errors", "--yes", "--vnet", "office")
    assert "DNS routing to private endpoint : OK" in checked.stdout + checked.stderr
    assert f"Fetch access token for registry '{LOGIN}' : OK" in checked.stdout + checked.stderr
    az.lead()
    wrong = az.run("acr", "check-health", *NAME, "--ignore-errors", "--yes", "--vnet", "office")
    assert "Expect: 10.1.0.4, Actual: 192.0.2.1" in wrong.stderr
    assert az.answer(*about, "show", *REGISTRY, "--name", "office")["name"] == "office"
    rejected = az.answer(*about, "reject", *REGISTRY, "--name", "office")
    assert rejected["privateLinkServiceConnectionState"]["status"] == "Rejected"
    assert status(named, LOGIN, *private) == 403
    az.answer(*about, "delete", *REGISTRY, "--name", "office")
    assert az.answer(*about, "list", *REGISTRY) == []
    opened = az.answer("acr", "update", *NAME, "--public-network-enabled", "true", "--default-action", "Allow")
    assert opened["publicNetworkAccess"] == "Enabled"
    assert status(named, LOGIN) == 401


def state(status: str, description: str) -> dict[str, Any]:
    return {"status": status, "description": description, "actionsRequired": "None"}
