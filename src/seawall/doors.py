"""Which host a request was sent to, and where a host is reached: the two directions of one table. Pure.

Clients choose the ``Host`` header, so it is only ever looked up here, never copied into an answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from seawall.naming import Cloud, Host, NamingError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DomainDoors", "Doors", "LocalDoors"]

HTTPS_PORT: Final = 443
_LOCAL: Final = Cloud.own("localhost")


class Doors(Protocol):
    """The hosts this node answers for.

    Attributes:
        several: Whether any number of registries can be reached by them.
    """

    several: bool

    def locate(self, authority: str) -> Host | None:
        """Read an authority (``host`` or ``host:port``) that a client sent; ``None`` when it is none of ours."""

    def authority(self, host: Host) -> str:
        """Write the authority under which clients reach a host."""

    def name(self, host: Host) -> str:
        """Write an authority that says which host it is, also to whoever takes its labels apart."""


class DomainDoors:
    """Real names under a cloud's suffixes, all on one port."""

    several = True

    def __init__(self, cloud: Cloud, port: int = HTTPS_PORT) -> None:
        """Take the cloud and the port that clients use (not necessarily the one that is listened on)."""
        self._cloud = cloud
        self._suffix = "" if port == HTTPS_PORT else f":{port}"
        self._port = str(port)

    def locate(self, authority: str) -> Host | None:
        """Read an authority that a client sent."""
        name, colon, port = authority.partition(":")
        if colon and port != self._port:
            return None
        try:
            return self._cloud.parse(name)
        except NamingError:
            return None

    def authority(self, host: Host) -> str:
        """Write the authority under which clients reach a host."""
        return self._cloud.host(host) + self._suffix

    name = authority


class LocalDoors:
    """One registry on ports of ``localhost``: no names to configure, nothing to resolve.

    The same hosts have names below ``localhost``, which are this machine as well (RFC 6761 section 6.3).
    """

    several = False

    def __init__(self, ports: Mapping[Host, int]) -> None:
        """Take the port of each host."""
        self._authorities = {host: f"localhost:{port}" for host, port in ports.items()}
        self._hosts = {authority: host for host, authority in self._authorities.items()}
        self._hosts |= {f"127.0.0.1:{port}": host for host, port in ports.items()}
        self._names = {host: f"{_LOCAL.host(host)}:{port}" for host, port in ports.items()}
        self._hosts |= {name: host for host, name in self._names.items()}

    def locate(self, authority: str) -> Host | None:
        """Read an authority that a client sent."""
        return self._hosts.get(authority.lower())

    def authority(self, host: Host) -> str:
        """Write the authority under which clients reach a host."""
        return self._authorities[host]

    def name(self, host: Host) -> str:
        """Write the authority of a host's name below ``localhost``; of one that is not running, the bare name."""
        return self._names.get(host) or _LOCAL.host(host)
