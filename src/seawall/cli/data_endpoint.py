"""``seawall data-endpoint``: switching to dedicated data endpoints without breaking anybody."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli.output import examples, say, say_json, say_table, warn
from seawall.cli.place import (
    ConfigOption,
    JsonOption,
    StateOption,
    change_registry,
    local_endpoints,
    opened,
    settings_of,
    the_registry,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seawall.metadata.sightings import Seen
    from seawall.switching import Client
    from seawall.topology import Registry

__all__ = ["app"]

BREAKS = 4
"""Exit code when a client would break, or has not come."""

NOT_QUIET = 5
"""Exit code when shared storage is still in use."""

HTTPS = 443

_DAY = 24 * 3600 * 1000

app = typer.Typer(
    no_args_is_help=True,
    help="Dedicated data endpoints: see who would break, switch, see who has not come, and when the old rule may go.",
)

NameArgument = Annotated[
    str | None, typer.Argument(metavar="[NAME]", help="The registry; may be left out where there is only one.")
]


@app.command(epilog=examples("seawall data-endpoint plan myregistry", "seawall data-endpoint plan --json"))
def plan(
    name: NameArgument = None, state: StateOption = None, config: ConfigOption = None, json: JsonOption = False
) -> None:
    """Say who would break if layers were read from dedicated data endpoints, and what to open for each.

    Knows the clients that this node has sent for layers within 30 days, and what clients report by 'seawall check
    --before-switch --report-ready'. Ends with 4 when somebody is blocked, or has told nothing yet.
    """
    registry, found, _ = _look(name, state, config)
    bad = [one for one in found if one.standing.value != "ready"]
    if json:
        say_json({"registry": registry.name, "clients": [one.facts() for one in found], "safe": not bad})
    else:
        _say_clients(found)
        port = settings_of(config).public_port if config is not None else HTTPS
        for endpoint in _endpoints(registry, state, config):
            host, _, own_port = endpoint.partition(":")
            say(f"Every wall must let TCP {own_port or port} through to {host}")
        say(_advice(registry, found, bad))
    if bad:
        raise SystemExit(BREAKS)


@app.command(
    epilog=examples("seawall data-endpoint enable myregistry", "seawall data-endpoint enable myregistry --overlap")
)
def enable(
    name: NameArgument = None,
    overlap: Annotated[
        bool,
        typer.Option("--overlap", help="Send only those to the new endpoints who told that they reach them."),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Do it although somebody would break.")] = False,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Switch dedicated data endpoints on, in every region at once.

    Refuses (4) while 'plan' knows of somebody who would break. With --overlap nobody breaks: clients that have not told
    that they reach the new endpoints still read from shared storage, until 'seawall data-endpoint finish'.
    """
    from seawall.topology import with_data_endpoints  # noqa: PLC0415 - slow to import, not needed for --help

    registry, found, _ = _look(name, state, config)
    bad = [one for one in found if one.standing.value in {"blocked", "unknown"}]
    if bad and not overlap and not force:
        warn(
            f"{_many(bad)} would break: {', '.join(_called(one) for one in bad[:5])}{' ...' if len(bad) > 5 else ''}\n"
            "'seawall data-endpoint plan' says what to open for each; --overlap lets them read from shared storage "
            "meanwhile, --force switches all the same. Nothing was changed."
        )
        raise SystemExit(BREAKS)
    _, after = change_registry(
        registry.name, state, config, lambda before: with_data_endpoints(before, on=True, overlap=overlap)
    )
    if json:
        say_json(_facts(after))
    else:
        say(f"Layers of {after.name} are read from dedicated data endpoints now{_who(after)}.")
        say("'seawall data-endpoint status' shows who comes, and who does not.")


