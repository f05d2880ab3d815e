"""``seawall region``: the regions whose nodes replicate from one another."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli.output import examples, fail, say, say_json, say_table
from seawall.cli.place import ConfigOption, JsonOption, StateOption, opened, place_of
from seawall.cli.region_dns import dns

if TYPE_CHECKING:
    from seawall.metadata.database import Database
    from seawall.metadata.regions import Region

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help="The regions whose nodes replicate from one another. Each needs to reach the others on TCP 443 only.",
)

app.command(
    epilog=examples(
        "seawall region dns --config seawall.toml",
        "seawall region dns --registry myregistry --form powerdns --config seawall.toml",
    )
)(dns)

NameArgument = Annotated[str, typer.Argument(metavar="REGION", help="The region, such as westus.")]
NodeConfigOption = Annotated[
    Path, typer.Option("--config", help="Configuration file of 'seawall serve'.", envvar="SEAWALL_CONFIG")
]


@app.command("list", epilog=examples("seawall region list --config seawall.toml"))
def list_regions(state: StateOption = None, config: ConfigOption = None, json: JsonOption = False) -> None:
    """List the regions that take part, and how this one stands to each; 'seawall replication status' tells more."""
    from seawall.metadata import regions  # noqa: PLC0415 - slow to import, not needed for --help

    with opened(state, config) as database:
        known = database.read_now(regions.list_all)
        mine = database.region
    if all(region.name != mine for region in known):
        known = []  # It left, and knows of the others from before.
    if json:
        say_json([_facts(region, mine) for region in known])
    elif known:
        say_table(("REGION", "NODE", "GLOBAL NAME"), [_row(region, mine) for region in known])
    else:
        say(f"{mine} is alone; 'seawall region invite' lets another one join")


@app.command(epilog=examples("seawall region invite westus --config seawall.toml"))
def invite(name: NameArgument, config: NodeConfigOption, json: JsonOption = False) -> None:
    """Invite a region; prints what to give to whoever runs it. Good once, and for an hour.

    Whoever has the invitation can join, and gets everything the registries hold, keys included: send it as you would
    a password.
    """
    from seawall.naming import NamingError  # noqa: PLC0415
    from seawall.replication.membership import INVITATION_SECONDS, Membership, MembershipError  # noqa: PLC0415

    with opened(None, config) as database:
        mine = _describe(database, config)
        try:
            text = Membership(database).invite(name, mine)
        except (MembershipError, NamingError) as error:
            fail(str(error))
    if json:
        say_json({"region": name, "invitation": text, "seconds": INVITATION_SECONDS})
    else:
        say(f"On the node in {name}, within {INVITATION_SECONDS // 60} minutes:\n")
        say(f"  echo {text} | seawall region join - --config seawall.toml")


@app.command(epilog=examples("echo INVITATION | seawall region join - --config seawall.toml"))
def join(
    invitation: Annotated[str, typer.Argument(help="What 'seawall region invite' printed; - reads it from a pipe.")],
    config: NodeConfigOption,
    json: JsonOption = False,
) -> None:
    """Join the regions of whoever gave an invitation; the node may be running, and catches up while it serves."""
    import asyncio  # noqa: PLC0415

    from seawall.replication.membership import Membership, MembershipError  # noqa: PLC0415

    text = sys.stdin.read() if invitation == "-" else invitation
    with opened(None, config) as database:
        mine = _describe(database, config)
        try:
            host = asyncio.run(Membership(database).join(text, mine))
        except MembershipError as error:
            fail(str(error), 1)
    if json:
        say_json({"region": mine.name, "joined": host})
    else:
        say(f"{mine.name} takes part now, together with {host}; 'seawall replication status' shows it catching up.")
        say(f"No registry is here yet: 'seawall replica add {mine.name} --registry NAME' puts one here.")


@app.command(epilog=examples("seawall region leave --config seawall.toml"))
def leave(
    config: NodeConfigOption,
    force: Annotated[bool, typer.Option("--force", help="Whatever others lack, and even if none can be told.")] = False,
    json: JsonOption = False,
) -> None:
    """Let this region take part no longer, once the others have everything that is here; nothing is removed here."""
    import asyncio  # noqa: PLC0415

    from seawall.blobs.directory import DirectoryBlobs  # noqa: PLC0415
    from seawall.replication.leaving import LeavingError, leave_all  # noqa: PLC0415

    with opened(None, config) as database:
        try:
            told = asyncio.run(leave_all(database, DirectoryBlobs(place_of(None, config).root), force=force))
        except LeavingError as error:
            fail(str(error), 1)
    say_json({"region": database.region, "told": told}) if json else say(f"{database.region} takes part no longer.")


@app.command(epilog=examples("seawall region remove westus --config seawall.toml"))
def remove(
    name: NameArgument, state: StateOption = None, config: ConfigOption = None, json: JsonOption = False
) -> None:
    """Remove a region that is lost for good, with its replicas; one that answers should rather leave by itself.

    What was pushed there and had not reached another region is lost with it.
    """
    from seawall.replication.membership import MembershipError  # noqa: PLC0415
    from seawall.replication.membership import remove as remove_region  # noqa: PLC0415

    with opened(state, config) as database:
        if name == database.region:
            fail("this is that region: say 'seawall region leave' here, or 'seawall region remove' in another one")
        try:
            database.write_now(remove_region, name)
        except MembershipError as error:
            fail(str(error), 1)
    say_json({"region": name, "removed": True}) if json else say(f"{name} was removed, and its replicas with it.")


@app.command(epilog=examples("seawall region drain westus --config seawall.toml"))
def drain(name: NameArgument, state: StateOption = None, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Take a region out of the registries' global names; it keeps replicating, and its regional names go on."""
    _switch(name, state, config, drained=True, json=json)


