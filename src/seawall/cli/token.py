"""``seawall token``: users limited to some repositories."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli.output import examples, fail, say, say_json, say_table
from seawall.cli.place import (
    ConfigOption,
    JsonOption,
    RegistryOption,
    SlotOption,
    StateOption,
    check_quota,
    opened,
    the_registry,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from seawall.metadata.database import Database
    from seawall.metadata.principals import Principal

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Tokens: users that may do what a scope map says.")

NameArgument = Annotated[str, typer.Argument(help="The token's name, which is the user name.")]
DaysOption = Annotated[
    int | None,
    typer.Option("--expires-in-days", help="When the password ends.", min=1, max=36500, show_default="never"),
]


@app.command("list")
def list_tokens(
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """List a registry's tokens, and when their passwords end."""
    from seawall.metadata import principals  # noqa: PLC0415 - slow to import, not needed for --help

    with opened(state, config) as database:
        owner = the_registry(database, registry).name
        known = database.read_now(principals.list_all, owner)
    tokens = [one for one in known if one.name != owner]
    if json:
        say_json([_facts(one) for one in tokens])
    else:
        rows = [
            (
                one.name,
                one.scope_map,
                "enabled" if one.enabled else "disabled",
                "\n".join(f"{slot} ends {end or 'never'}" for slot, end in _ends(one).items()),
            )
            for one in tokens
        ]
        say_table(("NAME", "SCOPE MAP", "STATUS", "PASSWORDS"), rows)


@app.command(
    epilog=examples(
        "seawall token create build-server --scope-map _repositories_push",
        "seawall token create visitor --expires-in-days 7",
        "seawall scope-map create team --action 'repositories/team/*/content/read'",
        "seawall token create team-edge --scope-map team",
    )
)
def create(
    name: NameArgument,
    scope_map: Annotated[str, typer.Option(help="What it may do.")] = "_repositories_pull",
    days: DaysOption = None,
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Create a token; prints the password, which is not kept."""
    from seawall.identity.credentials import renew_password  # noqa: PLC0415
    from seawall.identity.names import check_token_name  # noqa: PLC0415
    from seawall.metadata import principals  # noqa: PLC0415

    with opened(state, config) as database:
        found = the_registry(database, registry)
        owner = found.name
        try:
            check_token_name(name, owner)
        except ValueError as error:
            fail(str(error))
        if database.read_now(principals.find, owner, name) is not None:
            fail(f"there is a token {name!r} already; see 'seawall token update' and 'seawall token renew-password'")
        _check_scope_map(database, owner, scope_map)
        with database.writing() as writer:
            check_quota(found, principals.count_tokens(writer.connection, owner) + 1, "tokens", state, config)
            password = renew_password(writer, owner, name, scope_map=scope_map, expires=_end(days))
    if json:
        say_json({"username": name, "password": password, "registry": owner})
    else:
        say(f"  user     {name}\n  password {password}\nThe password is not kept: note it now.")


@app.command(
    "sign-in",
    epilog=examples(
        "curl --data grant_type=access_token --data service=HOST \\",
        '--data access_token="$(seawall token sign-in)" https://HOST/oauth2/exchange',
    ),
)
def sign_in(
    name: Annotated[str | None, typer.Argument(help="The user; the admin user if left out.")] = None,
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    r"""Print a sign-in token for a user, good for an hour.

    It stands for what a cloud's sign-in service gives: POST /oauth2/exchange turns it into a refresh token.
    """
    from seawall.identity.tokens import SIGN_IN_AUDIENCE, TokenKind, issue  # noqa: PLC0415
    from seawall.metadata import keys, principals  # noqa: PLC0415

    with opened(state, config) as database:
        owner = the_registry(database, registry).name
        found = database.read_now(principals.find, owner, name or owner)
        if found is None:
            fail(f"there is no user {name or owner!r}")
        ring = database.read_now(keys.newest_first, keys.TOKEN)
    credential = next((one.identifier for one in found.credentials.values() if one.counts(time.time())), None)
    if credential is None:
        fail(f"{name!r} has no password that counts; see 'seawall token renew-password'")
    say(issue(ring[0], TokenKind.SIGN_IN, SIGN_IN_AUDIENCE.format(owner), found.name, credential)[0])


@app.command()
def update(
    name: NameArgument,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Whether it may be used.")] = None,
    scope_map: Annotated[str | None, typer.Option(help="What it may do.")] = None,
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    """Enable, disable or limit a token; it counts at once, for whatever was signed in with it too."""
    from seawall.metadata import principals  # noqa: PLC0415

    if enabled is None and scope_map is None:
        fail("say what to change; see 'seawall token update --help'")
    with opened(state, config) as database:
        owner = the_registry(database, registry).name
        if scope_map is not None:
            _check_scope_map(database, owner, scope_map)
        with database.writing() as writer:
            found = _the_token(writer.connection, owner, name)
            changed = replace(
                found,
                enabled=found.enabled if enabled is None else enabled,
                scope_map=found.scope_map if scope_map is None else scope_map,
            )
            principals.put(writer, owner, changed)


@app.command("renew-password")
def renew(
    name: NameArgument,
    slot: SlotOption = "password",
    days: DaysOption = None,
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Give a token a new password; everything signed in with the old one is over at once."""
    from seawall.identity.credentials import renew_password  # noqa: PLC0415

    with opened(state, config) as database:
        owner = the_registry(database, registry).name
        with database.writing() as writer:
            _the_token(writer.connection, owner, name)
            password = renew_password(writer, owner, name, slot=slot, expires=_end(days))
    say_json({"username": name, "password": password, "registry": owner}) if json else say(password)


@app.command()
def delete(
    name: NameArgument,
    registry: RegistryOption = None,
    state: StateOption = None,
    config: ConfigOption = None,
) -> None:
    """Delete a token; everything that was signed in with it is over at once."""
    from seawall.metadata import principals  # noqa: PLC0415

    with opened(state, config) as database:
        owner = the_registry(database, registry).name
        if name == owner or not database.write_now(principals.delete, owner, name):
            fail(f"there is no token {name!r}")


def _the_token(connection: Connection, owner: str, name: str) -> Principal:
    from seawall.metadata import principals  # noqa: PLC0415

    found = principals.find(connection, owner, name)
    if found is None or name == owner:
        fail(f"there is no token {name!r}")
    return found


def _check_scope_map(database: Database, owner: str, scope_map: str) -> None:
    from seawall.identity.actions import BUILT_IN_SCOPE_MAPS  # noqa: PLC0415
    from seawall.metadata import scope_maps  # noqa: PLC0415

    maps = [one.name for one in database.read_now(scope_maps.list_all, owner)]
    if scope_map not in maps and scope_map not in BUILT_IN_SCOPE_MAPS:
        fail(f"there is no scope map {scope_map!r}; there are: {', '.join([*BUILT_IN_SCOPE_MAPS, *maps])}")


def _end(days: int | None) -> float | None:
    return time.time() + days * 86400 if days is not None else None


def _ends(token: Principal) -> dict[str, str | None]:
    from datetime import UTC, datetime  # noqa: PLC0415 - not needed for --help

    def moment(seconds: float) -> str:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    known = sorted(token.credentials.items())
    return {slot: None if one.expires is None else moment(one.expires) for slot, one in known}


def _facts(token: Principal) -> dict[str, object]:
    return {
        "name": token.name,
        "scope_map": token.scope_map,
        "enabled": token.enabled,
        "passwords": {slot: {"expires": end} for slot, end in _ends(token).items()},
    }
