"""The DNS records that lead clients in a private network to a private endpoint. Pure.

The public name of a host that has private endpoints is an alias (CNAME) of its name in the private zone, as with
Azure. Outside, that name leads to the public addresses; a private network's own name server answers it with the private
ones. Where a name server is told of single names, as dnsmasq is and a hosts file, it is told of both.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, NamedTuple

from seawall.naming import Host, Role
from seawall.private_endpoint import LOGIN, data, members
from seawall.records import SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from seawall.naming import Cloud
    from seawall.private_endpoint import PrivateEndpoint
    from seawall.topology import Registry

__all__ = ["FORMS", "PrivateRecord", "host_of", "missing", "private_records"]


class PrivateRecord(NamedTuple):
    """A host that has an address in a private network.

    Attributes:
        member: What Azure calls it.
        host: Its public name.
        private: Its name in the private zone.
        address: The address.
    """

    member: str
    host: str
    private: str
    address: str

    @property
    def kind(self) -> str:
        """The type of its record."""
        return "A" if ip_address(self.address).version == 4 else "AAAA"


def host_of(cloud: Cloud, registry: Registry, member: str) -> str:
    """Name the host that a member is."""
    if member == LOGIN:
        return cloud.login(registry.name)
    region = member.removeprefix(data(""))
    return cloud.host(Host(Role.DATA, registry=registry.name, region=region))


def missing(registry: Registry, endpoint: PrivateEndpoint) -> tuple[str, ...]:
    """Name the members that have no address: replicas that two regions added at once, for example."""
    there = dict(endpoint.addresses)
    return tuple(one for one in members(replica.region for replica in registry.replicas) if one not in there)


def private_records(cloud: Cloud, registry: Registry, endpoint: PrivateEndpoint) -> list[PrivateRecord]:
    """List what a private network's name server has to know."""
    hosts = [(member, host_of(cloud, registry, member), address) for member, address in endpoint.addresses]
    return [PrivateRecord(member, host, cloud.private(host), address) for member, host, address in hosts]


def _zone(cloud: Cloud, found: Sequence[PrivateRecord]) -> str:
    """Write a zone file (RFC 1035 section 5)."""
    zone = cloud.private_zone
    lines = [
        f"$ORIGIN {zone}.",
        f"$TTL {SECONDS}",
        # Whoever changes the records by hand must count the serial up; a name server that reads files does not care.
        f"@ IN SOA localhost. hostmaster.localhost. 1 3600 600 604800 {SECONDS}",
        "@ IN NS localhost.",
        *(f"{one.private.removesuffix(f'.{zone}')} IN {one.kind} {one.address}" for one in found),
    ]
    return "\n".join(lines) + "\n"


def _dnsmasq(_cloud: Cloud, found: Sequence[PrivateRecord]) -> str:
    return "".join(f"host-record={one.host},{one.private},{one.address},{SECONDS}\n" for one in found)


def _hosts(_cloud: Cloud, found: Sequence[PrivateRecord]) -> str:
    return "".join(f"{one.address} {one.host} {one.private}\n" for one in found)


def _coredns(cloud: Cloud, found: Sequence[PrivateRecord]) -> str:
    """Write a server block of a Corefile; other names of these zones are asked for elsewhere, as before."""
    lines = [f"        {one.address} {one.host} {one.private}" for one in found]
    block = "\n".join((f"    hosts {{\n        ttl {SECONDS}", *lines, "        fallthrough\n    }"))
    return f"{cloud.domain} {{\n{block}\n    forward . /etc/resolv.conf\n}}\n"


FORMS: Final[Mapping[str, Callable[[Cloud, Sequence[PrivateRecord]], str]]] = {
    "zone": _zone,
    "dnsmasq": _dnsmasq,
    "coredns": _coredns,
    "hosts": _hosts,
}
"""How records are written, by the name of the form."""
