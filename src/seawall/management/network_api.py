"""Private endpoints as a network sees them: ``Microsoft.Network``, as far as ``az acr check-health --vnet`` asks.

A private endpoint's network is called like the endpoint, and has one subnet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from seawall.management.errors import ManagementError
from seawall.metadata import registries
from seawall.privatelink import private_records

if TYPE_CHECKING:
    from starlette.responses import Response

    from seawall.management.account import Account
    from seawall.management.call import Services
    from seawall.private_endpoint import PrivateEndpoint
    from seawall.topology import Registry

__all__ = ["answer"]


async def answer(services: Services, kind: str, name: str) -> Response:
    """Describe a private endpoint, or the interface that has its addresses.

    Args:
        services: What answers are made with.
        kind: ``privateendpoints`` or ``networkinterfaces``.
        name: Which one, in lower case.

    Raises:
        ManagementError: 404.
    """
    for registry in await services.database.cached(registries.list_all):
        for endpoint in registry.private_endpoints:
            if name == f"{registry.name}-{endpoint.name}".lower():
                write = {"privateendpoints": _endpoint, "networkinterfaces": _interface}.get(kind)
                if write is not None:
                    return JSONResponse(write(services.account, registry, endpoint))
    raise ManagementError(404, "ResourceNotFound", f"The Resource 'Microsoft.Network/{kind}/{name}' was not found.")


def _thing(account: Account, kind: str, registry: Registry, endpoint: PrivateEndpoint) -> dict[str, Any]:
    name = f"{registry.name}-{endpoint.name}"
    path = account.network_path(kind, name)
    return {"id": path, "name": name, "type": f"Microsoft.Network/{kind}", "location": registry.home}


def _subnet(account: Account, endpoint: PrivateEndpoint) -> dict[str, str]:
    return {"id": f"{account.network_path('virtualNetworks', endpoint.name)}/subnets/default"}


def _endpoint(account: Account, registry: Registry, endpoint: PrivateEndpoint) -> dict[str, Any]:
    interface = account.network_path("networkInterfaces", f"{registry.name}-{endpoint.name}")
    return _thing(account, "privateEndpoints", registry, endpoint) | {
        "properties": {
            "provisioningState": "Succeeded",
            "subnet": _subnet(account, endpoint),
            "networkInterfaces": [{"id": interface}],
            "privateLinkServiceConnections": [],
            "manualPrivateLinkServiceConnections": [],
            "customDnsConfigs": [
                {"fqdn": one.host, "ipAddresses": [one.address]}
                for one in private_records(account.cloud, registry, endpoint)
            ],
        }
    }


def _interface(account: Account, registry: Registry, endpoint: PrivateEndpoint) -> dict[str, Any]:
    document = _thing(account, "networkInterfaces", registry, endpoint)
    return document | {
        "properties": {
            "provisioningState": "Succeeded",
            "ipConfigurations": [
                {
                    "id": f"{document['id']}/ipConfigurations/{one.member}",
                    "name": one.member,
                    "properties": {
                        "provisioningState": "Succeeded",
                        "privateIPAddress": one.address,
                        "privateIPAllocationMethod": "Static",
                        "subnet": _subnet(account, endpoint),
                        "privateLinkConnectionProperties": {
                            "groupId": "registry",
                            "requiredMemberName": one.member,
                            "fqdns": [one.host],
                        },
                    },
                }
                for one in private_records(account.cloud, registry, endpoint)
            ],
        }
    }
