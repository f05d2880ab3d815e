"""How a host is reached: directly, or through a proxy. Pure.

The environment is read as Go programs read it, for docker, podman, containerd and skopeo are such. Source: the Go
project's package golang.org/x/net/http/httpproxy. ALL_PROXY, which curl and others know, means nothing to it and is not
read here either. Of docker it is the daemon that pulls, whose environment may be another than the shell's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Address, IPv4Network, IPv6Network

__all__ = ["Proxy", "ProxyError", "Routes", "read_proxy", "routes_of"]

_HTTP: Final = 80
_LOCALHOST: Final = "localhost"
_PORTS: Final = {"http": _HTTP, "https": 443, "socks5": 1080, "socks5h": 1080}
_LARGEST_PORT: Final = 65535

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_AUTHORITY: Final = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]{1,253}))(?::(?P<port>[0-9]{0,9}))?"
)
_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
# What Go takes in user and password; with anything else in them it looks for the proxy in the wrong place.
_CREDENTIALS: Final = re.compile(r"(?:[A-Za-z0-9._:~!$&'()*+,;=@-]|%[0-9A-Fa-f]{2})*")
# The same split as Go's: a bracketed or colon-free host, a colon, and whatever port.
_WITH_PORT: Final = re.compile(r"(?:\[([^\[\]]*)\]|([^:\[\]]*)):([^:\[\]]*)")
_PREFIX: Final = re.compile(r"([^/]+)/([0-9]{1,9})", re.ASCII)
_MAPPED: Final = 96

_FORM: Final = "write http://[USER:PASSWORD@]HOST:PORT, https:// or socks5://"
_ESCAPES: Final = "in user and password, write all but letters, digits and - . _ as % and two hexadecimal digits"


class ProxyError(ValueError):
    """A text describes no proxy that clients could use. The message says why, and repeats none of the text."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy; written down it has no credentials.

    Attributes:
        scheme: ``http``, ``https``, ``socks5`` or ``socks5h``; Go takes the last two for the same: the proxy looks the
            host up.
        host: Host name in lower case, or an address; IPv6 without brackets.
        port: TCP port.
        username: Empty when the proxy asks for none.
        password: The same.
    """

    scheme: str
    host: str
    port: int
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def read_proxy(text: str) -> Proxy:
    """Read a proxy's URL; ``host:port`` alone means HTTP.

    Raises:
        ProxyError: It is none, or of a kind that clients do not know.
    """
    found = _SCHEME.match(text)
    scheme = found[1].lower() if found else "http"
    if scheme not in _PORTS:
        raise ProxyError(f"container clients know proxies of the kinds {', '.join(_PORTS)}, and no other: {_FORM}")
    authority, slash, path = (text[found.end() :] if found else text).partition("/")
    credentials, _, place = authority.rpartition("@")
    read = _AUTHORITY.fullmatch(place)
    # Half a password with a "/" in it would pass for host and port.
    if not read or not _CREDENTIALS.fullmatch(credentials) or (slash and "@" in path):
        raise ProxyError(f"this is no proxy's address: {_FORM}; {_ESCAPES}")
    port = int(read["port"] or _PORTS[scheme])
    if not 0 < port <= _LARGEST_PORT:
        raise ProxyError(f"a proxy's port is a number from 1 to {_LARGEST_PORT}: {_FORM}")
    username, _, password = credentials.partition(":")
    return Proxy(scheme, _host(read), port, _unescape(username), _unescape(password))


def _host(read: re.Match[str]) -> str:
    if read["v6"] is None:
        return read["name"].lower()
    try:
        return str(IPv6Address(read["v6"]))
    except ValueError:
        raise ProxyError(f"what stands in brackets is no IPv6 address: {_FORM}") from None


def _unescape(text: str) -> str:
    try:
        return _ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()), text.encode()).decode()
    except UnicodeError:
        raise ProxyError("a proxy's user and password must be UTF-8") from None


class Routes:
    """Which way leads to which host."""

    def __init__(self, https_proxy: Proxy | None, no_proxy: str = "", http_proxy: Proxy | None = None) -> None:
        """Keep the ways.

        Args:
            https_proxy: For everything but port 80.
            no_proxy: Hosts that are reached directly, as in NO_PROXY.
            http_proxy: For port 80, where revocation lists are.
        """
        self._https_proxy = https_proxy
        self._http_proxy = http_proxy
        self._networks: list[_Network] = []
        self._domains: list[_Domain] = []
        entries = [entry.strip() for entry in no_proxy.lower().split(",")]
        self._all_direct = "*" in entries
        for entry in entries:
            self._except(entry)

    def _except(self, entry: str) -> None:
        """Note an entry of NO_PROXY. None is wrong: what has no meaning covers nothing, as in Go."""
        network = _read_network(entry)
        found = _WITH_PORT.fullmatch(entry)
        host, port = (found[1] or found[2], found[3]) if found else (entry, "")
        address = _read_address(host)
        if network is not None:
            self._networks.append(_Network(network, ""))
        elif address is not None:
            self._networks.append(_Network(ip_network(address), port))
        elif host:
            suffix = host.removeprefix("*") if host.startswith("*.") else host
            self._domains.append(_Domain(f".{suffix.removeprefix('.')}", suffix, port))

    def to(self, host: str, port: int) -> Proxy | None:
        """Return the proxy that leads to a host; ``None`` when it is reached directly."""
        proxy = self._http_proxy if port == _HTTP else self._https_proxy
        return None if self._is_direct(host.lower(), str(port)) else proxy

    def _is_direct(self, host: str, port: str) -> bool:
        if self._all_direct or host == _LOCALHOST:
            return True
        address = _read_address(host)
        if address is None:
            return any(one.covers(host, port) for one in self._domains)
        return address.is_loopback or any(one.covers(address, port) for one in self._networks)


def routes_of(environment: Mapping[str, str]) -> Routes:
    """Read the routes that programs in Go take in an environment.

    Raises:
        ProxyError: A proxy is written wrongly. Go would look for it somewhere else; who set it wants to know.
    """
    found = {}
    for variable in ("HTTPS_PROXY", "HTTP_PROXY"):
        text = _variable(environment, variable)
        try:
            found[variable] = read_proxy(text) if text else None
        except ProxyError as error:
            raise ProxyError(f"{variable}: {error}") from None
    return Routes(found["HTTPS_PROXY"], _variable(environment, "NO_PROXY"), found["HTTP_PROXY"])


def _variable(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name) or environment.get(name.lower()) or ""


class _Network(NamedTuple):
    """An address or a prefix of NO_PROXY; an empty port is any."""

    network: IPv4Network | IPv6Network
    port: str

    def covers(self, address: IPv4Address | IPv6Address, port: str) -> bool:
        return address in self.network and self.port in {"", port}


class _Domain(NamedTuple):
    """A domain of NO_PROXY, and what is covered besides its subdomains; an empty port is any."""

    suffix: str
    itself: str
    port: str

    def covers(self, host: str, port: str) -> bool:
        return (host.endswith(self.suffix) or host == self.itself) and self.port in {"", port}


def _read_network(text: str) -> IPv4Network | IPv6Network | None:
    """Read a prefix, whose address may have bits behind its length."""
    found = _PREFIX.fullmatch(text)
    address = _read_address(found[1]) if found else None
    if found is None or address is None:
        return None
    length = int(found[2])
    # The address is IPv4 by now if it was mapped into IPv6; its length is still the latter's.
    if ":" in found[1] and address.version == 4:
        length -= _MAPPED
    return ip_network((address, length), strict=False) if 0 <= length <= address.max_prefixlen else None


def _read_address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        # A zone makes an address no longer comparable.
        return None if address.scope_id else address.ipv4_mapped or address
    return address
