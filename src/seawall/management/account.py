"""What there is around registries in Azure's picture of the world: a cloud, a tenant, a subscription, a resource group.

Seawall has one of each, with names that follow from where it is reached, so every node of a cloud tells the same. Pure.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from seawall.naming import Cloud

__all__ = ["GROUP", "TYPE", "Account"]

GROUP: Final = "seawall"
"""The resource group that all registries are in."""

TYPE: Final = "Microsoft.ContainerRegistry/registries"

_TENANT: Final = "adfs"
"""What the Azure CLI makes of the issuer of a sign-in service that is shaped like an AD FS."""


@dataclass(frozen=True, slots=True)
class Account:
    """The cloud as one who manages it sees it.

    Attributes:
        origin: Where it is managed, such as ``https://arm.registry.example``.
        cloud: What its hosts are called.
        sign_in: Path of the service that operators sign in to.
    """

    origin: str
    cloud: Cloud
    sign_in: str

    @property
    def subscription(self) -> str:
        """The only subscription there is."""
        return _subscription(self.cloud.domain)

    @property
    def path(self) -> str:
        """The subscription, as a resource's identifier begins."""
        return f"/subscriptions/{self.subscription}"

    def registry_path(self, name: str) -> str:
        """The identifier of a registry."""
        return f"{self.path}/resourceGroups/{GROUP}/providers/{TYPE}/{name}"

    def thing(self, registry: str, kind: str, name: str) -> dict[str, str]:
        """Write what a thing of a registry begins with: identifier, name and type."""
        return {"id": f"{self.registry_path(registry)}/{kind}/{name}", "name": name, "type": f"{TYPE}/{kind}"}

    def network_path(self, kind: str, name: str) -> str:
        """The identifier of something that has to do with networks."""
        return f"{self.path}/resourceGroups/{GROUP}/providers/Microsoft.Network/{kind}/{name}"

    def private_endpoint_path(self, registry: str, name: str) -> str:
        """The identifier of a private endpoint; Azure knows it beside registries, so both names are in it."""
        return self.network_path("privateEndpoints", f"{registry}-{name}")

    def operations_path(self, region: str) -> str:
        """Below which one asks how something stands that takes its time."""
        return f"{self.path}/providers/{TYPE.partition('/')[0]}/locations/{region}/operationResults"

    def endpoints(self) -> dict[str, Any]:
        """Write what ``/metadata/endpoints`` tells a client about the cloud."""
        return {
            "name": "Seawall",
            "resourceManager": self.origin,
            "portal": self.origin,
            "authentication": {
                "loginEndpoint": f"{self.origin}{self.sign_in}",
                "audiences": [self.origin],
                "tenant": _TENANT,
                "identityProvider": "ADFS",
            },
            "suffixes": {"acrLoginServer": self.cloud.domain, "storage": self.cloud.storage},
        }

    def subscription_document(self) -> dict[str, Any]:
        """Describe the subscription."""
        return {
            "id": self.path,
            "subscriptionId": self.subscription,
            "tenantId": _TENANT,
            "displayName": "Seawall",
            "state": "Enabled",
            "authorizationSource": "RoleBased",
        }

    def tenant_document(self) -> dict[str, Any]:
        """Describe the tenant."""
        return {"id": f"/tenants/{_TENANT}", "tenantId": _TENANT, "displayName": "Seawall", "tenantCategory": "Home"}

    def group_document(self, location: str) -> dict[str, Any]:
        """Describe the resource group."""
        return {
            "id": f"{self.path}/resourceGroups/{GROUP}",
            "name": GROUP,
            "type": "Microsoft.Resources/resourceGroups",
            "location": location,
            "properties": {"provisioningState": "Succeeded"},
        }


# Every identifier of every thing has it in it.
@cache
def _subscription(domain: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, domain))
