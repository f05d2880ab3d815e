"""``seawall region dns``: the records that lead clients to regions."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from seawall.cli.output import fail, say_json
from seawall.cli.place import JsonOption, opened, settings_of, the_registry

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from seawall.records import Place
    from seawall.server.settings import Settings

__all__ = ["dns"]


def dns(
    config: Annotated[Path, typer.Option("--config", help="Configuration file.", envvar="SEAWALL_CONFIG")],
    registry: Annotated[
        str | None, typer.Option("--registry", "-r", help="One registry; all of them if left out.")
    ] = None,
    form: Annotated[
        Literal["zone", "powerdns", "dnsmasq", "hosts"], typer.Option("--form", help="For which name server.")
    ] = "zone",
    json: JsonOption = False,
) -> None:
    """Print the DNS records of registries: global names lead to all regions that are in, others to one region each.

    With powerdns, the nearest region answers whose /healthz/traffic says so. With the others all of them do, for a
    minute: print the records anew after 'region drain', 'region resume', 'replica add' and 'replica remove'.
    Addresses come from [replication] addresses in each region's seawall.toml.
    """
    from seawall.metadata import registries  # noqa: PLC0415 - slow to import, not needed for --help
    from seawall.records import FORMS, RecordsError, records  # noqa: PLC0415

    settings = settings_of(config)
    with opened(None, config) as database:
        wanted = [the_registry(database, registry)] if registry else database.read_now(registries.list_all)
        places = database.read_now(_places, settings)
    try:
        found = records(settings.cloud, wanted, places, settings.public_port)
    except RecordsError as error:
        fail(str(error), 1)
    if json:
        say_json([asdict(record) for record in found])
    else:
        sys.stdout.write(FORMS[form](settings.cloud, found))


def _places(connection: Connection, settings: Settings) -> list[Place]:
    """List what is known of the regions; of this one, what its configuration says now."""
    from seawall.metadata import regions  # noqa: PLC0415
    from seawall.records import Place  # noqa: PLC0415

    mine = regions.find(connection, settings.region)
    own = Place(
        settings.region,
        settings.replication.addresses,
        drained=mine is not None and mine.drained,
        reachable=settings.replication.reachable,
    )
    others = [one for one in regions.list_all(connection) if one.name != settings.region]
    return [own, *(Place(one.name, one.addresses, one.drained, bool(one.url)) for one in others)]
