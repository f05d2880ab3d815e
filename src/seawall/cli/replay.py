"""``seawall upkeep replay``: what each way of keeping rules would have missed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seawall.cli.need import CloudOption, DataEndpointsOption, McrOption, Options, RegionsOption, need_of
from seawall.cli.output import fail, say, say_json, say_table
from seawall.cli.place import JsonOption

if TYPE_CHECKING:
    from seawall.servicetags.upkeep import Policy

__all__ = ["GraceOption", "MostLostOption", "policy_of", "replay"]

GraceOption = Annotated[
    int, typer.Option(help="Days that ranges stay after they are no longer published.", min=0, max=3650)
]
MostLostOption = Annotated[
    int, typer.Option(help="Refuse a list that has lost more than this many percent at once.", min=0, max=100)
]


def replay(
    files: Annotated[list[Path], typer.Argument(help="Weekly files, or directories of them.", show_default=False)],
    registry: Annotated[str | None, typer.Option("--registry", help="The registry; left out for MCR alone.")] = None,
    regions: RegionsOption = None,
    data_endpoints: DataEndpointsOption = None,
    mcr: McrOption = False,
    cloud: CloudOption = None,
    grace_days: GraceOption = 14,
    most_lost: MostLostOption = 20,
    json: JsonOption = False,
) -> None:
    """Play years of weekly files through three ways of keeping rules, and say what each would have missed."""
    from seawall.firewall.replay import replay as play  # noqa: PLC0415

    options = Options(
        name=registry,
        regions=tuple(regions or ()),
        data_endpoints=data_endpoints,
        mcr=mcr,
        cloud=cloud,
    )
    paths = [path for place in files for path in (sorted(place.rglob("*.json")) if place.is_dir() else [place])]
    try:
        outcome = play(need_of(options), paths, policy_of(grace_days, most_lost))
    except (ValueError, OSError) as error:
        fail(str(error))
    rows = {policy: _record(record) for policy, record in outcome.records.items()}
    if json:
        say_json({"files": outcome.weeks, "unsound": list(outcome.unsound), "policies": rows})
        return
    say(f"{outcome.weeks} files, {len(outcome.unsound)} of them of no use")
    titles = (
        "Policy",
        "Weeks with addresses missing",
        "Most missing",
        "Weeks emptied",
        "Most stale",
        "Weeks held back",
    )
    say_table(titles, [(policy, *(f"{value:,}" for value in row.values())) for policy, row in rows.items()])


def _record(record: Any) -> dict[str, int]:  # noqa: ANN401 - a Record, which is imported late
    return {
        "weeks_missing": record.weeks_missing,
        "most_missing": record.worst,
        "weeks_emptied": record.weeks_empty,
        "most_stale": record.stale,
        "weeks_held_back": record.refused,
    }


def policy_of(grace_days: int, most_lost: int) -> Policy:
    """Make a policy of the options."""
    from seawall.servicetags.upkeep import Policy  # noqa: PLC0415

    return Policy(timedelta(days=grace_days), most_lost / 100)
