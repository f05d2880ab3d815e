"""Reading what Azure's tools print about a registry. Pure.

Understood are ``az acr show``, ``az acr show-endpoints`` and ``az acr replication list``, in any mix, as the command
line prints them or as the REST interface has them (below ``properties``). Together they say more than each alone: only
the list of replications has the regions of a registry without dedicated data endpoints, for one.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from seawall.firewall.flow import HTTPS, Door
from seawall.naming import CLOUDS, Cloud, NamingError, Role, check_region, lies_within, normalise
from seawall.neighbours import NEIGHBOURS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from seawall.naming import Host

__all__ = ["Description", "DescriptionError", "read_description", "read_login_server"]

# The article itself prints them.
_TRAILING_COMMA: Final = re.compile(r",(?=\s*[}\]])")

_SWITCHES: Final = {
    "data_endpoints": "dedicated data endpoints are",
    "regional_endpoints": "regional endpoints are",
    "private_link": "private endpoints are",
    "dual_stack": "IPv6 is",
}
_SAID: Final = ("cloud", "registry", "port", "doors", "later", *_SWITCHES)
_THIS_MACHINE: Final = frozenset(("localhost", "127.0.0.1"))
_ONE_REGION: Final = frozenset(("basic", "standard"))
"""Tiers without replicas: a registry of one of these is in its home region and nowhere else."""


class DescriptionError(ValueError):
    """A text does not describe a registry. The message says what it lacks."""


@dataclass(frozen=True, slots=True)
class Description:
    """What is known of a registry; ``None`` and nothing where that was not said.

    Attributes:
        accounts: The storage account of a region, where it was told.
        port: The port of its endpoints.
        doors: Where it answers if it has no names.
        later: Where its layers will be once dedicated data endpoints are switched on, if it has no names.

    The others are as in :class:`seawall.firewall.need.Need`.
    """

    cloud: Cloud | None = None
    registry: str = ""
    regions: frozenset[str] = frozenset()
    data_endpoints: bool | None = None
    regional_endpoints: bool | None = None
    private_link: bool | None = None
    dual_stack: bool | None = None
    accounts: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    doors: tuple[Door, ...] = ()
    later: tuple[Door, ...] = ()

    @property
    def _login_server(self) -> str:
        return self.cloud.login(self.registry) if self.cloud and self.registry else ""

    def and_also(self, other: Description) -> Description:
        """Add what another text says.

        Raises:
            DescriptionError: They are about two registries.
        """
        ours, theirs = self._login_server, other._login_server
        if ours and theirs and ours != theirs:
            raise DescriptionError(f"these describe two registries, {ours} and {theirs}; give one at a time")
        for name, words in _SWITCHES.items():
            if getattr(self, name) is not None and getattr(other, name) not in {None, getattr(self, name)}:
                raise DescriptionError(
                    f"one of these says that {words} on, another that not; ask again for all of them"
                )
        said = {name: value for name in _SAID if (value := getattr(other, name)) not in (None, "", ())}
        accounts = {**self.accounts, **other.accounts}
        return replace(self, **said, regions=self.regions | other.regions, accounts=accounts)


def read_description(texts: Iterable[tuple[str, str]]) -> Description:
    """Read one or more descriptions of the same registry.

    Args:
        texts: Name (for messages) and content of each.

    Raises:
        DescriptionError: One of them is not understood.
    """
    found = Description()
    for name, text in texts:
        try:
            found = found.and_also(_read(_parse(text)))
        except (DescriptionError, NamingError) as error:
            raise DescriptionError(f"{name}: {error}") from None
    return found


def _parse(text: str) -> Any:  # noqa: ANN401 - JSON
    if not text.strip():
        raise DescriptionError("there is nothing in it; did the az command fail?")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        try:
            return json.loads(_TRAILING_COMMA.sub("", text))
        except (ValueError, RecursionError):
            raise DescriptionError(f"this is not JSON ({error}); run az with --output json") from None


def _read(document: Any) -> Description:  # noqa: ANN401 - JSON
    if isinstance(document, dict) and isinstance(document.get("value"), list):
        document = document["value"]
    match document:
        case list():
            return _replications(document)
        case {"dataEndpoints": list()}:
            return _endpoints(document)
        case {"loginServer": str()} | {"properties": {"loginServer": str()}}:
            return _registry(document)
    raise DescriptionError(
        "this is not what 'az acr show', 'az acr show-endpoints' or 'az acr replication list' prints"
    )


def _replications(items: list[Any]) -> Description:
    regions = set()
    for item in items:
        kind = str(item.get("type", "")) if isinstance(item, dict) else ""
        if not isinstance(item, dict) or not isinstance(item.get("location"), str):
            raise DescriptionError("every replication must have a location")
        if kind and not kind.lower().endswith("/replications"):
            raise DescriptionError(f"this is a list of {kind}; give 'az acr replication list', or 'az acr show' of one")
        regions.add(_region(item["location"]))
    return Description(regions=frozenset(regions))


def _endpoints(document: Mapping[str, Any]) -> Description:
    login, port = _port(document.get("loginServer"))
    if login in _THIS_MACHINE:
        return _on_this_machine(login, port, document)
    cloud, registry = _login(login)
    regions, dedicated, accounts = set(), False, {}
    for region, endpoint in _entries(document["dataEndpoints"]):
        regions.add(region)
        if not endpoint.startswith("*."):
            name, its_port = _port(endpoint)
            if its_port != port:
                raise DescriptionError(f"dataEndpoints: {endpoint} is on another port than {login}")
            cloud = _with_storage(cloud, name)
            host = cloud.parse(name)
            if host.role is Role.BLOB:
                accounts[region] = host.account
            elif (host.role, host.registry, host.region) == (Role.DATA, registry, region):
                dedicated = True
            else:
                raise DescriptionError(f"dataEndpoints: {name} is not the data endpoint of {registry} in {region}")
    regional = document.get("regionalEndpoints")
    return Description(
        cloud,
        registry,
        frozenset(regions),
        dedicated,
        bool(regional) if regional is not None else None,
        accounts=accounts,
        port=port,
    )


def _on_this_machine(login: str, port: int | None, document: Mapping[str, Any]) -> Description:
    """Read what a registry of 'seawall up' says of itself: it has ports where others have names."""
    data = _local_doors(document["dataEndpoints"])
    later = _local_doors(document.get("dataEndpointsAfterSwitch") or ())
    here, regions = Cloud.own("localhost"), frozenset(door.region for door in data)
    return Description(here, "localhost", regions, doors=(Door(login, port or HTTPS), *data), later=later)


def _local_doors(data: Iterable[Any]) -> tuple[Door, ...]:
    return tuple(Door(host, port or HTTPS, region) for region, told in _entries(data) for host, port in [_port(told)])


def _entries(data: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Read region and endpoint of each entry."""
    for item in data:
        match item:
            case {"region": str(region), "endpoint": str(endpoint)}:
                yield _region(region), endpoint
            case _:
                raise DescriptionError("dataEndpoints: every entry must have a region and an endpoint")


