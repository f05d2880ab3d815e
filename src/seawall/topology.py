"""What exists: registries, their replicas, and the endpoints these have. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum

from seawall.naming import Cloud, Host, Role, account_name, check_account, check_region, check_registry
from seawall.network import EVERYBODY, NetworkRules, address_of
from seawall.private_endpoint import PrivateEndpoint, PrivateEndpointError, completed, members

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
    "shared_door",
    "with_data_endpoints",
    "with_private_endpoint",
    "without_private_endpoint",
]


class TopologyError(ValueError):
    """A registry is described in a way that cannot be. The message says what to change."""


class Tier(StrEnum):
    """Service tier; :mod:`seawall.tiers` says what each gives."""

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
        overlap: Whether, while they are, clients that have not said that they can reach them still read from shared
            storage.
        anonymous_pull: Whether anybody may pull without signing in.
        admin: Whether the admin user may sign in.
        deletes: Whether manifests, tags and blobs may be deleted at all.
        network: Which addresses clients may come from.
        public_access: Whether anybody may come but by a private endpoint.
        private_endpoints: In order of name. While one is approved, layers are read from dedicated data endpoints: those
            are what has an address in the private network.
        labels: What its operators noted about it, as names and values in order (Azure calls these tags).
        created: When it was made, as in ISO 8601; empty where nobody remembers.
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
    overlap: bool = False
    public_access: bool = True
    private_endpoints: tuple[PrivateEndpoint, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    created: str = ""

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
        endpoints = [endpoint.name for endpoint in self.private_endpoints]
        if endpoints != sorted(set(endpoints)):
            raise TopologyError(f"registry {self.name}: list each private endpoint once, in order")
        approved = [endpoint.name for endpoint in self.private_endpoints if endpoint.approved]
        if approved and not self.data_endpoints:
            raise TopologyError(
                f"registry {self.name}: its private endpoint {approved[0]} needs dedicated data endpoints; reject or "
                "delete it before you switch them off"
            )

    def admits(self, client: str) -> bool:
        """Say whether a client may come in, by its address."""
        if self.private_endpoints:
            address = address_of(client)
            if address and any(one.approved and one.holds(address) for one in self.private_endpoints):
                return True
        return self.public_access and self.network.admits(client)

    def private_endpoint(self, name: str) -> PrivateEndpoint | None:
        """Return a private endpoint, if there is one of that name; names are the same in any case."""
        return next((one for one in self.private_endpoints if one.name.lower() == name.lower()), None)

    def replica(self, region: str) -> Replica | None:
        """Return the replica in a region, if there is one."""
        return next((replica for replica in self.replicas if replica.region == region), None)


def in_region(registry: Registry, region: str) -> Registry:
    """Describe a registry with a replica in a further region.

    The storage account there follows from the one at home, so that it can be told before it is made; nobody who does
    not know that one can guess it. Private endpoints get an address for it.

    Raises:
        TopologyError: A private endpoint's network has no address left.
    """
    if registry.replica(region) is not None:
        return registry
    home = registry.replica(registry.home)
    secret = f"{home.account if home else ''}\n{registry.name}\n{region}".encode()
    replica = Replica(region, account_name(hashlib.sha256(secret).digest()))
    return _placed(registry, registry.home, tuple(sorted((*registry.replicas, replica), key=lambda one: one.region)))


def out_of_region(registry: Registry, region: str) -> Registry:
    """Describe a registry without its replica in a region.

    Raises:
        TopologyError: It is the only one.
    """
    replicas = tuple(replica for replica in registry.replicas if replica.region != region)
    if not replicas:
        raise TopologyError(f"{registry.name} is in {region} only; add a replica elsewhere first")
    home = registry.home if registry.home != region else replicas[0].region
    return _placed(registry, home, replicas)


def _placed(registry: Registry, home: str, replicas: tuple[Replica, ...]) -> Registry:
    wanted = members(replica.region for replica in replicas)
    try:
        endpoints = tuple(completed(endpoint, wanted) for endpoint in registry.private_endpoints)
    except PrivateEndpointError as error:
        raise TopologyError(str(error)) from None
    return replace(registry, home=home, replicas=replicas, private_endpoints=endpoints)


def with_data_endpoints(registry: Registry, *, on: bool, overlap: bool = False) -> Registry:
    """Describe a registry with dedicated data endpoints switched on or off.

    Raises:
        TopologyError: A private endpoint needs them.
    """
    return replace(registry, data_endpoints=on, overlap=on and overlap)


def with_private_endpoint(registry: Registry, endpoint: PrivateEndpoint) -> Registry:
    """Describe a registry with a private endpoint, instead of the one of that name.

    One that is approved turns dedicated data endpoints on, and they stay on when it goes.
    """
    others = [one for one in registry.private_endpoints if one.name.lower() != endpoint.name.lower()]
    endpoints = tuple(sorted((*others, endpoint), key=lambda one: one.name))
    dedicated = registry.data_endpoints or endpoint.approved
    return replace(registry, private_endpoints=endpoints, data_endpoints=dedicated)


def without_private_endpoint(registry: Registry, name: str) -> Registry:
    """Describe a registry without a private endpoint; names are the same in any case."""
    kept = tuple(one for one in registry.private_endpoints if one.name.lower() != name.lower())
    return replace(registry, private_endpoints=kept)


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


def shared_door(replica: Replica) -> Host:
    """Say where shared storage is that layers served by a replica are in."""
    return Host(Role.BLOB, account=replica.account)


def data_door(registry: Registry, replica: Replica) -> Host:
    """Say where layers served by a replica are read from now: the one rule that both doors and walls follow."""
    if registry.data_endpoints:
        return Host(Role.DATA, registry=registry.name, region=replica.region)
    return shared_door(replica)


def endpoints(cloud: Cloud, registry: Registry) -> tuple[Endpoint, ...]:
    """List the endpoints a registry's clients use: the login server, then where layers come from, by region."""
    login = Endpoint(cloud.login(registry.name), Role.LOGIN)
    doors = ((data_door(registry, replica), replica.region) for replica in registry.replicas)
    return (login, *(Endpoint(_name(cloud, door), door.role, region) for door, region in doors))


def _name(cloud: Cloud, door: Host) -> str:
    return cloud.blob_wildcard if door.role is Role.BLOB and not door.account else cloud.host(door)
