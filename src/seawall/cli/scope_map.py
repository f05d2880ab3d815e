"""``seawall scope-map``: what tokens may do."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from seawall.cli.output import examples, fail, say_json, say_table
from seawall.cli.place import ConfigOption, JsonOption, RegistryOption, StateOption, opened, the_registry

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Scope maps: named lists of actions on repositories.")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,49}")

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
    from seawall.metadata import principals  # noqa: PLC0415

    with opened(state, config) as database:
        own = database.read_now(principals.list_scope_maps, the_registry(database, registry).name)
    maps = {**BUILT_IN_SCOPE_MAPS, **own}
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
    from seawall.identity.actions import ScopeMapError, check_scope_map_action  # noqa: PLC0415
    from seawall.metadata import principals  # noqa: PLC0415

    if not _NAME.fullmatch(name):
        fail(f"scope map name {name!r} must be 1 to 50 letters, digits, '-' or '_', beginning with a letter or digit")
    try:
        for one in action:
            check_scope_map_action(one)
    except ScopeMapError as error:
        fail(str(error))
    with opened(state, config) as database:
        owner = the_registry(database, registry).name
        database.write_now(principals.put_scope_map, owner, name, tuple(action))


@app.command()
def delete(
    name: NameArgument,
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    """Delete a scope map; tokens that use it may then do nothing."""
    from seawall.metadata import principals  # noqa: PLC0415

    with opened(state, config) as database:
        if not database.write_now(principals.delete_scope_map, the_registry(database, registry).name, name):
            fail(f"there is no scope map {name!r}")
