"""What clients need: from the description of a registry to every flow a wall must let through, and why. Pure.

Pushes go to the login server like everything else but layer downloads, so wanting to push adds a reason and no host.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from seawall.firewall.flow import HTTP, HTTPS, NEIGHBOURLY, Door, Flow, Purpose
from seawall.naming import PUBLIC, Cloud, Role
from seawall.neighbours import neighbours
from seawall.topology import Registry, Replica, Tier, endpoints

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seawall.topology import Endpoint

__all__ = ["HTTP", "HTTPS", "NEIGHBOURLY", "Door", "Flow", "Need", "NeedError", "Purpose", "flows"]

_FIREWALL: Final = "https://learn.microsoft.com/azure/container-registry/container-registry-firewall-access-rules"
_DATA: Final = "https://learn.microsoft.com/azure/container-registry/container-registry-dedicated-data-endpoints"
_REGIONAL: Final = "https://learn.microsoft.com/azure/container-registry/container-registry-endpoint-reference"
_MCR: Final = "https://github.com/microsoft/containerregistry/blob/main/docs/client-firewall-rules.md"
_PKI: Final = "https://learn.microsoft.com/azure/security/fundamentals/azure-ca-details"
_SIGN_IN: Final = "https://learn.microsoft.com/azure/container-registry/container-registry-authentication"


class NeedError(ValueError):
    """A registry is not described well enough, or in a way that cannot be. The message says what to add or change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a wall is to let through.

    Attributes:
        cloud: Where the registry is: one of Microsoft's clouds, or a domain of one's own.
        registry: Its name (the first label of its login server); empty for MCR alone.
        replicas: The regions it is in, with the storage account of each where that is known. None means "not said".
        data_endpoints: Whether dedicated data endpoints are on; private link switches them on.
        switching: Whether they are about to be switched on, so that layers come from shared storage now and from data
            endpoints soon.
        regional_endpoints: Whether clients may use the login servers of single replicas.
        private_link: Whether clients come by a private endpoint.
        dual_stack: Whether the registry answers on IPv6 too.
        push: Whether clients push, too.
        mcr: Whether clients also pull from the Microsoft Container Registry.
        sign_in: Whether users and service principals sign in from behind the wall.
        revocation: Whether clients ask if certificates were revoked, as those on Windows do.
        port: The port of the registry's endpoints, which only one's own may have another than 443.
        doors: Where it answers if it has no names; then nothing else about it matters.
    """

    cloud: Cloud = PUBLIC
    registry: str = ""
    replicas: tuple[Replica, ...] = ()
    data_endpoints: bool = False
    switching: bool = False
    regional_endpoints: bool = False
    private_link: bool = False
    dual_stack: bool = False
    push: bool = False
    mcr: bool = False
    sign_in: bool = False
    revocation: bool = False
    port: int = HTTPS
    doors: tuple[Door, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be, or is not enough to work out rules from."""
        microsoft = neighbours(self.cloud) is not None
        if not self.registry and not self.mcr:
            raise NeedError("say which registry, or --mcr for the Microsoft Container Registry alone")
        of_a_registry = (self.replicas, self.data_endpoints, self.switching, self.private_link, self.regional_endpoints)
        if not self.registry and any(of_a_registry):
            raise NeedError("regions, data endpoints and private link belong to a registry; say which")
        if self.registry:
            self.cloud.login(self.registry)
        if self.registry and not self.replicas and (self.dedicated or self.switching or self.regional_endpoints):
            raise NeedError(
                f"{self.registry} has an endpoint in every region it is replicated to; say which: --region eastus "
                "(az acr replication list shows them)"
            )
        if self.dual_stack and not self.dedicated:
            raise NeedError("a registry on IPv6 has dedicated data endpoints; add --data-endpoints")
        if self.switching and self.dedicated:
            why = "private link has them on" if self.private_link else "they are said to be on"
            raise NeedError(f"data endpoints are about to be switched on, and {why}; say one of both")
        if self.private_link and self.dual_stack:
            raise NeedError("private endpoints are IPv4 only; leave out --dual-stack or --private-link")
        if not microsoft and (self.mcr or self.sign_in or self.revocation or self.private_link):
            raise NeedError(
                f"{self.cloud.name} is not one of Microsoft's clouds: it has no MCR, sign-in or private link"
            )
        if microsoft and self.port != HTTPS:
            raise NeedError(f"registries in {self.cloud.name} answer on port {HTTPS}")
        if not 0 < self.port < 1 << 16:
            raise NeedError(f"{self.port} is no TCP port")
        # Reading the regions and accounts is the topology's business; it says what is wrong with them.
        self.topology()

    @property
    def dedicated(self) -> bool:
        """Say whether layers come from dedicated data endpoints."""
        return self.data_endpoints or self.private_link

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions the registry is in."""
        return tuple(sorted(replica.region for replica in self.replicas))

    def topology(self) -> Registry | None:
        """Return the registry as the servers know it; ``None`` when there is none, or its regions were not said."""
        if not self.replicas:
            return None
        replicas = tuple(sorted(self.replicas, key=lambda replica: replica.region))
        return Registry(self.registry, replicas[0].region, replicas, tier=Tier.PREMIUM, data_endpoints=self.dedicated)


def flows(need: Need) -> tuple[Flow, ...]:
    """List every flow: the registry's own in the order a pull meets them, then the neighbours'."""
    return (*_registry_flows(need), *_mcr_flows(need), *_extra_flows(need))


def _registry_flows(need: Need) -> Iterator[Flow]:
    if not need.registry:
        return
    if need.doors:
        yield from _door_flows(need)
        return
    cloud, regions = need.cloud, need.regions
    work = "signing in, manifests and uploads" if need.push else "signing in and manifests"
    yield Flow(
        cloud.login(need.registry),
        Purpose.LOGIN,
        f"REST endpoint of {need.registry}: {work}",
        _FIREWALL,
        _tags(need, "AzureContainerRegistry"),
        regions,
        need.port,
    )
    if neighbours(cloud) is not None and not need.private_link:
        yield Flow(
            cloud.apex,
            Purpose.APEX,
            f"base name of the certificate that {cloud.login(need.registry)} shows",
            _FIREWALL,
        )
    if need.regional_endpoints:
        for region in regions:
            yield Flow(
                cloud.regional(need.registry, region),
                Purpose.REGIONAL,
                f"REST endpoint of the replica in {region}: {work} there, whatever the global name points at",
                _REGIONAL,
                _tags(need, "AzureContainerRegistry"),
                (region,),
                need.port,
            )
    yield from _layer_flows(need)


def _door_flows(need: Need) -> Iterator[Flow]:
    for door in need.doors:
        if door.region:
            why = f"layers from the replica in {door.region}"
            yield Flow(door.host, Purpose.DATA, why, _DATA, (), (door.region,), door.port)
        else:
            work = "signing in, manifests and uploads" if need.push else "signing in and manifests"
            yield Flow(door.host, Purpose.LOGIN, f"REST endpoint: {work}", _FIREWALL, (), need.regions, door.port)


def _layer_flows(need: Need) -> Iterator[Flow]:
    registry = need.topology()
    if registry is None:
        yield _blob_flow(need, need.cloud.blob_wildcard, ())
        return
    doors = [one for one in endpoints(need.cloud, registry) if one.role is not Role.LOGIN]
    if need.switching:
        # What is coming first: it is what walls do not know yet.
        doors = [*endpoints(need.cloud, replace(registry, data_endpoints=True))[1:], *doors]
    for endpoint in doors:
        if endpoint.role is not Role.DATA:
            continue
        yield Flow(
            endpoint.host,
            Purpose.DATA,
            f"layers of {need.registry} from its replica in {endpoint.region}: the dedicated data endpoint",
            _DATA,
            # Nothing published says which of the two its addresses are in, so both are let through.
            _tags(need, "AzureContainerRegistry", "Storage"),
            (endpoint.region,),
            need.port,
        )
    by_host: dict[str, list[Endpoint]] = {}
    for endpoint in doors:
        if endpoint.role is Role.BLOB:
            by_host.setdefault(endpoint.host, []).append(endpoint)
    for host, shared in by_host.items():
        yield _blob_flow(need, host, tuple(one.region for one in shared))


def _blob_flow(need: Need, host: str, regions: tuple[str, ...]) -> Flow:
    whose = "whichever account Azure keeps them in" if host.startswith("*.") else "the account they are kept in"
    where = f" (in {', '.join(regions)})" if regions else ""
    return Flow(
        host,
        Purpose.BLOB,
        f"layers of {need.registry} from shared storage{where}: {whose}",
        _FIREWALL,
        _tags(need, "Storage"),
        regions,
        need.port,
    )


def _mcr_flows(need: Need) -> Iterator[Flow]:
    beside = neighbours(need.cloud)
    if not need.mcr or beside is None:
        return
    tags = tuple(filter(None, ("MicrosoftContainerRegistry", beside.front_door_tag)))
    yield Flow(beside.mcr, Purpose.MCR, "REST endpoint of MCR, where Microsoft publishes images: manifests", _MCR, tags)
    yield Flow(
        beside.mcr_data, Purpose.MCR_DATA, "layers of MCR: its data endpoint in whichever region serves", _MCR, tags
    )


def _extra_flows(need: Need) -> Iterator[Flow]:
    beside = neighbours(need.cloud)
    if beside is None:
        return
    if need.sign_in:
        for host in beside.sign_in:
            why = "signing in as a user or service principal (az acr login); tokens and the admin user do without"
            yield Flow(host, Purpose.SIGN_IN, why, _SIGN_IN, (beside.sign_in_tag,), extra=True)
    if need.revocation:
        for host in beside.revocation:
            why = "asking whether a certificate was revoked, and for its issuer; clients on Windows refuse without"
            yield Flow(host, Purpose.REVOCATION, why, _PKI, port=HTTP, extra=True)


def _tags(need: Need, *tags: str) -> tuple[str, ...]:
    """Service tags, where the cloud has any."""
    return tags if neighbours(need.cloud) is not None else ()
