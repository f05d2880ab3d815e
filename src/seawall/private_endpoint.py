"""Private endpoints: addresses in a private network for the hosts of a registry. Pure.

Who comes from that network comes in whatever the registry's rules about public addresses say, once an operator has
approved it. Azure calls what has an address of its own a *member*: ``registry`` is the login server, and
``registry_data_<region>`` a dedicated data endpoint.

Source: Azure Container Registry documentation, "Connect privately to a registry using Private Link".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import ip_address, ip_network
from itertools import islice
from typing import TYPE_CHECKING, Final

from seawall.network import NetworkRulesError, Range, parse_range

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from ipaddress import IPv4Address, IPv6Address

__all__ = ["LOGIN", "PrivateEndpoint", "PrivateEndpointError", "Status", "completed", "created", "data", "members"]

LOGIN: Final = "registry"
"""The login server's member."""

_DATA: Final = "registry_data_"
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,78}[A-Za-z0-9_])?")
_RESERVED: Final = 4
"""Addresses at a network's beginning that nobody gives away: its own, the router's and two for names (Azure's rule)."""


class PrivateEndpointError(ValueError):
    """A private endpoint cannot be so. The message says what to change."""


class Status(StrEnum):
    """What an operator has decided."""

    PENDING = "Pending"
    APPROVED = "Approved"
    REJECTED = "Rejected"


@dataclass(frozen=True, slots=True)
class PrivateEndpoint:
    """Addresses in a private network.

    Attributes:
        name: What it is called among those of its registry.
        network: Where its addresses lie, and its clients come from.
        addresses: A member and its address, in order of member.
        status: What an operator has decided.
        description: Why, in somebody's words.
    """

    name: str
    network: Range
    addresses: tuple[tuple[str, str], ...] = ()
    status: Status = Status.PENDING
    description: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if not _NAME.fullmatch(self.name):
            raise PrivateEndpointError(
                f"private endpoint {self.name[:80]!r} must be 1 to 80 letters, digits, '_', '.' or '-', beginning "
                "with a letter or digit"
            )
        names = [member for member, _ in self.addresses]
        if names != sorted(set(names)):
            raise PrivateEndpointError(f"private endpoint {self.name}: list each member once, in order")
        taken = [ip_address(address) for _, address in self.addresses]
        if len(set(taken)) != len(taken):
            raise PrivateEndpointError(f"private endpoint {self.name}: each member needs an address of its own")
        for address in taken:
            if address.version != self.network.version or address not in self.network:
                raise PrivateEndpointError(f"private endpoint {self.name}: {address} is not in {self.network}")

    @property
    def approved(self) -> bool:
        """Whether clients may come by it."""
        return self.status is Status.APPROVED

    def holds(self, client: IPv4Address | IPv6Address) -> bool:
        """Say whether somebody comes from its network."""
        return client.version == self.network.version and client in self.network


def members(regions: Iterable[str]) -> tuple[str, ...]:
    """Name what has an address of its own, for a registry in some regions; in order."""
    return (LOGIN, *(data(region) for region in sorted(regions)))


def data(region: str) -> str:
    """Name the member that is a region's dedicated data endpoint."""
    return f"{_DATA}{region}"


def created(name: str, network: str, wanted: Iterable[str], given: Mapping[str, str]) -> PrivateEndpoint:
    """Make a private endpoint.

    Args:
        name: What it is to be called.
        network: A prefix such as ``10.1.0.0/27``.
        wanted: The members that need addresses.
        given: Addresses that somebody chose, by member; the others are the next ones that are free.

    Raises:
        PrivateEndpointError: It cannot be so, or the network has too few addresses.
    """
    wanted = tuple(wanted)
    for member in given.keys() - set(wanted):
        raise PrivateEndpointError(f"there is no member {member[:80]!r}; there are {', '.join(wanted)}")
    try:
        found = parse_range(network)
        addresses = tuple(sorted((member, str(ip_address(address))) for member, address in given.items()))
    except NetworkRulesError as error:
        raise PrivateEndpointError(f"private endpoint {name[:80]}: {error}") from None
    except ValueError as error:
        raise PrivateEndpointError(f"private endpoint {name[:80]}: {error}") from None
    return completed(PrivateEndpoint(name, found, addresses), wanted)


def completed(endpoint: PrivateEndpoint, wanted: Iterable[str]) -> PrivateEndpoint:
    """Give an address to every member that has none, and take those away that are of no member.

    Raises:
        PrivateEndpointError: The network has too few addresses; the members without one are named.
    """
    wanted = tuple(wanted)
    kept = {member: address for member, address in endpoint.addresses if member in wanted}
    missing = [member for member in wanted if member not in kept]
    free = list(islice(_free(endpoint, frozenset(kept.values())), len(missing)))
    if len(free) < len(missing):
        without = ", ".join(missing[len(free) :])
        raise PrivateEndpointError(
            f"private endpoint {endpoint.name}: no address is free in {endpoint.network} for {without}; "
            "make it anew with a larger network"
        )
    kept |= dict(zip(missing, free, strict=True))
    return replace(endpoint, addresses=tuple(sorted(kept.items())))


def _free(endpoint: PrivateEndpoint, taken: frozenset[str]) -> Iterator[str]:
    network = ip_network(endpoint.network)
    # The last one of IPv4 is for everybody.
    last = network.num_addresses - (1 if network.version == 4 else 0)
    for place in range(_RESERVED, last):
        address = str(network[place])
        if address not in taken:
            yield address
