"""Nodes on this machine: the login servers and the data endpoints as ports of ``localhost``."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, Any, Final, Literal

from seawall.doors import LocalDoors
from seawall.durable import PRIVATE, replace_file
from seawall.identity.credentials import SLOTS, admin_passwords, renew_password
from seawall.identity.operators import create_operator, renew_secret
from seawall.management.creation import blank, create
from seawall.metadata import principals, registries
from seawall.naming import Cloud, Host, Role, check_region
from seawall.replication.membership import introduce
from seawall.server.authority import OwnAuthority
from seawall.server.node import Listener, Node, prepare
from seawall.server.state import State
from seawall.tiers import Tiers, check, limits_of
from seawall.topology import in_region

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from seawall.metadata.database import Database
    from seawall.metadata.rows import Writer
    from seawall.topology import Registry

__all__ = ["PORTS_PER_REGION", "LocalOptions", "local_nodes"]

PORTS_PER_REGION: Final = 6
"""Login server, shared storage, data endpoint, health and metrics, operators, and what other regions' nodes talk to."""

_LOOPBACK = "127.0.0.1"
_CLOUD: Final = Cloud.own("localhost")


@dataclass(frozen=True, slots=True)
class LocalOptions:
    """What can be chosen; ``None``, and no region at all, leave things as they were last time."""

    state: Path
    port: int = 5000
    registry: str = "myregistry"
    regions: tuple[str, ...] = ()
    data_endpoints: bool | None = None
    anonymous_pull: bool | None = None
    sparse: bool = False
    tiers: str = Tiers.AZURE
    workers: int | None = None
    logged: Literal["all", "changes", "none"] = "changes"


def local_nodes(options: LocalOptions) -> tuple[list[Node], dict[str, Any]]:
    """Prepare a node for each region, and the facts that clients need to know.

    Raises:
        ValueError: The options do not make a registry.
        OSError: The state directory cannot be used.
    """
    options = replace(options, regions=options.regions or _last_time(options))
    home, *others = options.regions
    for region in options.regions:
        check_region(region)
    if len(set(options.regions)) != len(options.regions):
        raise ValueError("name each region once")
    states = {home: State(options.state)}
    states |= {region: State(options.state / "regions" / region) for region in others}
    authority = OwnAuthority(states[home].authority)
    authority.ensure()
    with ExitStack() as stack:
        databases = {
            region: stack.enter_context(closing(prepare(state, state.database_url, region)))
            for region, state in states.items()
        }
        with databases[home].writing() as writer:
            registry = _registry(writer, options, states[home])
            operator = _operator(writer, states[home])
        ports = {region: options.port + place * PORTS_PER_REGION for place, region in enumerate(options.regions)}
        if others:
            _introduce(databases, ports, authority)
    nodes = [_node(options, registry, states[region], region, ports, authority) for region in options.regions]
    facts = _facts(registry, nodes[0], states[home], authority) | {"operator": operator, "tiers": options.tiers}
    if others:
        facts["regions"] = {node.region: _endpoints(registry, node) for node in nodes}
    replace_file(states[home].facts, f"{json.dumps(facts)}\n".encode(), PRIVATE)
    return nodes, facts


def _last_time(options: LocalOptions) -> tuple[str, ...]:
    state = State(options.state)
    if not state.database.exists():
        return ("local",)
    with closing(prepare(state, state.database_url, "")) as database:
        found = database.read_now(registries.find, options.registry)
    home = found.home if found is not None else "local"
    others = state.root / "regions"
    return (home, *sorted(path.name for path in others.iterdir())) if others.is_dir() else (home,)


def _introduce(databases: Mapping[str, Database], ports: Mapping[str, int], authority: OwnAuthority) -> None:
    """Let regions know each other that nobody has to invite, since one machine has them all."""
    pem = authority.certificate_file.read_text("ascii")
    nodes = {database: f"https://localhost:{ports[region] + 5}" for region, database in databases.items()}
    introduce(nodes, pem, (_LOOPBACK,))


