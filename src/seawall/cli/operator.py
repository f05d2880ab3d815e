"""``seawall operator``: who may manage registries, with the Azure CLI for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli.output import examples, fail, say, say_json, say_table
from seawall.cli.place import ConfigOption, JsonOption, StateOption, opened

if TYPE_CHECKING:
    from seawall.metadata.database import Database
    from seawall.metadata.principals import Principal

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Operators: who may manage registries.")

NameArgument = Annotated[str, typer.Argument(help="The operator's name, a GUID.")]


@app.command("list", epilog=examples("seawall operator list --config seawall.toml"))
def list_operators(state: StateOption = None, config: ConfigOption = None, json: JsonOption = False) -> None:
    """List the operators."""
    from seawall.metadata import principals  # noqa: PLC0415 - slow to import, not needed for --help

    with opened(state, config) as database:
        known = database.read_now(principals.list_all, principals.CLOUD)
    if json:
        say_json([{"name": one.name, "enabled": one.enabled} for one in known])
    else:
        say_table(("NAME", "STATUS"), [(one.name, "enabled" if one.enabled else "disabled") for one in known])


@app.command(epilog=examples("seawall operator create --config seawall.toml", "seawall operator create --json"))
def create(state: StateOption = None, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Let somebody manage registries; prints the secret, which is not kept."""
    from seawall.identity.operators import create_operator  # noqa: PLC0415 - slow to import, not needed for --help

    with opened(state, config) as database:
        name, secret = database.write_now(create_operator)
    _tell(name, secret, as_json=json)


@app.command("renew-secret", epilog=examples("seawall operator renew-secret 5910d0bd-d889-4c3c-830b-143f6ea6d4d5"))
def renew(name: NameArgument, state: StateOption = None, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Give an operator a new secret; whatever was signed in with the old one is over."""
    from seawall.identity.operators import renew_secret  # noqa: PLC0415 - slow to import, not needed for --help

    with opened(state, config) as database:
        secret = database.write_now(renew_secret, _the_operator(database, name))
    _tell(name, secret, as_json=json)


@app.command(epilog=examples("seawall operator remove 5910d0bd-d889-4c3c-830b-143f6ea6d4d5"))
def remove(
    name: NameArgument, state: StateOption = None, config: ConfigOption = None, json: JsonOption = False
) -> None:
    """Let somebody manage registries no longer; what they are signed in with ends at once."""
    from seawall.metadata import principals  # noqa: PLC0415 - slow to import, not needed for --help

    with opened(state, config) as database:
        _the_operator(database, name)
        database.write_now(principals.delete, principals.CLOUD, name)
    say_json({"removed": name}) if json else say(f"{name} may manage nothing any more.")


def _the_operator(database: Database, name: str) -> Principal:
    from seawall.metadata import principals  # noqa: PLC0415

    found = database.read_now(principals.find, principals.CLOUD, name)
    if found is None:
        fail(f"there is no operator {name!r}; see 'seawall operator list'")
    return found


def _tell(name: str, secret: str, *, as_json: bool) -> None:
    if as_json:
        say_json({"operator": name, "secret": secret})
    else:
        say(f"  operator {name}\n  secret   {secret}\nThe secret is not kept: note it now.")