def _with_storage(cloud: Cloud, host: str) -> Cloud:
    """Learn a cloud's storage suffix from the name of an account; Microsoft's are known."""
    _, blob, suffix = host.partition(".blob.")
    return cloud if not blob or cloud in CLOUDS.values() else Cloud.own(cloud.domain, suffix)


def _port(authority: object) -> tuple[str, int | None]:
    """Part a host from the port that may stand behind it."""
    host, colon, port = authority.partition(":") if isinstance(authority, str) else ("", "", "")
    if not host:
        raise DescriptionError("loginServer: there is none")
    if colon and not (port.isascii() and port.isdecimal() and len(port) <= 5 and 0 < int(port) < 1 << 16):
        raise DescriptionError(f"{str(authority)[:80]!r} is not a host and a port")
    return host, int(port) if colon else None


def _registry(document: Mapping[str, Any]) -> Description:
    more = document.get("properties")
    properties = {**document, **(more if isinstance(more, dict) else {})}
    cloud, registry = _login(properties["loginServer"])
    regions = {
        _own(cloud, registry, name).region
        for name in (*_hosts(properties, "dataEndpointHostNames"), *_hosts(properties, "regionalEndpointHostNames"))
    }
    sku = document.get("sku")
    tier = str(sku.get("name", "")) if isinstance(sku, dict) else ""
    if isinstance(location := document.get("location"), str) and tier.lower() in _ONE_REGION:
        regions.add(_region(location))
    protocol = properties.get("endpointProtocol")
    return Description(
        cloud,
        registry,
        # Premium ones may have replicas, which are not shown here unless they have endpoints of their own.
        frozenset(regions),
        _switch(properties.get("dataEndpointEnabled")),
        _switch(properties.get("regionalEndpoints")),
        bool(links) if (links := properties.get("privateEndpointConnections")) is not None else None,
        protocol.lower() == "ipv4andipv6" if isinstance(protocol, str) else None,
    )


def _hosts(properties: Mapping[str, Any], key: str) -> list[str]:
    names = properties.get(key)
    if names is None:
        return []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DescriptionError(f"{key}: this must be a list of host names")
    return names


def _own(cloud: Cloud, registry: str, name: str) -> Host:
    host = cloud.parse(name)
    if host.registry != registry:
        raise DescriptionError(f"{name} is not an endpoint of {registry}")
    return host


def read_login_server(host: str, cloud: Cloud | None = None) -> tuple[Cloud, str]:
    """Tell cloud and registry from a login server's name.

    Args:
        host: The name.
        cloud: A cloud of one's own to try first.

    Raises:
        NamingError: It is no login server's name.
    """
    name = normalise(host)
    for known in (*([cloud] if cloud else []), *CLOUDS.values()):
        if lies_within(name, known.domain):
            found = known.parse(name)
            if found.role is Role.LOGIN:
                return known, found.registry
            raise NamingError(f"{name} is not a login server; it is {found.role} of {found.registry or known.name}")
    if name in {beside.mcr for beside in NEIGHBOURS.values()}:
        raise NamingError(f"{name} is the Microsoft Container Registry; say --mcr instead")
    label, _, domain = name.partition(".")
    if not domain:
        raise NamingError(f"{label} is not a login server; write all of it, such as {label}.azurecr.io")
    own = Cloud.own(domain)
    return own, own.parse(name).registry


def _login(host: object) -> tuple[Cloud, str]:
    if not isinstance(host, str):
        raise DescriptionError("loginServer: there is none")
    return read_login_server(host)


def _region(text: str) -> str:
    return check_region("".join(text.split()).lower())


def _switch(value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    return str(value).lower() == "enabled"
