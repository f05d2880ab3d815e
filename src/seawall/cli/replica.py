"""``seawall replica``: the regions that a registry is in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli.output import CANNOT_EXPRESS, examples, fail, say, say_json, say_table, warn
from seawall.cli.place import (
    ConfigOption,
    JsonOption,
    RegistryOption,
    StateOption,
    opened,
    settings_of,
    the_registry,
    tiers_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from seawall.firewall.need import Flow, Need
    from seawall.metadata.regions import Region
    from seawall.server.settings import Settings
    from seawall.topology import Registry

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="The regions that a registry is in, each with endpoints of its own.")

RegionArgument = Annotated[str, typer.Argument(metavar="REGION", help="The region, such as westus.")]


@app.command("list", epilog=examples("seawall replica list --registry myregistry"))
def list_replicas(
    registry: RegistryOption = None, state: StateOption = None, config: ConfigOption = None, json: JsonOption = False
) -> None:
    """List a registry's replicas and where layers are read from in each."""
    with opened(state, config) as database:
        found = the_registry(database, registry)
    facts = [_facts(found, replica.region, config) for replica in found.replicas]
    if json:
        say_json(facts)
    else:
        rows = [(one["region"] + (" (home)" if one["home"] else ""), one["data_endpoint"]) for one in facts]
        say_table(("REGION", "LAYERS FROM"), rows)


@app.command(
    epilog=examples(
        "seawall replica add westus --registry myregistry --to nftables",
        "seawall replica add westus --registry myregistry --yes",
    )
)
def add(
    region: RegionArgument,
    registry: RegistryOption = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do it; else it is only told what clients must open.")
    ] = False,
    to: Annotated[
        str, typer.Option("--to", metavar="TARGET[:FORMAT]", help="Also write all rules in this firewall's language.")
    ] = "",
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Put a registry into a further region: first says what clients behind a wall must open, then does it with --yes.

    A client that the login server's name leads to the new region is sent to the data endpoint there. If its wall was
    not opened before, it can sign in and then hangs at the first layer.
    """
    from seawall.metadata import regions, registries  # noqa: PLC0415 - slow to import, not needed for --help
    from seawall.tiers import TierError, check  # noqa: PLC0415
    from seawall.topology import TopologyError, in_region  # noqa: PLC0415

    with opened(state, config) as database:
        found = the_registry(database, registry)
        if found.replica(region) is not None:
            fail(f"{found.name} is in {region} already")
        known = database.read_now(regions.list_all)
        there = next((one for one in known if one.name == region), None)
        if there is None:
            names = ", ".join(one.name for one in known) or "none"
            fail(f"no node of {region} takes part; there are: {names}. 'seawall region invite {region}' lets one join")
        try:
            planned = in_region(found, region)
            check(planned, tiers_of(state, config), found)
        except (TopologyError, TierError) as error:
            fail(str(error))
        settings = settings_of(config) if config is not None else None
        need = _need(settings, planned) if settings is not None else None
        opened_first = _new_flows(_need(settings, found), need) if settings is not None and need is not None else ()
        rules = _rules(need, to, known) if need is not None and to else ""
        if yes:
            with database.writing() as writer:
                planned = in_region(registries.the(writer.connection, found.name), region)
                registries.put(writer, planned)
    if json:
        hosts = [{"host": flow.host, "port": flow.port, "why": flow.why} for flow in opened_first]
        say_json(
            {"registry": found.name, "region": region, "added": yes, "open_first": hosts, "addresses": there.addresses}
        )
        return
    # Where rules are printed they are alone, so that a firewall can read them.
    tell = warn if rules else say
    if settings is not None:
        tell(_words(opened_first, there))
    sys.stdout.write(rules)
    if yes:
        tell(f"{found.name} is in {region} now; 'seawall replication status' shows it filling up.")
    else:
        tell(f"Nothing was changed. When the walls are open: seawall replica add {region} -r {found.name} --yes")


@app.command(epilog=examples("seawall replica remove westus --registry myregistry"))
def remove(
    region: RegionArgument,
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Take a registry out of a region; its endpoints there answer no longer, at once."""
    from seawall.metadata import registries  # noqa: PLC0415
    from seawall.topology import TopologyError, out_of_region  # noqa: PLC0415

    with opened(state, config) as database:
        found = the_registry(database, registry)
        if found.replica(region) is None:
            fail(f"{found.name} is not in {region}")
        try:
            with database.writing() as writer:
                registries.put(writer, out_of_region(registries.the(writer.connection, found.name), region))
        except TopologyError as error:
            fail(str(error))
    facts = {"registry": found.name, "region": region, "removed": True}
    say_json(facts) if json else say(f"{found.name} is no longer in {region}.")


def _need(settings: Settings, registry: Registry) -> Need:
    from seawall.firewall.need import Need  # noqa: PLC0415

    return Need(
        cloud=settings.cloud,
        registry=registry.name,
        replicas=registry.replicas,
        data_endpoints=registry.data_endpoints,
        port=settings.public_port,
    )


def _new_flows(before: Need, after: Need) -> tuple[Flow, ...]:
    """List what clients need after and not before."""
    from seawall.firewall.need import flows  # noqa: PLC0415

    had = {flow.host for flow in flows(before)}
    return tuple(flow for flow in flows(after) if flow.host not in had)


def _words(new: tuple[Flow, ...], there: Region) -> str:
    lines = ["By name, clients need nothing that they do not need already."]
    if new:
        lines = ["Clients behind a wall must be able to reach, before this region answers them:"]
        lines += [f"  TCP {flow.port} to {flow.host}" for flow in new]
    where = ", ".join(there.addresses) or f"those of {there.name}"
    return "\n".join((*lines, f"By address, also where the login server's name may lead then: {where}\n"))


def _rules(need: Need, to: str, known: list[Region]) -> str:
    """Write all rules; where a wall goes by addresses, those that the regions have told."""
    from seawall.cli.targets import target_of  # noqa: PLC0415
    from seawall.firewall.need import NeedError, flows  # noqa: PLC0415
    from seawall.firewall.plan import plan  # noqa: PLC0415
    from seawall.firewall.rules import Way  # noqa: PLC0415
    from seawall.firewall.targets.contract import CannotExpressError, write  # noqa: PLC0415
    from seawall.servicetags.prefixes import AddressSet  # noqa: PLC0415

    target, form = target_of(to)
    way = target.ability.ways[0]
    addresses = {region.name: region.addresses for region in known if region.addresses}
    resolved = {
        flow.host: AddressSet.of(one for region in flow.regions for one in addresses[region])
        for flow in flows(need)
        if way is Way.IP and all(region in addresses for region in flow.regions)
    }
    try:
        return write(target, form, plan(need, way, resolved=resolved))
    except NeedError as error:
        fail(f"{error}, or let every region tell its own: [replication] addresses in its seawall.toml")
    except CannotExpressError as error:
        fail(str(error), CANNOT_EXPRESS)


def _facts(registry: Registry, region: str, config: Path | None) -> dict[str, Any]:
    from seawall.topology import data_door  # noqa: PLC0415

    replica = registry.replica(region)
    assert replica is not None
    door = data_door(registry, replica)
    return {
        "region": region,
        "home": registry.home == region,
        "account": replica.account,
        "data_endpoint": settings_of(config).cloud.host(door) if config is not None else door.role.value,
    }
