"""A node on this machine: the login server and the data endpoints as ports of ``localhost``."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from seawall.doors import LocalDoors
from seawall.durable import PRIVATE, replace_file
from seawall.metadata import registries
from seawall.naming import Host, Role
from seawall.server.authority import OwnAuthority
from seawall.server.node import Listener, Node, create_registry, prepare, renew_password
from seawall.server.state import State

if TYPE_CHECKING:
    from pathlib import Path

    from seawall.metadata.rows import Writer
    from seawall.topology import Registry

__all__ = ["LocalOptions", "local_node"]

_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class LocalOptions:
    """What can be chosen; ``None`` leaves a switch as it was last time."""

    state: Path
    port: int = 5000
    registry: str = "myregistry"
    region: str = "local"
    data_endpoints: bool | None = None
    anonymous_pull: bool | None = None
    sparse: bool = False
    workers: int | None = None
    logged: Literal["all", "changes", "none"] = "changes"


def local_node(options: LocalOptions) -> tuple[Node, dict[str, Any]]:
    """Prepare a node, and the facts that clients need to know.

    Raises:
        ValueError: The options do not make a registry.
        OSError: The state directory cannot be used.
    """
    state = State(options.state)
    database = prepare(state, state.database_url, options.region)
    try:
        with database.writing() as writer:
            registry = _registry(writer, options, state)
    finally:
        database.close()
    replica = registry.replica(options.region)
    if replica is None:
        raise ValueError(f"{state.root} holds {registry.name} in {registry.home}; say --region {registry.home}")
    hosts = (
        Host(Role.LOGIN, registry=registry.name),
        Host(Role.BLOB, account=replica.account),
        Host(Role.DATA, registry=registry.name, region=replica.region),
    )
    ports = {host: options.port + offset for offset, host in enumerate(hosts)}
    doors = LocalDoors(ports)
    authority = OwnAuthority(state.authority)
    authority.ensure()

    def certify() -> tuple[Path, Path]:
        return authority.certificate_for(["localhost", _LOOPBACK], state.tls)

    certificate, key = certify()
    operations = (_LOOPBACK, options.port + len(hosts))
    node = Node(
        state=state,
        region=options.region,
        doors=doors,
        database_url=state.database_url,
        listeners=tuple(Listener(_LOOPBACK, port, certificate, key) for port in ports.values()),
        operations=operations,
        workers=options.workers or os.cpu_count() or 1,
        logged=options.logged,
        sparse=options.sparse,
        renew_certificates=certify,
    )
    login, blob, data = (doors.authority(host) for host in hosts)
    facts = {
        "ready": True,
        "registry": registry.name,
        "login_server": login,
        "blob_endpoint": blob,
        "data_endpoint": data,
        "dedicated": registry.data_endpoints,
        "operations": f"localhost:{operations[1]}",
        "username": registry.name,
        "password_file": str(state.admin_password(registry.name)),
        "ca_file": str(authority.certificate_file),
        "cert_dir": str(state.authority),
        "state": str(state.root),
    }
    return node, facts


def _registry(writer: Writer, options: LocalOptions, state: State) -> Registry:
    found = registries.find(writer.connection, options.registry)
    noted = state.admin_password(options.registry)
    if found is None:
        found, password = create_registry(writer, options.registry, options.region)
        replace_file(noted, f"{password}\n".encode(), PRIVATE)
    elif not noted.exists():
        # Only its hash is kept elsewhere; whoever removed the file wants a new password.
        replace_file(noted, f"{renew_password(writer, found.name, found.name)}\n".encode(), PRIVATE)
    changed = replace(
        found,
        data_endpoints=found.data_endpoints if options.data_endpoints is None else options.data_endpoints,
        anonymous_pull=found.anonymous_pull if options.anonymous_pull is None else options.anonymous_pull,
    )
    if changed != found:
        registries.put(writer, changed)
    return changed