@app.command(epilog=examples("seawall data-endpoint status myregistry --quiet-days 14"))
def status(
    name: NameArgument = None,
    quiet_days: Annotated[
        float, typer.Option(help="Days without a read from shared storage after which its rule may go.", min=0)
    ] = 7,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Say how the switch goes: who was sent and has not come, and whether shared storage may be closed.

    Ends with 4 when somebody was sent and has not come, and with 5 while shared storage is still in use.
    """
    from seawall.switching import last_shared  # noqa: PLC0415

    registry, found, came = _look(name, state, config)
    stuck = [one for one in found if one.standing.value == "stuck"]
    last = last_shared(came)
    quiet = registry.data_endpoints and not registry.overlap
    quiet = quiet and (last is None or time.time() * 1000 - last >= quiet_days * _DAY)
    if json:
        facts = {"clients": [one.facts() for one in found], "stuck": len(stuck), "shared_storage_quiet": quiet}
        say_json(_facts(registry) | facts)
    else:
        _say_clients(found)
        say(f"Dedicated data endpoints of {registry.name} are {_mode(registry)}.")
        if stuck:
            say(f"{_many(stuck)} was sent there and has not come: open {', '.join(stuck[0].hosts)} in the way.")
        if quiet:
            say("Nobody reads from shared storage any more: its rule may go from every wall.")
        elif registry.data_endpoints:
            say(f"Keep the rule for shared storage until nobody has read from it for {quiet_days:g} days.")
    if stuck:
        raise SystemExit(BREAKS)
    if registry.data_endpoints and not quiet:
        raise SystemExit(NOT_QUIET)


@app.command(epilog=examples("seawall data-endpoint finish myregistry"))
def finish(
    name: NameArgument = None, state: StateOption = None, config: ConfigOption = None, json: JsonOption = False
) -> None:
    """End the overlap: everybody reads from dedicated data endpoints."""
    _, after = change_registry(name, state, config, lambda before: replace(before, overlap=False))
    if json:
        say_json(_facts(after))
    else:
        say(f"Dedicated data endpoints of {after.name} are {_mode(after)}.")


@app.command(epilog=examples("seawall data-endpoint disable myregistry"))
def disable(
    name: NameArgument = None, state: StateOption = None, config: ConfigOption = None, json: JsonOption = False
) -> None:
    """Switch back: everybody reads from shared storage, whose rule must still be there."""
    from seawall.topology import with_data_endpoints  # noqa: PLC0415

    _, after = change_registry(name, state, config, lambda before: with_data_endpoints(before, on=False))
    if json:
        say_json(_facts(after))
    else:
        say(f"Layers of {after.name} are read from shared storage now.")


def _look(name: str | None, state: StateOption, config: ConfigOption) -> tuple[Registry, list[Client], list[Seen]]:
    """Find a registry, its clients, and who came for layers."""
    from seawall.metadata import readiness, sightings  # noqa: PLC0415
    from seawall.sightings import Kind  # noqa: PLC0415
    from seawall.switching import clients  # noqa: PLC0415

    with opened(state, config) as database:
        registry = the_registry(database, name)
        sent = database.read_now(sightings.seen, registry.name, Kind.SENT)
        came = database.read_now(sightings.seen, registry.name, Kind.CAME)
        reports = database.read_now(readiness.recent, registry, time.time())
    return registry, clients(_endpoints(registry, state, config), sent, came, reports), came


def _endpoints(registry: Registry, state: StateOption, config: ConfigOption) -> list[str]:
    """List the dedicated data endpoints; on one machine with the port of each, since that is all they have."""
    from seawall.naming import Cloud  # noqa: PLC0415

    if config is None and (told := local_endpoints(registry, state)):
        return told
    cloud = settings_of(config).cloud if config is not None else Cloud.own("localhost")
    return [cloud.data(registry.name, replica.region) for replica in registry.replicas]


def _say_clients(found: Sequence[Client]) -> None:
    if not found:
        say("No client has read layers within 30 days, and none has reported.")
        return
    rows = [
        (
            one.address,
            one.user,
            one.standing.value,
            f"{one.shared}",
            f"{one.dedicated}",
            " ".join(one.hosts),
        )
        for one in found
    ]
    say_table(("ADDRESS", "USER", "STANDING", "SHARED", "DEDICATED", "OPEN FIRST"), rows)
    say()


def _advice(registry: Registry, found: Sequence[Client], bad: Sequence[Client]) -> str:
    if registry.data_endpoints:
        return f"Dedicated data endpoints of {registry.name} are {_mode(registry)}; see 'seawall data-endpoint status'."
    if bad:
        return (
            f"{_many(bad)} would break. From its machine, 'seawall check --before-switch --report-ready' tells whether "
            "it is ready; 'seawall data-endpoint enable --overlap' breaks nobody."
        )
    seen = "everybody who reads layers is ready" if found else "nobody is known who would break"
    return f"As far as this node knows, {seen}: seawall data-endpoint enable {registry.name}"


def _many(some: Sequence[Client]) -> str:
    return "1 client" if len(some) == 1 else f"{len(some)} clients"


def _called(client: Client) -> str:
    return f"{client.name or client.user} ({client.address})"


def _mode(registry: Registry) -> str:
    if not registry.data_endpoints:
        return "off"
    return "on for those who told that they reach them" if registry.overlap else "on"


def _who(registry: Registry) -> str:
    return ", by those who told that they reach them" if registry.overlap else ""


def _facts(registry: Registry) -> dict[str, object]:
    return {"registry": registry.name, "data_endpoints": registry.data_endpoints, "overlap": registry.overlap}
