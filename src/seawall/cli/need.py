"""The options that describe a registry, shared by every command about rules."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli.output import fail
from seawall.directories import default_service_tags

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seawall.firewall.description import Description
    from seawall.firewall.flow import Door
    from seawall.firewall.need import Need
    from seawall.naming import Cloud
    from seawall.servicetags.feed import Shelf
    from seawall.servicetags.prefixes import AddressSet
    from seawall.servicetags.snapshot import Snapshot

__all__ = [
    "CloudOption",
    "DataEndpointsOption",
    "DualStackOption",
    "FromOption",
    "McrOption",
    "NameArgument",
    "Options",
    "PrivateLinkOption",
    "PushOption",
    "RegionalOption",
    "RegionsOption",
    "RevocationOption",
    "SignInOption",
    "SwitchingOption",
    "TagsFileOption",
    "cloud_of",
    "need_of",
    "newest_snapshot",
    "resolved_of",
    "snapshot_of",
]

NameArgument = Annotated[
    str | None, typer.Argument(metavar="[REGISTRY]", help="The registry's name or login server, such as myregistry.")
]
RegionsOption = Annotated[
    list[str] | None, typer.Option("--region", "-r", help="A region the registry is in. May be repeated.")
]
DataEndpointsOption = Annotated[
    bool | None,
    typer.Option("--data-endpoints/--no-data-endpoints", help="Layers come from dedicated data endpoints."),
]
SwitchingOption = Annotated[
    bool,
    typer.Option("--switching", help="Data endpoints are about to be switched on: both these and shared storage."),
]
RegionalOption = Annotated[
    bool | None,
    typer.Option("--regional-endpoints/--no-regional-endpoints", help="Clients use login servers of single regions."),
]
PrivateLinkOption = Annotated[
    bool | None, typer.Option("--private-link/--no-private-link", help="Clients come by a private endpoint.")
]
DualStackOption = Annotated[
    bool | None, typer.Option("--dual-stack/--ipv4-only", help="The registry answers on IPv6 too.")
]
PushOption = Annotated[bool, typer.Option("--push", help="Clients push, too.")]
McrOption = Annotated[bool, typer.Option("--mcr", help="Clients also pull from the Microsoft Container Registry.")]
SignInOption = Annotated[bool, typer.Option("--sign-in", help="Also the hosts where users and principals sign in.")]
RevocationOption = Annotated[
    bool, typer.Option("--revocation", help="Also the hosts that tell whether certificates were revoked.")
]
CloudOption = Annotated[
    str | None, typer.Option("--cloud", help="public, china, usgov, or a domain of your own.", show_default="public")
]
FromOption = Annotated[
    list[str] | None,
    typer.Option(
        "--from",
        metavar="SOURCE",
        help="JSON of 'az acr show', 'show-endpoints' or 'replication list'; a seawall.toml; https://LOGIN-SERVER of "
        "a running Seawall; - for standard input. Repeatable.",
    ),
]
TagsFileOption = Annotated[
    Path | None,
    typer.Option("--service-tags", metavar="FILE", help="Weekly service-tag file; else the last one fetched."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was said about a registry on the command line; ``None`` where nothing was."""

    name: str | None = None
    regions: tuple[str, ...] = ()
    data_endpoints: bool | None = None
    switching: bool = False
    regional_endpoints: bool | None = None
    private_link: bool | None = None
    dual_stack: bool | None = None
    push: bool = False
    mcr: bool = False
    sign_in: bool = False
    revocation: bool = False
    cloud: str | None = None
    sources: tuple[str, ...] = ()
    tags_file: Path | None = None


def cloud_of(text: str) -> Cloud:
    """Find a cloud by its short name, its login suffix, or take it for a domain of one's own."""
    from seawall.naming import CLOUDS, Cloud, NamingError  # noqa: PLC0415

    by_domain = {cloud.domain: cloud for cloud in CLOUDS.values()}
    try:
        return CLOUDS.get(text.lower()) or by_domain.get(text.lower()) or _own(Cloud, text)
    except NamingError as error:
        fail(f"--cloud: {error}")


def _own(kind: type[Cloud], text: str) -> Cloud:
    from seawall.naming import CLOUDS  # noqa: PLC0415

    if "." not in text:
        fail(f"--cloud: {text!r} is none of {', '.join(CLOUDS)}, and no domain")
    return kind.own(text)


def snapshot_of(options: Options, cloud: Cloud, shelf: Shelf | None = None) -> Snapshot:
    """Read the service-tag file that was given, or the last one fetched, by default by this user."""
    from seawall.neighbours import neighbours  # noqa: PLC0415
    from seawall.servicetags.feed import FeedError, Shelf, read_file  # noqa: PLC0415
    from seawall.servicetags.snapshot import SnapshotError  # noqa: PLC0415

    beside = neighbours(cloud)
    try:
        if options.tags_file is not None:
            return read_file(options.tags_file)
        if beside is None:
            fail(f"{cloud.name} has no service tags; write rules by name, or by IP with --resolve")
        return (shelf or Shelf(default_service_tags())).load(beside.tags)
    except (FeedError, SnapshotError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename or options.tags_file}: {error.strerror or error}")


