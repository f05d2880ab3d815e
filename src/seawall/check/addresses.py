"""What sort of address a host was found at, and what can be a host at all. Pure."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

__all__ = ["authority", "is_address", "is_host", "is_loopback", "is_nowhere", "is_private"]

# The last label has a letter that no number begins with: "127.1" and "0x7f.1" are addresses in disguise.
_HOST: Final = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_HTTPS: Final = 443
_NAT64: Final = ip_network("64:ff9b::/96")


def _read(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None


def authority(host: str, port: int) -> str:
    """Write a host as it stands in a URL, with its port where that is not the usual one."""
    name = f"[{host}]" if ":" in host else host
    return name if port == _HTTPS else f"{name}:{port}"


def is_address(text: str) -> bool:
    """Say whether a host is written as an address."""
    return _read(text) is not None


def is_host(text: str) -> bool:
    """Say whether a text in lower case can be a host: a name, or an address in its usual spelling."""
    return is_address(text) or _HOST.fullmatch(text) is not None


def is_nowhere(text: str) -> bool:
    """Say whether an address is nobody's, as name servers give it for hosts they block."""
    found = _read(text)
    return found is not None and found.is_unspecified


def is_loopback(text: str) -> bool:
    """Say whether an address is this machine's own."""
    found = _read(text)
    return found is not None and _inner(found).is_loopback


def is_private(text: str) -> bool:
    """Say whether an address means something within one network only, however it is wrapped."""
    found = _read(text)
    if found is None:
        return False
    inner = _inner(found)
    return not inner.is_global or inner.is_multicast or (isinstance(inner, IPv6Address) and inner.is_site_local)


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that packets to some IPv6 addresses end at (RFC 4291, 6052, 3056)."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
