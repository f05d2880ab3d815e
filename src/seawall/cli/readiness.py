"""``seawall registry readiness``: which clients would survive the switch to dedicated data endpoints."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from seawall.cli.output import say, say_json, say_table, warn
from seawall.cli.place import ConfigOption, JsonOption, StateOption, opened, the_registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seawall.metadata.database import Database
    from seawall.metadata.readiness import Report
    from seawall.topology import Registry

__all__ = ["readiness", "warn_of_blocked"]

BLOCKED = 4
"""Exit code when a client would fail."""

_MANY_CLIENTS = 5


def readiness(
    name: Annotated[
        str | None, typer.Argument(help="The registry's name; may be left out where there is only one.")
    ] = None,
    state: StateOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """List which clients would survive the switch to dedicated data endpoints.

    Clients report it themselves: seawall check --before-switch --report-ready. Ends with 4 when one of them is blocked.
    """
    from seawall.metadata.readiness import Readiness, fleet  # noqa: PLC0415 - slow to import, not needed for --help

    with opened(state, config) as database:
        registry = the_registry(database, name)
        reports = _recent(database, registry)
    if json:
        say_json(fleet(reports))
    else:
        _say(registry, reports)
    if any(one.verdict is Readiness.BLOCKED for one in reports):
        raise SystemExit(BLOCKED)


def warn_of_blocked(database: Database, registry: Registry) -> None:
    """Say on standard error which clients would fail if dedicated data endpoints were switched on now."""
    from seawall.metadata.readiness import DAYS, Readiness  # noqa: PLC0415

    blocked = [one for one in _recent(database, registry) if one.verdict is Readiness.BLOCKED]
    if not blocked:
        return
    clients = [f"{one.client} ({one.address})" for one in blocked[:_MANY_CLIENTS]]
    if len(blocked) > _MANY_CLIENTS:
        clients.append(f"and {len(blocked) - _MANY_CLIENTS} more")
    hosts = sorted({answer.host for one in blocked for answer in one.answers if answer.ready is False})
    many = "1 client" if len(blocked) == 1 else f"{len(blocked)} clients"
    rules = ", ".join(_rule(host) for host in hosts)
    warn(
        f"warning: {many} reported within {DAYS} days not to reach the dedicated data endpoints: {', '.join(clients)}\n"
        f"let {rules} through for them; 'seawall registry readiness {registry.name}' has the details"
    )


def _recent(database: Database, registry: Registry) -> list[Report]:
    from seawall.metadata.readiness import recent  # noqa: PLC0415

    return database.read_now(recent, registry, time.time())


def _say(registry: Registry, reports: Sequence[Report]) -> None:
    from seawall.metadata.readiness import DAYS, summary  # noqa: PLC0415

    if not reports:
        say(
            f"No client of {registry.name} has reported within {DAYS} days.\n"
            "Clients report with 'seawall check LOGIN-SERVER --before-switch --report-ready'."
        )
        return
    now = time.time()
    rows = [
        (one.client, one.user, one.address, _age(now - one.reported), one.verdict.value, _details(one))
        for one in reports
    ]
    say_table(("CLIENT", "USER", "ADDRESS", "REPORTED", "VERDICT", "NOT REACHED"), rows)
    counts = ", ".join(f"{count} {verdict}" for verdict, count in summary(reports).items())
    say(f"\n{registry.name}: {counts}.")


def _details(report: Report) -> str:
    lines = [f"{one.host}: {one.cause or 'no cause told'}" for one in report.answers if not one.ready]
    return "\n".join([*lines, *(f"{region}: not tried" for region in report.untried)])


def _rule(host: str) -> str:
    name, _, port = host.partition(":")
    return f"TCP {port or 443} to {name}"


def _age(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit} ago"
    return "just now"
