"""Looking hosts up, for rules by IP where nobody publishes ranges: one's own registry, private endpoints."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from seawall.servicetags.prefixes import AddressSet

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ResolveError", "resolve_hosts"]


class ResolveError(RuntimeError):
    """A host has no address, or nobody answered. The message says which."""


def resolve_hosts(hosts: Iterable[str]) -> dict[str, AddressSet]:
    """Look up all addresses of each host, the way any program of this machine would.

    Raises:
        ResolveError: One of them could not be looked up.
    """
    return {host: _resolve(host) for host in hosts}


def _resolve(host: str) -> AddressSet:
    try:
        answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ResolveError(f"{host}: no address: {error.strerror or error}") from None
    return AddressSet.of(str(address[0]).partition("%")[0] for *_, address in answers)
