"""What exists: registries, their replicas, and the endpoints these have. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum

from seawall.naming import Cloud, Host, Role, account_name, check_account, check_region, check_registry
from seawall.network import EVERYBODY, NetworkRules

__all__ = [
    "Endpoint",
    "Registry",
    "Replica",
    "Tier",
    "TopologyError",
    "data_door",
    "endpoints",
    "in_region",
    "out_of_region",
]


class TopologyError(ValueError):
    """A registry is described in a way that cannot be. The message says what to change."""


class Tier(StrEnum):
    """Service tier; dedicated data endpoints, replicas and network rules need Premium."""

    BASIC = "Basic"
    STANDARD = "Standard"
    PREMIUM = "Premium"


@dataclass(frozen=True, slots=True)
class Replica:
    """A registry's presence in one region.

    Attributes:
        region: Where, in Azure's spelling (``eastus``).
        account: The storage account its layers are read from while dedicated data endpoints are off; empty where nobody
            outside the service knows it, as with Azure's registries.
    """

    region: str
    account: str = ""


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry: a name, a tier, a home region, replicas and switches.

    Attributes:
        name: The login label, such as ``myregistry``.
        tier: Service tier.
        replicas: One for each region, in order of region; the home region's among them.
        home: The home region.
        data_endpoints: Whether layers are read from dedicated data endpoints instead of shared storage.
        anonymous_pull: Whether anybody may pull without signing in.
        admin: Whether the admin user may sign in.
        deletes: Whether manifests, tags and blobs may be deleted at all.
        network: Which addresses clients may come from.
    """

    name: str
    home: str
    replicas: tuple[Replica, ...]
    tier: Tier = Tier.PREMIUM
    data_endpoints: bool = False
    anonymous_pull: bool = False
    admin: bool = True
    deletes: bool = True
    network: NetworkRules = EVERYBODY

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        check_registry(self.name)
        regions = [check_region(replica.region) for replica in self.replicas]
        for replica in self.replicas:
            if replica.account:
                check_account(replica.account)
        if regions != sorted(set(regions)):
            raise TopologyError(f"registry {self.name}: list each region once, in order")
        if self.home not in regions:
            raise TopologyError(f"registry {self.name}: its home region {self.home} is not among its replicas")
        if self.tier is not Tier.PREMIUM and self.data_endpoints:
            raise TopologyError(f"registry {self.name}: dedicated data endpoints need Premium, not {self.tier}")
        if self.tier is not Tier.PREMIUM and len(regions) > 1:
            raise TopologyError(f"registry {self.name}: replicas need Premium, not {self.tier}")
        if self.tier is not Tier.PREMIUM and self.network != EVERYBODY:
            raise TopologyError(f"registry {self.name}: network rules need Premium, not {self.tier}")

    def replica(self, region: str) -> Replica | None:
        """Return the replica in a region, if there is one."""
        return next((replica for replica in self.replicas if replica.region == region), None)


def in_region(registry: Registry, region: str) -> Registry:
    """Describe a registry with a replica in a further region.

    The storage account there follows from the one at home, so that it can be told before it is made; nobody who does
    not know that one can guess it.
    """
    if registry.replica(region) is not None:
        return registry
    home = registry.replica(registry.home)
    secret = f"{home.account if home else ''}\n{registry.name}\n{region}".encode()
    replica = Replica(region, account_name(hashlib.sha256(secret).digest()))
    return replace(registry, replicas=tuple(sorted((*registry.replicas, replica), key=lambda one: one.region)))


def out_of_region(registry: Registry, region: str) -> Registry:
    """Describe a registry without its replica in a region.

    Raises:
        TopologyError: It is the only one.
    """
    replicas = tuple(replica for replica in registry.replicas if replica.region != region)
    if not replicas:
        raise TopologyError(f"{registry.name} is in {region} only; add a replica elsewhere first")
    home = registry.home if registry.home != region else replicas[0].region
    return replace(registry, home=home, replicas=replicas)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host on TCP 443 that clients of a registry talk to.

    Attributes:
        host: Its name, or the pattern of its like where the account behind it is not known.
        role: What it is for.
        region: The region it serves from; empty for the login server.
    """

    host: str
    role: Role
    region: str = ""


def data_door(registry: Registry, replica: Replica) -> Host:
    """Say where layers served by a replica are read from now: the one rule that both doors and walls follow."""
    if registry.data_endpoints:
        return Host(Role.DATA, registry=registry.name, region=replica.region)
    return Host(Role.BLOB, account=replica.account)


def endpoints(cloud: Cloud, registry: Registry) -> tuple[Endpoint, ...]:
    """List the endpoints a registry's clients use: the login server, then where layers come from, by region."""
    login = Endpoint(cloud.login(registry.name), Role.LOGIN)
    doors = ((data_door(registry, replica), replica.region) for replica in registry.replicas)
    return (login, *(Endpoint(_name(cloud, door), door.role, region) for door, region in doors))


def _name(cloud: Cloud, door: Host) -> str:
    return cloud.blob_wildcard if door.role is Role.BLOB and not door.account else cloud.host(door)
