"""Where a client comes from, also behind a proxy that the operator trusts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.network import address_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ipaddress import IPv4Address, IPv6Address

    from seawall.network import Range

__all__ = ["client_address"]

_HEADER: Final = b"x-forwarded-for"


def client_address(peer: str, headers: Iterable[tuple[bytes, bytes]], trusted: tuple[Range, ...]) -> str:
    """Say where a client comes from.

    Every proxy adds, at the end of ``X-Forwarded-For``, the address it was asked from. So the list is read from its end
    for as long as trusted proxies speak, and the first address that is none of theirs is the client's. Whatever the
    client itself wrote stands before that, and nobody reads it.

    Args:
        peer: The other end of the connection.
        headers: The request's, with names in lower case.
        trusted: Where proxies are whose word is taken.

    Returns:
        The address; of IPv4 that is written as IPv6 (a door on ``[::]`` serves both) the IPv4 one.
    """
    address = address_of(peer)
    if address is None:
        return peer
    if trusted and _is_trusted(address, trusted):
        named = b",".join(value for name, value in headers if name == _HEADER).decode("latin-1").split(",")
        for word in reversed(named):
            told = address_of(word.strip(" \t"))
            if told is None:
                break
            address = told
            if not _is_trusted(address, trusted):
                break
    return str(address)


def _is_trusted(address: IPv4Address | IPv6Address, trusted: tuple[Range, ...]) -> bool:
    return any(address.version == one.version and address in one for one in trusted)
