"""What sort of address a host was found at. Pure."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

__all__ = ["is_address", "is_blocked", "is_private"]


def _read(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if found.version == 6 else found


def is_address(text: str) -> bool:
    """Say whether a host is written as an address."""
    return _read(text) is not None


def is_blocked(text: str) -> bool:
    """Say whether an address is one that name servers give for hosts they block: nobody's, or this machine's own."""
    found = _read(text)
    return found is not None and (found.is_unspecified or found.is_loopback)


def is_private(text: str) -> bool:
    """Say whether an address means something within one network only."""
    found = _read(text)
    return found is not None and (found.is_private or found.is_link_local or found.is_multicast)
