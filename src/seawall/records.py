"""The DNS records that lead clients to regions: which names there are, and where each leads. Pure.

A registry's login name leads to every region that has it and is not drained, so that clients come to one that is near
and healthy. Every other name belongs to one region and leads there whatever happens, drained or not: it is what pins a
client to a region, and where redirects of that region go.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from seawall.naming import lies_within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from seawall.naming import Cloud
    from seawall.topology import Registry

__all__ = ["FORMS", "HEALTH_PATH", "SECONDS", "Place", "Record", "RecordsError", "records"]

HEALTH_PATH: Final = "/healthz/traffic"
"""Where a node says whether clients of the global names should come to it."""
SECONDS: Final = 60
"""How long others may remember a record: as long as clients may go on to a region that was drained."""

_HTTPS: Final = 443


class RecordsError(ValueError):
    """A name would lead nowhere. The message says which, and what to write down."""


@dataclass(frozen=True, slots=True)
class Place:
    """A region, as far as DNS is concerned.

    Attributes:
        region: Its name.
        addresses: Where its hosts are.
        drained: Whether it was taken out of the global names.
        reachable: Whether those outside can come to it.
    """

    region: str
    addresses: tuple[str, ...]
    drained: bool = False
    reachable: bool = True


@dataclass(frozen=True, slots=True)
class Record:
    """A name and where it leads.

    Attributes:
        name: The name, without trailing dot.
        addresses: The addresses, in order of region.
        regions: The regions these are in.
        health: For a name of several regions, the URL that tells of each address whether clients should go there.
        alias: A further name that is an alias of this one. It is the public one where a registry has private endpoints,
            so that name servers of private networks can answer for the other.
    """

    name: str
    addresses: tuple[str, ...]
    regions: tuple[str, ...]
    health: str = ""
    alias: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """All its names."""
        return (self.alias, self.name) if self.alias else (self.name,)

    def of_version(self, version: int) -> tuple[str, ...]:
        """Return the addresses of one version of IP."""
        return tuple(one for one in self.addresses if ip_address(one).version == version)


def records(cloud: Cloud, registries: Iterable[Registry], places: Iterable[Place], port: int = _HTTPS) -> list[Record]:
    """List the records of registries and of the nodes in their regions.

    Raises:
        RecordsError: A region has told no address, a replica's region takes no part, or all regions are drained.
    """
    known = {place.region: place for place in places}
    found: dict[str, Record] = {}
    for registry in registries:
        there = [_place(known, replica.region, registry) for replica in registry.replicas]
        found[cloud.login(registry.name)] = _login(cloud, registry, there, port)
        for place, replica in zip(there, registry.replicas, strict=True):
            names = [cloud.regional(registry.name, place.region), cloud.data(registry.name, place.region)]
            names += [cloud.blob(replica.account)] if replica.account else []
            found |= {name: Record(name, place.addresses, (place.region,)) for name in names}
        if any(endpoint.approved for endpoint in registry.private_endpoints):
            private = [cloud.login(registry.name), *(cloud.data(registry.name, place.region) for place in there)]
            found |= {name: replace(found[name], name=cloud.private(name), alias=name) for name in private}
    for place in known.values():
        # Nobody comes to the node of a region that nobody can reach.
        if place.reachable and place.addresses:
            name = cloud.node(place.region)
            found[name] = Record(name, place.addresses, (place.region,))
    return list(found.values())


def _place(known: Mapping[str, Place], region: str, registry: Registry) -> Place:
    place = known.get(region)
    if place is None:
        raise RecordsError(f"{registry.name} has a replica in {region}, and no node there takes part")
    if not place.addresses:
        raise RecordsError(
            f"{region} has told no addresses; write them into the seawall.toml there and start its node again:\n"
            '  [replication]\n  addresses = ["192.0.2.10", "2001:db8::10"]'
        )
    return place


def _login(cloud: Cloud, registry: Registry, there: Sequence[Place], port: int) -> Record:
    # Where those outside cannot come, a name that is answered everywhere would lead them into a wall.
    chosen = [place for place in there if place.reachable and not place.drained]
    if not chosen:
        where = ", ".join(place.region for place in there)
        raise RecordsError(
            f"{cloud.login(registry.name)} would lead nowhere: no region of {where} is in the global names; "
            "'seawall region resume' puts one back"
        )
    name = cloud.login(registry.name)
    addresses = tuple(address for place in chosen for address in place.addresses)
    health = f"https://{name}{'' if port == _HTTPS else f':{port}'}{HEALTH_PATH}"
    return Record(name, addresses, tuple(place.region for place in chosen), health if len(chosen) > 1 else "")


def _zone(cloud: Cloud, found: Sequence[Record]) -> str:
    def lines(record: Record) -> list[str]:
        plain = [_line(record, kind, address) for kind, version in _KINDS for address in record.of_version(version)]
        return [*_alias(record), *plain]

    return _by_zone(cloud, found, lines)


def _powerdns(cloud: Cloud, found: Sequence[Record]) -> str:
    def lines(record: Record) -> list[str]:
        told = [(kind, record.of_version(version)) for kind, version in _KINDS]
        if not record.health:
            return [*_alias(record), *(_line(record, kind, one) for kind, addresses in told for one in addresses)]
        scripts = [(kind, _script(record, addresses)) for kind, addresses in told if addresses]
        return [*_alias(record), *(_line(record, "LUA", f'{kind} "{script}"') for kind, script in scripts)]

    return _by_zone(cloud, found, lines)


def _script(record: Record, addresses: Sequence[str]) -> str:
    listed = ", ".join(f"'{address}'" for address in addresses)
    return f"ifurlup('{record.health}', {{{listed}}}, {{selector='pickclosest'}})"


def _by_zone(cloud: Cloud, found: Sequence[Record], lines: Callable[[Record], list[str]]) -> str:
    """Write the records of each domain under its own heading: they belong into different files."""
    zones = [cloud.domain]
    if not lies_within(cloud.storage, cloud.domain):
        # The longer domain comes first, so that a name goes where it is at home.
        zones = sorted((cloud.domain, cloud.storage), key=len, reverse=True)
    text = []
    left = list(found)
    for zone in zones:
        mine = [record for record in left if lies_within(record.name, zone)]
        left = [record for record in left if record not in mine]
        text += [f"; zone {zone}", *(line for record in mine for line in lines(record))]
    return "\n".join(text) + "\n"


def _alias(record: Record) -> list[str]:
    return [f"{record.alias}. {SECONDS} IN CNAME {record.name}."] if record.alias else []


def _line(record: Record, kind: str, value: str) -> str:
    return f"{record.name}. {SECONDS} IN {kind} {value}"


def _dnsmasq(_cloud: Cloud, found: Sequence[Record]) -> str:
    lines = [
        f"host-record={','.join(record.names)},{address},{SECONDS}"
        for record in found
        for _, version in _KINDS
        for address in record.of_version(version)
    ]
    return "\n".join(lines) + "\n"


def _hosts(_cloud: Cloud, found: Sequence[Record]) -> str:
    names: dict[str, list[str]] = {}
    for record in found:
        for address in record.addresses:
            names.setdefault(address, []).extend(record.names)
    return "".join(f"{address} {name}\n" for address, all_names in names.items() for name in all_names)


_KINDS: Final = (("A", 4), ("AAAA", 6))

FORMS: Final[Mapping[str, Callable[[Cloud, Sequence[Record]], str]]] = {
    "zone": _zone,
    "powerdns": _powerdns,
    "dnsmasq": _dnsmasq,
    "hosts": _hosts,
}
"""How records are written, by the name of the form."""