def newest_snapshot(options: Options, cloud: Cloud) -> Snapshot | None:
    """Read the file that was given, or the last one fetched if there is one."""
    from seawall.neighbours import neighbours  # noqa: PLC0415
    from seawall.servicetags.feed import FeedError, Shelf  # noqa: PLC0415
    from seawall.servicetags.snapshot import SnapshotError  # noqa: PLC0415

    if options.tags_file is not None:
        return snapshot_of(options, cloud)
    beside = neighbours(cloud)
    try:
        return Shelf(default_service_tags()).load(beside.tags) if beside else None
    except (FeedError, SnapshotError, OSError):
        # Nobody asked for it, and much can be done without.
        return None


def resolved_of(need: Need) -> Mapping[str, AddressSet]:
    """Look up the addresses of all hosts that are needed, patterns aside."""
    from seawall.firewall.need import flows  # noqa: PLC0415
    from seawall.firewall.resolve import ResolveError, resolve_hosts  # noqa: PLC0415

    try:
        return resolve_hosts(flow.host for flow in flows(need) if not flow.is_pattern)
    except ResolveError as error:
        fail(str(error), 1)


def need_of(options: Options) -> Need:
    """Put together what is needed, from options and descriptions; options come first."""
    from seawall.firewall.need import HTTPS, Need, NeedError  # noqa: PLC0415
    from seawall.naming import NamingError  # noqa: PLC0415
    from seawall.topology import Replica, TopologyError  # noqa: PLC0415

    said = _described(options)
    registry, cloud = _name_and_cloud(options, said)
    try:
        regions = [_region(text, cloud, options) for text in options.regions] or sorted(said.regions)
        return Need(
            cloud=cloud,
            registry=registry,
            replicas=tuple(Replica(region, said.accounts.get(region, "")) for region in sorted(set(regions))),
            data_endpoints=_first(options.data_endpoints, said.data_endpoints),
            switching=options.switching,
            regional_endpoints=_first(options.regional_endpoints, said.regional_endpoints),
            private_link=_first(options.private_link, said.private_link),
            dual_stack=_first(options.dual_stack, said.dual_stack),
            push=options.push,
            mcr=options.mcr,
            sign_in=options.sign_in,
            revocation=options.revocation,
            port=said.port or HTTPS,
            doors=_doors(said, options),
        )
    except (NeedError, NamingError, TopologyError) as error:
        fail(str(error))


def _doors(said: Description, options: Options) -> tuple[Door, ...]:
    """Say where a registry without names answers: now, after the switch, or while it is made."""
    if options.switching:
        return (*said.doors, *said.later)
    if options.data_endpoints and said.later:
        return (*(door for door in said.doors if not door.region), *said.later)
    return said.doors


def _described(options: Options) -> Description:
    from seawall.cli.sources import read_source  # noqa: PLC0415
    from seawall.firewall.description import DescriptionError, read_description  # noqa: PLC0415

    try:
        return read_description((source, read_source(source, options.name)) for source in options.sources)
    except DescriptionError as error:
        fail(f"--from: {error}")


def _name_and_cloud(options: Options, said: Description) -> tuple[str, Cloud]:
    """Find out which registry in which cloud is meant: a name, a login server, or what was described."""
    from seawall.firewall.description import DescriptionError, read_login_server  # noqa: PLC0415
    from seawall.naming import PUBLIC, NamingError  # noqa: PLC0415

    cloud = cloud_of(options.cloud) if options.cloud is not None else said.cloud or PUBLIC
    if options.name is None:
        return said.registry, cloud
    name = options.name.lower()
    if "." in name:
        try:
            cloud, name = read_login_server(name, cloud)
        except (DescriptionError, NamingError) as error:
            fail(str(error))
    if said.registry and said.cloud and (said.registry, said.cloud.domain) != (name, cloud.domain):
        fail(f"--from describes {said.cloud.login(said.registry)}, not {name} in {cloud.name}")
    return name, cloud


def _region(text: str, cloud: Cloud, options: Options) -> str:
    from seawall.naming import NamingError  # noqa: PLC0415
    from seawall.neighbours import neighbours  # noqa: PLC0415
    from seawall.servicetags.regions import known_region  # noqa: PLC0415

    try:
        return known_region(cloud, text)
    except NamingError:
        if options.tags_file is None:
            raise
        snapshot = snapshot_of(options, cloud)
        beside = neighbours(cloud)
        if beside is None or snapshot.cloud != beside.tags:
            raise
        return known_region(cloud, text, snapshot.regions)


def _first(said: bool | None, described: bool | None) -> bool:
    return said if said is not None else bool(described)
