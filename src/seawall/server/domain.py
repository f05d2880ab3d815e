"""A node under real names: what a configuration file describes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seawall.directories import default_service_tags
from seawall.doors import DomainDoors
from seawall.metadata import regions, registries
from seawall.naming import Host, Role
from seawall.rates import Counted, Uncounted
from seawall.replication.membership import describe_self
from seawall.server.authority import OwnAuthority
from seawall.server.certificates import CertificateError, check_pair, names_to_serve, uncovered, wildcards
from seawall.server.node import Copying, Listener, Node, prepare
from seawall.server.settings import SettingsError
from seawall.server.state import State

if TYPE_CHECKING:
    from pathlib import Path

    from seawall.metadata.database import Database
    from seawall.metadata.regions import Region
    from seawall.server.settings import DoorSettings, ReplicationSettings, Settings

__all__ = ["describe_node", "domain_node", "operators_url"]


def domain_node(settings: Settings) -> tuple[Node, dict[str, Any]]:
    """Prepare a node, and the facts that clients need to know.

    Raises:
        SettingsError: A certificate cannot be used, or hosts are left without one.
        OSError: The state directory cannot be used.
    """
    state = State(settings.state)
    database_url = settings.metadata or state.database_url
    database = prepare(state, database_url, settings.region)
    try:
        known = database.read_now(registries.list_all)
        taking_part = database.read_now(regions.find, settings.region) is not None
        if taking_part:
            # What the file says now may not be what it said when this region joined.
            describe_node(database, settings)
    finally:
        database.close()
    listeners = tuple(_listener(settings, state, number, door) for number, door in enumerate(settings.door, start=1))
    hosts = names_to_serve(settings.cloud, settings.region, known)
    if taking_part and settings.replication.reachable:
        hosts.append(settings.cloud.node(settings.region))
    bare = uncovered(hosts, {listener.certificate for listener in listeners})
    if bare:
        raise SettingsError(
            f"door.certificate: no certificate is for {', '.join(bare)} (a wildcard stands for one label only); "
            f"get one for {', '.join(wildcards(settings.cloud, settings.region))}"
        )
    node = Node(
        state=state,
        region=settings.region,
        cloud=settings.cloud,
        doors=DomainDoors(settings.cloud, settings.public_port),
        database_url=database_url,
        listeners=listeners,
        operations=_split(settings.operations.listen),
        workers=settings.process.workers,
        shutdown_seconds=settings.process.shutdown_seconds,
        logged=settings.log.requests,
        sparse=settings.sparse,
        expire_seconds=settings.uploads.expire_hours * 3600,
        copying=_copying(settings.replication),
        tiers=settings.tiers_of,
        # Made here, so that all workers count in it.
        rates=Counted(settings.tiers_of) if settings.throttle else Uncounted(),
        trusted_proxies=settings.trusted_ranges,
        addresses=settings.replication.addresses,
        service_tags=settings.service_tags or default_service_tags(),
        renew_certificates=lambda: [_certificate(settings, state, *door) for door in enumerate(settings.door, start=1)],
    )
    facts = {
        "hosts": hosts,
        "registries": [registry.name for registry in known],
        "operations": settings.operations.listen,
        "ca_file": str(OwnAuthority(state.authority).certificate_file),
        "state": str(state.root),
    }
    return node, facts


def describe_node(database: Database, settings: Settings) -> Region:
    """Write down what other regions must know of this node, as its configuration has it now."""
    addresses = settings.replication.addresses or None
    return database.write_now(describe_self, _node_url(settings), _node_authority(settings), addresses)


def operators_url(settings: Settings) -> str:
    """Say where operators manage registries."""
    return _url(settings, Host(Role.OPERATORS))


def _node_url(settings: Settings) -> str:
    """Say where other regions' nodes reach this one; empty where they cannot."""
    return _url(settings, Host(Role.NODE, region=settings.region)) if settings.replication.reachable else ""


def _url(settings: Settings, host: Host) -> str:
    return f"https://{DomainDoors(settings.cloud, settings.public_port).authority(host)}"


def _node_authority(settings: Settings) -> str:
    """Return the certificates (PEM) that other regions' nodes need to trust this one; none if they do anyway."""
    if settings.replication.authority is not None:
        return settings.replication.authority.read_text("ascii")
    if all(door.certificate is not None for door in settings.door):
        return ""
    authority = OwnAuthority(State(settings.state).authority)
    authority.ensure()
    return authority.certificate_file.read_text("ascii")


def _copying(settings: ReplicationSettings) -> Copying:
    limit = settings.megabytes_per_second
    return Copying(settings.lazy, settings.parallel, limit * 1_000_000 if limit is not None else None)


def _listener(settings: Settings, state: State, number: int, door: DoorSettings) -> Listener:
    certificate, key = _certificate(settings, state, number, door)
    return Listener(*_split(door.listen), certificate, key)


def _certificate(settings: Settings, state: State, number: int, door: DoorSettings) -> tuple[Path, Path]:
    if door.certificate is None or door.key is None:
        authority = OwnAuthority(state.authority)
        authority.ensure()
        return authority.certificate_for(wildcards(settings.cloud, settings.region), state.tls)
    try:
        check_pair(door.certificate, door.key)
    except CertificateError as error:
        raise SettingsError(f"door.{number}.certificate: {error}") from None
    return door.certificate, door.key


def _split(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)
