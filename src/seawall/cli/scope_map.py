"""``seawall scope-map``: what tokens may do."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from seawall.cli.output import examples, fail, say_json, say_table
from seawall.cli.place import (
    ConfigOption,
    JsonOption,
    RegistryOption,
    StateOption,
    check_quota,
    opened,
    the_registry,
)

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Scope maps: named lists of actions on repositories.")

NameArgument = Annotated[str, typer.Argument(help="The scope map's name.")]


@app.command("list")
def list_scope_maps(
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """List a registry's scope maps, those that every registry has among them."""
    from seawall.identity.actions import BUILT_IN_SCOPE_MAPS  # noqa: PLC0415 - slow to import, not needed for --help
    from seawall.metadata import scope_maps  # noqa: PLC0415

    with opened(state, config) as database:
        own = database.read_now(scope_maps.list_all, the_registry(database, registry).name)
    maps = {**BUILT_IN_SCOPE_MAPS, **{one.name: one.actions for one in own}}
    if json:
        say_json(maps)
    else:
        say_table(("NAME", "ACTIONS"), [(name, "\n".join(actions)) for name, actions in maps.items()])


@app.command(
    epilog=examples(
        "seawall scope-map create team --action 'repositories/team/*/content/read'",
        "seawall scope-map create web --action repositories/web/content/read --action repositories/web/content/write",
    )
)
def create(
    name: NameArgument,
    action: Annotated[list[str], typer.Option(help="repositories/<name>/content/read, and so on; may be repeated.")],
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    """Create or replace a scope map; tokens that use it change at once."""
    from seawall.identity.actions import check_scope_map_action  # noqa: PLC0415
    from seawall.identity.names import check_scope_map_name  # noqa: PLC0415
    from seawall.metadata import scope_maps  # noqa: PLC0415
    from seawall.metadata.clock import seconds_of  # noqa: PLC0415
    from seawall.metadata.scope_maps import ScopeMap  # noqa: PLC0415

    try:
        check_scope_map_name(name)
        for one in action:
            check_scope_map_action(one)
    except ValueError as error:
        fail(str(error))
    with opened(state, config) as database:
        found = the_registry(database, registry)
        owner = found.name
        with database.writing() as writer:
            known = scope_maps.find(writer.connection, owner, name)
            if known is None:
                number = len(scope_maps.list_all(writer.connection, owner)) + 1
                check_quota(found, number, "scope_maps", state, config)
            before = known or ScopeMap(name, (), created=seconds_of(writer.clock))
            scope_maps.put(writer, owner, replace(before, actions=tuple(action)))


@app.command()
def delete(
    name: NameArgument,
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    """Delete a scope map; tokens that use it may then do nothing."""
    from seawall.metadata import scope_maps  # noqa: PLC0415

    with opened(state, config) as database:
        if not database.write_now(scope_maps.delete, the_registry(database, registry).name, name):
            fail(f"there is no scope map {name!r}")