@app.command(epilog=examples("seawall region resume westus --config seawall.toml"))
def resume(
    name: NameArgument, state: StateOption = None, config: ConfigOption = None, json: JsonOption = False
) -> None:
    """Put a region back into the registries' global names."""
    _switch(name, state, config, drained=False, json=json)


def _switch(name: str, state: Path | None, config: Path | None, *, drained: bool, json: bool) -> None:
    from seawall.metadata import regions  # noqa: PLC0415

    with opened(state, config) as database, database.writing() as writer:
        found = regions.find(writer.connection, name)
        if found is None:
            fail(f"there is no region {name!r}; 'seawall region list' shows them")
        changed = replace(found, drained=drained)
        regions.put(writer, changed)
        mine = database.region
    if json:
        say_json(_facts(changed, mine))
    else:
        say(f"{name} is {'out of' if drained else 'in'} the global names; /healthz/traffic there says so too.")


def _describe(database: Database, config: Path) -> Region:
    """Write down where this node is reached, as its configuration has it now."""
    from seawall.cli.place import settings_of  # noqa: PLC0415
    from seawall.server.certificates import uncovered  # noqa: PLC0415
    from seawall.server.domain import describe_node  # noqa: PLC0415

    settings = settings_of(config)
    own = {door.certificate for door in settings.door if door.certificate is not None}
    node = settings.cloud.node(settings.region)
    if settings.replication.reachable and len(own) == len(settings.door) and uncovered([node], own):
        fail(f"door.certificate: no certificate is for {node}, where other regions' nodes come; get one for it first")
    return describe_node(database, settings)


def _facts(region: Region, mine: str) -> dict[str, Any]:
    return {
        "region": region.name,
        "this": region.name == mine,
        "url": region.url,
        "reachable": bool(region.url),
        "drained": region.drained,
        "addresses": list(region.addresses),
    }


def _row(region: Region, mine: str) -> tuple[str, str, str]:
    name = f"{region.name} (this one)" if region.name == mine else region.name
    if region.drained:
        return name, region.url or "comes by itself", "drained"
    return (name, region.url, "in") if region.url else (name, "comes by itself", "not from outside")
