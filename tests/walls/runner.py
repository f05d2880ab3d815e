"""``make walls``: every scenario in one go, and a table of what came of each; or one of them to play in.

::

    make walls                        every scenario
    make walls ARGS='half-open'       some of them
    make walls ARGS='--list'          which there are
    make walls ARGS='--shell'         a shell on the client's machine, behind an open wall
    make walls ARGS='half-open --shell'   the same, behind the wall at which the scenario's client fails first
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.walls.lab import Lab, why_not
from tests.walls.places import IMAGE, LOGIN
from tests.walls.scenarios.scenario import Stage
from tests.walls.scenarios.table import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.walls.scenarios.scenario import Scenario

COLUMNS: Final = ("Scenario", "What is wrong", "Cause that must be named", "Named by the check", "Clients", "Time", "")
NOT_HERE: Final = 2


class CurtainError(Exception):
    """A play is stopped at the moment that somebody wants to look around in."""


class Rehearsal(Stage):
    """A stage that stops as soon as a client has failed."""

    def fails(self, client: str = "skopeo", **how: object) -> None:  # type: ignore[override]
        super().fails(client, **how)
        raise CurtainError


def play(lab: Lab, scenario: Scenario) -> tuple[Stage, float, str]:
    """Play a scenario; return its stage, how long it took and what went wrong."""
    began = time.monotonic()
    stage = Stage(lab, scenario)
    wrong = ""
    try:
        lab.reset()
        scenario.play(stage)
    except Exception:  # noqa: BLE001 - one that fails must not keep the others from being played
        wrong = traceback.format_exc()
    return stage, time.monotonic() - began, wrong


def play_all(scenarios: Sequence[Scenario]) -> int:
    """Play scenarios, and print a table; return the exit code."""
    console = Console(width=None if sys.stdout.isatty() else 200)
    table = Table(*COLUMNS, box=None, pad_edge=False, header_style="bold")
    faults = []
    began = time.monotonic()
    with Lab() as lab:
        built = time.monotonic() - began
        for scenario in scenarios:
            print(f"{scenario.name} ...", file=sys.stderr, flush=True)  # noqa: T201
            stage, seconds, wrong = play(lab, scenario)
            expected = f"{scenario.cause.value} at {scenario.at}" if scenario.cause else "none"
            row = (scenario.name, scenario.story, expected, stage.said or "none", ", ".join(stage.clients))
            table.add_row(*map(Text, row), f"{seconds:.1f} s", Text("fails" if wrong else "ok"))
            faults += [f"{scenario.name}:\n{wrong}"] if wrong else []
    console.print(table)
    for fault in faults:
        print(f"\n{fault}", file=sys.stderr)  # noqa: T201
    good = len(scenarios) - len(faults)
    whole = time.monotonic() - began
    print(f"\n{good} of {len(scenarios)} as expected, in {whole:.0f} s ({built:.0f} s to build)")  # noqa: T201
    return 1 if faults else 0


def look_around(scenario: Scenario | None) -> int:
    """Open a shell on the client's machine."""
    with Lab() as lab:
        lab.reset()
        if scenario is not None:
            with suppress(CurtainError):
                scenario.play(Rehearsal(lab, scenario))
        print(f"Try: seawall check {LOGIN}/{IMAGE}    skopeo inspect docker://{LOGIN}/{IMAGE}    (exit ends it)")  # noqa: T201
        lab.client.shell()
    return 0


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="make walls", description="Scenarios behind real walls.")
    parser.add_argument("names", nargs="*", help="scenarios; all when none is named")
    parser.add_argument("--list", action="store_true", help="list the scenarios")
    parser.add_argument("--shell", action="store_true", help="open a shell behind the wall instead")
    asked = parser.parse_args()
    by_name = {one.name: one for one in SCENARIOS}
    unknown = [name for name in asked.names if name not in by_name]
    if unknown:
        parser.error(f"no such scenario: {', '.join(unknown)}; there are: {', '.join(by_name)}")
    chosen = [by_name[name] for name in asked.names] or list(SCENARIOS)
    if asked.list:
        for one in chosen:
            print(f"{one.name:16} {one.story}")  # noqa: T201
        return 0
    if reason := why_not():
        print(f"walls: {reason}", file=sys.stderr)  # noqa: T201
        return NOT_HERE
    return look_around(chosen[0] if asked.names else None) if asked.shell else play_all(chosen)


if __name__ == "__main__":
    raise SystemExit(main())