def _node(
    options: LocalOptions,
    registry: Registry,
    state: State,
    region: str,
    ports: Mapping[str, int],
    authority: OwnAuthority,
) -> Node:
    hosts = {Host(Role.LOGIN, registry=registry.name): ports[region]}
    # Redirects stay in the region, but whoever lists the endpoints wants all of them.
    for replica in registry.replicas:
        if replica.region in ports:
            hosts[Host(Role.BLOB, account=replica.account)] = ports[replica.region] + 1
            hosts[Host(Role.DATA, registry=registry.name, region=replica.region)] = ports[replica.region] + 2
    hosts[Host(Role.OPERATORS)] = ports[region] + 4
    served = [ports[region] + offset for offset in (0, 1, 2, 4)]
    if len(ports) > 1:
        hosts[Host(Role.NODE, region=region)] = ports[region] + 5
        served.append(ports[region] + 5)

    # Below localhost too, for those who take names apart.
    named = sorted({_CLOUD.host(host) for host in hosts})

    def certify() -> tuple[Path, Path]:
        return authority.certificate_for(["localhost", _LOOPBACK, *named], state.tls)

    certificate, key = certify()
    return Node(
        state=state,
        region=region,
        cloud=_CLOUD,
        doors=LocalDoors(hosts),
        database_url=state.database_url,
        tiers=limits_of(Tiers(options.tiers)),
        addresses=(_LOOPBACK,),
        listeners=tuple(Listener(_LOOPBACK, port, certificate, key) for port in served),
        operations=(_LOOPBACK, ports[region] + 3),
        workers=options.workers or max(1, (os.cpu_count() or 1) // len(ports)),
        logged=options.logged,
        sparse=options.sparse,
        renew_certificates=certify,
    )


def _endpoints(registry: Registry, node: Node) -> dict[str, str]:
    replica = registry.replica(node.region)
    assert replica is not None
    return {
        "login_server": node.doors.authority(Host(Role.LOGIN, registry=registry.name)),
        "blob_endpoint": node.doors.authority(Host(Role.BLOB, account=replica.account)),
        "data_endpoint": node.doors.authority(Host(Role.DATA, registry=registry.name, region=node.region)),
        "operations": f"localhost:{node.operations[1]}",
    }


def _facts(registry: Registry, node: Node, state: State, authority: OwnAuthority) -> dict[str, Any]:
    return {
        "ready": True,
        "registry": registry.name,
        **_endpoints(registry, node),
        "dedicated": registry.data_endpoints,
        "username": registry.name,
        "password_file": str(state.admin_password(registry.name)),
        "ca_file": str(authority.certificate_file),
        "cert_dir": str(state.authority),
        "management": node.doors.authority(Host(Role.OPERATORS)),
        "operator_secret_file": str(state.operator_secret),
        "state": str(state.root),
    }


def _operator(writer: Writer, state: State) -> str:
    """See to it that there is an operator whose secret is noted; return the name."""
    known = principals.list_all(writer.connection, principals.CLOUD)
    if known and state.operator_secret.exists():
        return known[0].name
    name, secret = (known[0].name, renew_secret(writer, known[0])) if known else create_operator(writer)
    replace_file(state.operator_secret, f"{secret}\n".encode(), PRIVATE)
    return name


def _registry(writer: Writer, options: LocalOptions, state: State) -> Registry:
    home = options.regions[0]
    found = registries.find(writer.connection, options.registry)
    noted = state.admin_password(options.registry)
    if found is None:
        found, password = create(writer, blank(options.registry, home))
        replace_file(noted, f"{password}\n".encode(), PRIVATE)
    else:
        _note_password(writer, found, noted)
    if found.home != home:
        raise ValueError(f"{state.root} holds {found.name} in {found.home}; say --region {found.home} first")
    changed = reduce(in_region, options.regions, found)
    changed = replace(
        changed,
        data_endpoints=found.data_endpoints if options.data_endpoints is None else options.data_endpoints,
        anonymous_pull=found.anonymous_pull if options.anonymous_pull is None else options.anonymous_pull,
    )
    check(changed, limits_of(Tiers(options.tiers)), found)
    if changed != found:
        registries.put(writer, changed)
    return changed


def _note_password(writer: Writer, registry: Registry, noted: Path) -> None:
    """Let the noted password be the admin user's, also where that was renewed by other means than on this machine."""
    # Whoever removed the file wants a new password.
    new = None if noted.exists() else renew_password(writer, registry.name, registry.name)
    shown = new or admin_passwords(writer.connection, registry.name)[SLOTS[0]]
    if shown is not None and (new or noted.read_text("utf-8", "replace").strip() != shown):
        replace_file(noted, f"{shown}\n".encode(), PRIVATE)
