"""``seawall registry``: registries and their switches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from seawall.cli.output import examples, fail, say, say_json, say_table, warn
from seawall.cli.place import (
    ConfigOption,
    JsonOption,
    SlotOption,
    StateOption,
    change_registry,
    opened,
    place_of,
    the_registry,
)
from seawall.cli.readiness import readiness, warn_of_blocked

if TYPE_CHECKING:
    from seawall.topology import Registry

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Registries and their switches; changes count at once.")

NameArgument = Annotated[str, typer.Argument(help="The registry's name.")]
Switch = typer.Option(show_default=False)


@app.command("list")
def list_registries(state: StateOption = None, config: ConfigOption = None, json: JsonOption = False) -> None:
    """List the registries of this node."""
    from seawall.metadata import registries  # noqa: PLC0415 - slow to import, not needed for --help

    with opened(state, config) as database:
        known = database.read_now(registries.list_all)
    if json:
        say_json([_facts(one) for one in known])
    else:
        rows = [
            (one.name, one.tier.value, one.home, _yes(one.data_endpoints), _yes(one.anonymous_pull)) for one in known
        ]
        say_table(("NAME", "TIER", "HOME", "DATA ENDPOINTS", "ANONYMOUS PULL"), rows)


@app.command(epilog=examples("seawall registry create myregistry --config seawall.toml"))
def create(
    name: NameArgument, state: StateOption = None, config: ConfigOption = None, json: JsonOption = False
) -> None:
    """Create a registry; prints the first of the admin user's two passwords."""
    from seawall.management.creation import blank  # noqa: PLC0415
    from seawall.management.creation import create as create_registry  # noqa: PLC0415

    with opened(state, config) as database:
        try:
            with database.writing() as writer:
                registry, password = create_registry(writer, blank(name, database.region))
        except ValueError as error:
            fail(str(error))
    if json:
        say_json({**_facts(registry), "username": name, "password": password})
    else:
        say(f"Created {name}.\n  user     {name}\n  password {password}")


@app.command(
    epilog=examples(
        "seawall registry update myregistry --data-endpoints",
        "seawall registry update myregistry --default-action deny",
    )
)
def update(
    name: NameArgument,
    data_endpoints: Annotated[
        bool | None,
        typer.Option("--data-endpoints/--no-data-endpoints", help="Read layers from dedicated data endpoints."),
    ] = None,
    anonymous_pull: Annotated[
        bool | None, typer.Option("--anonymous-pull/--no-anonymous-pull", help="Let anybody pull.")
    ] = None,
    admin: Annotated[bool | None, typer.Option("--admin/--no-admin", help="Let the admin user sign in.")] = None,
    deletes: Annotated[bool | None, typer.Option("--deletes/--no-deletes", help="Allow deleting.")] = None,
    tier: Annotated[
        Literal["basic", "standard", "premium"] | None, typer.Option(help="The service tier.", show_default=False)
    ] = None,
    public_access: Annotated[
        bool | None,
        typer.Option(
            "--public-access/--no-public-access", help="Answer others than those who come by a private endpoint."
        ),
    ] = None,
    default_action: Annotated[
        Literal["allow", "deny"] | None,
        typer.Option(
            help="What becomes of clients that 'seawall network-rule list' does not show: deny refuses them at every "
            "door. Commands on the node itself are not affected."
        ),
    ] = None,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Change a registry's switches.

    Clients behind a firewall must be allowed to reach the data endpoints before these are switched on. Those that have
    reported that they cannot are named first; 'seawall registry readiness' lists them without switching.
    """
    from seawall.network import Action  # noqa: PLC0415
    from seawall.topology import Tier  # noqa: PLC0415

    wanted = {
        "data_endpoints": data_endpoints,
        "anonymous_pull": anonymous_pull,
        "admin": admin,
        "deletes": deletes,
        "public_access": public_access,
        "overlap": None if data_endpoints is None else False,
        "tier": Tier(tier.capitalize()) if tier is not None else None,
    }
    changes: dict[str, Any] = {switch: value for switch, value in wanted.items() if value is not None}
    if not changes and default_action is None:
        fail("say what to change; see 'seawall registry update --help'")
    if data_endpoints:
        with opened(state, config) as database:
            found = the_registry(database, name)
            if not found.data_endpoints:
                warn_of_blocked(database, found)

    def change(before: Registry) -> Registry:
        action = before.network.default_action if default_action is None else Action(default_action)
        return replace(before, network=replace(before.network, default_action=action), **changes)

    _, registry = change_registry(name, state, config, change)
    if default_action == "deny" and not registry.network.count:
        warn(f"warning: {name} refuses everybody now; let clients in by 'seawall network-rule add RANGE -r {name}'")
    say_json(_facts(registry)) if json else say(f"Updated {name}.")


@app.command(epilog=examples("seawall registry delete myregistry --config seawall.toml --yes"))
def delete(
    name: NameArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it; else it is only told what would be lost.")] = False,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Delete a registry with everything in it, in every region; nothing brings it back."""
    from seawall.management.creation import delete as delete_registry  # noqa: PLC0415

    with opened(state, config) as database:
        found = the_registry(database, name)
        if yes:
            database.write_now(delete_registry, found.name)
    if json:
        say_json({**_facts(found), "deleted": yes})
    elif yes:
        say(f"Deleted {name}.")
    else:
        where = ", ".join(replica.region for replica in found.replicas)
        say(f"{name} would be gone, with all that is in it, from {where}.")
        say(f"Nothing was changed. To delete it: seawall registry delete {name} --yes")


app.command("readiness", epilog=examples("seawall registry readiness myregistry", "seawall registry readiness --json"))(
    readiness
)


@app.command("renew-password")
def renew(
    name: NameArgument,
    slot: SlotOption = "password",
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Give the admin user a new password; everything signed in with the old one is over at once."""
    from seawall.durable import PRIVATE, replace_file  # noqa: PLC0415
    from seawall.identity.credentials import renew_password  # noqa: PLC0415

    with opened(state, config) as database:
        the_registry(database, name)
        with database.writing() as writer:
            password = renew_password(writer, name, name, slot=slot)
    noted = place_of(state, config).admin_password(name)
    if slot == "password" and noted.exists():
        replace_file(noted, f"{password}\n".encode(), PRIVATE)
    say_json({"username": name, "password": password}) if json else say(password)


def _facts(registry: Registry) -> dict[str, Any]:
    return {
        "name": registry.name,
        "tier": registry.tier.value,
        "home": registry.home,
        "regions": [replica.region for replica in registry.replicas],
        "data_endpoints": registry.data_endpoints,
        "anonymous_pull": registry.anonymous_pull,
        "admin": registry.admin,
        "deletes": registry.deletes,
        "default_action": registry.network.default_action.value,
        "public_access": registry.public_access,
    }


def _yes(value: bool) -> str:
    return "on" if value else "off"
