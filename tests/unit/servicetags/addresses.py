"""Ranges of addresses for properties, and what other programs make of them."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final, TypeAlias

import netaddr
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterable

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

WINDOW: Final = 6
"""Bits of the windows in which many ranges meet: at both ends of the address space, and somewhere between."""


def _network(bits: int, address: int, length: int) -> Network:
    size = 1 << (bits - length)
    kind = ipaddress.IPv4Network if bits == 32 else ipaddress.IPv6Network
    return kind((address & -size, length))


def _crowded(bits: int) -> st.SearchStrategy[Network]:
    """Small ranges close together, so that they touch, overlap and lie in one another."""
    middle = 0b1011 << (bits - 4)
    starts = st.sampled_from((0, middle, (1 << bits) - (1 << WINDOW)))
    inside = st.integers(0, (1 << WINDOW) - 1)
    lengths = st.integers(bits - WINDOW, bits)
    return st.builds(lambda start, at, length: _network(bits, start + at, length), starts, inside, lengths)


def _anywhere(bits: int) -> st.SearchStrategy[Network]:
    return st.builds(
        lambda address, length: _network(bits, address, length),
        st.integers(0, (1 << bits) - 1),
        st.integers(0, bits),
    )


def networks_of(bits: int) -> st.SearchStrategy[Network]:
    """Ranges of one family."""
    return st.one_of(_crowded(bits), _crowded(bits), _anywhere(bits))


networks: Final = st.one_of(networks_of(32), networks_of(128))
many: Final = st.lists(networks, max_size=16)
away_from_the_ends: Final = st.lists(
    networks_of(32).filter(lambda one: int(one[0]) > 0 and int(one[-1]) < (1 << 32) - 1), min_size=1, max_size=16
)
"""IPv4 ranges, without the two addresses that 32 bits can be stepped over at."""


def written(ranges: Iterable[Network]) -> list[str]:
    """Write ranges as text."""
    return list(map(str, ranges))


def collapsed(ranges: Iterable[Network]) -> list[Network]:
    """Let the standard library find the fewest prefixes: IPv4 first."""
    every = list(ranges)
    v4 = [one for one in every if isinstance(one, ipaddress.IPv4Network)]
    v6 = [one for one in every if isinstance(one, ipaddress.IPv6Network)]
    return [*ipaddress.collapse_addresses(v4), *ipaddress.collapse_addresses(v6)]


def read(texts: Iterable[str]) -> list[Network]:
    """Let the standard library read prefixes; it refuses those with host bits."""
    return [ipaddress.ip_network(text) for text in texts]


def ip_set(ranges: Iterable[Network]) -> netaddr.IPSet:
    """Let netaddr make a set of them."""
    return netaddr.IPSet(netaddr.IPNetwork(str(one)) for one in ranges)


def of_ip_set(found: netaddr.IPSet) -> list[Network]:
    """The prefixes netaddr comes down to, IPv4 first."""
    return [ipaddress.ip_network(str(one)) for one in found.iter_cidrs()]
