"""Which node a command is about: a state directory, or a configuration file."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from seawall.cli.output import fail
from seawall.directories import default_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from seawall.metadata.database import Database
    from seawall.server.settings import Settings
    from seawall.server.state import State
    from seawall.tiers import TiersOf
    from seawall.topology import Registry

__all__ = [
    "ConfigOption",
    "JsonOption",
    "RegistryOption",
    "SlotOption",
    "StateOption",
    "change_registry",
    "check_quota",
    "local_endpoints",
    "opened",
    "place_of",
    "settings_of",
    "the_registry",
    "tiers_of",
]

Quota: TypeAlias = Literal["tokens", "scope_maps", "webhooks"]

StateOption = Annotated[
    Path | None,
    typer.Option("--state", help="State directory of 'seawall up'.", envvar="SEAWALL_STATE", show_default=False),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="Configuration file of 'seawall serve'.", envvar="SEAWALL_CONFIG"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SlotOption = Annotated[Literal["password", "password2"], typer.Option(help="Which of the two passwords.")]
RegistryOption = Annotated[
    str | None,
    typer.Option("--registry", "-r", help="The registry; may be left out where there is only one."),
]


@contextmanager
def opened(state: Path | None, config: Path | None) -> Iterator[Database]:
    """Open the metadata of a node, which may be running or not."""
    from seawall.server.node import prepare  # noqa: PLC0415 - slow to import, not needed for --help

    place = place_of(state, config)
    try:
        if config is not None:
            settings = settings_of(config)
            database = prepare(place, settings.metadata or place.database_url, settings.region)
        elif place.database.exists():
            database = prepare(place, place.database_url, _home(place))
        else:
            fail(f"{place.root} has no registry yet; start one with 'seawall up', or say --state or --config")
    except (OSError, ValueError) as error:
        fail(str(error), 1)
    try:
        yield database
    finally:
        database.close()


def place_of(state: Path | None, config: Path | None) -> State:
    """Find a node's directory."""
    from seawall.server.state import State  # noqa: PLC0415

    return State(settings_of(config).state if config is not None else state or default_state())


def settings_of(config: Path) -> Settings:
    """Read a node's configuration file."""
    from seawall.server.settings import SettingsError, load_settings  # noqa: PLC0415

    try:
        return load_settings(config)
    except SettingsError as error:
        fail(str(error))


def tiers_of(state: Path | None, config: Path | None) -> TiersOf:
    """Find what each tier gives at a node."""
    from seawall.tiers import Tiers, limits_of  # noqa: PLC0415

    if config is not None:
        return settings_of(config).tiers_of
    # Where it is not told, nobody has started it since it is.
    return limits_of(Tiers(_told(state).get("tiers", Tiers.AZURE)))


def local_endpoints(registry: Registry, state: Path | None) -> list[str]:
    """List the dedicated data endpoints of a registry of 'seawall up', by region; none where it has not told them."""
    told = _told(state)
    regions = told.get("regions") or {registry.home: told}
    return [
        regions[one.region]["data_endpoint"]
        for one in registry.replicas
        if "data_endpoint" in regions.get(one.region, {})
    ]


def _told(state: Path | None) -> dict[str, Any]:
    """Read what 'seawall up' told when it was last started; nothing where it never was."""
    import json  # noqa: PLC0415 - not needed for --help

    try:
        told: dict[str, Any] = json.loads(place_of(state, None).facts.read_text())
    except (OSError, ValueError):
        return {}
    return told


def check_quota(registry: Registry, number: int, kind: Quota, state: Path | None, config: Path | None) -> None:
    """Refuse one more of something than a registry's tier gives here.

    Args:
        registry: Whose it is.
        number: How many there would be.
        kind: What they are, as :class:`~seawall.tiers.Limits` calls them.
        state: A state directory.
        config: A configuration file.
    """
    from seawall.tiers import TierError  # noqa: PLC0415
    from seawall.tiers import check_quota as check_tier  # noqa: PLC0415

    most = getattr(tiers_of(state, config)[registry.tier], kind)
    try:
        check_tier(number, most, kind.removesuffix("s").replace("_", " "), registry.tier)
    except TierError as error:
        fail(str(error))


def _home(place: State) -> str:
    """Find the region of a node that has no configuration file: that of its key, or its registry's home."""
    from seawall.metadata import regions, registries  # noqa: PLC0415
    from seawall.metadata.database import Database  # noqa: PLC0415

    database = Database(place.database_url, "")
    try:
        own = database.read_now(regions.own_name)
        return own or next((registry.home for registry in database.read_now(registries.list_all)), "local")
    finally:
        database.close()


def the_registry(database: Database, name: str | None) -> Registry:
    """Find the registry a command is about."""
    from seawall.metadata import registries  # noqa: PLC0415

    known = database.read_now(registries.list_all)
    if name is None:
        if len(known) == 1:
            return known[0]
        fail("say which registry: --registry " + "|".join(one.name for one in known) if known else "no registry yet")
    found = next((one for one in known if one.name == name), None)
    if found is None:
        fail(f"there is no registry {name!r}; there are: {', '.join(one.name for one in known) or 'none'}")
    return found


def change_registry(
    name: str | None, state: Path | None, config: Path | None, change: Callable[[Registry], Registry]
) -> tuple[Registry, Registry]:
    """Change a registry, as far as its tier gives that; return it as it was and as it is.

    Args:
        name: The registry; ``None`` for the only one.
        state: A state directory.
        config: A configuration file.
        change: Describes the registry as it is to be, or says by a :class:`ValueError` why it cannot be.
    """
    from seawall.metadata import registries  # noqa: PLC0415
    from seawall.tiers import check  # noqa: PLC0415

    with opened(state, config) as database:
        found = the_registry(database, name)
        try:
            # Read and written in one transaction, so that two changes at once do not undo each other.
            with database.writing() as writer:
                before = registries.the(writer.connection, found.name)
                after = change(before)
                check(after, tiers_of(state, config), before)
                if after != before:
                    registries.put(writer, after)
        except ValueError as error:
            fail(str(error))
    return before, after
