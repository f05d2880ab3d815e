"""`python -m bench.operators`: how long an operator waits for the Azure CLI's requests, lists and the portal's pages.

A real node, by `seawall up` with two workers, over a state with very much in it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import report
from bench.operators_ask import AIM_SECONDS, WARM, Clerk
from bench.operators_cases import of_management, of_registry, that_delete
from bench.operators_content import Amounts
from bench.operators_node import WORKERS, Desk, Node
from bench.operators_pages import of_lists
from bench.operators_portal import MOST_OCTETS, first_pages, of_portal
from bench.results import machine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.operators_ask import Case, Reading
    from bench.operators_portal import Weight

NOTES = Path(__file__).with_name("operators.md")
KIB = 1024


@dataclass(frozen=True, slots=True)
class Effort:
    """How often, and how much there is: the full measurement or a quick look."""

    requests: int = 500
    amounts: Amounts = field(default_factory=Amounts)


QUICK = Effort(100, Amounts(5_000, 1_000, 100, 20, 20, 3, 50, 100, 20))
GROUPS = {
    "management": ("What `az` asks of the operators' host", of_management),
    "registry": ("What `az acr` asks of the registry's host", of_registry),
    "lists": ("Lists, as programs ask for them", of_lists),
    "portal": ("The portal", of_portal),
    "deletes": ("Deleting one of the many", that_delete),
}
"""Headings, and what stands below them; what deletes comes last, since everything else counts on what is there."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything that was measured, by group."""

    loads: tuple[float, float]
    """How busy the machine was, in processes, before anything began and at the end; one at the end is this."""
    readings: Mapping[str, Sequence[Reading]]
    weights: Sequence[Weight]


def main() -> None:
    """Read the options, measure, report."""
    parser = argparse.ArgumentParser(prog="bench.operators", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short and small, to try things; writes no document")
    parser.add_argument(
        "--group", action="append", choices=GROUPS, help="measure only this; may be repeated; writes no document"
    )
    parser.add_argument("--case", metavar="TEXT", default="", help="only rows with this in them; writes no document")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every reading to FILE")
    options = parser.parse_args()
    effort = QUICK if options.quick else Effort()
    measured = measure(effort, options.group or list(GROUPS), options.case)
    text = table(measured, effort)
    print(text)
    if options.json:
        document: dict[str, Any] = {"taken": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine()}
        document |= {"effort": asdict(effort), "readings": asdict(measured)}
        options.json.write_text(f"{json.dumps(document, indent=1)}\n")
    if not (options.quick or options.group or options.case):
        report.write("operators", text)


def measure(effort: Effort, groups: Sequence[str], only: str = "") -> Measured:
    """Fill a node's state, start the node, and ask."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="seawall-bench-") as name:
        node = Node(Path(name))
        with node.running():
            pass
        _tell("filling a registry")
        content = node.fill(effort.amounts)
        with node.running(), node.client() as client, closing(node.database()) as database:
            desk = Desk(node, client, content)
            clerk = Clerk(client, database, content, node.session)
            readings = {
                group: [_measured(clerk, case, effort) for case in cases(desk) if only in case.title]
                for group, (_, cases) in GROUPS.items()
                if group in groups
            }
            return Measured((load, os.getloadavg()[0]), readings, first_pages(desk, client))


def _measured(clerk: Clerk, case: Case, effort: Effort) -> Reading:
    reading = clerk.measure(case, effort.requests)
    _tell(f"{case.title}: {_ms(reading.middle)}, {_ms(reading.late)}; {_ms(reading.processor)} of a processor")
    return reading


def _tell(what: str) -> None:
    print(f"bench: {what}", file=sys.stderr, flush=True)


def table(measured: Measured, effort: Effort) -> str:
    """The tables, with what must be known to judge them."""
    lines: list[str] = []
    for group, readings in measured.readings.items():
        lines += [f"| {GROUPS[group][0]} | n | p50 | p99 | aim | verdict |", "|---|--:|--:|--:|--:|---|"]
        lines += [_line(one) for one in readings]
        lines.append("")
    lines += ["| What a browser fetches of the portal | files named | together | aim | verdict |"]
    lines += ["|---|--:|--:|--:|---|", *map(_weighed, measured.weights), ""]
    values = asdict(effort.amounts) | {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "before": f"{measured.loads[0]:.1f}",
        "after": f"{measured.loads[1]:.1f}",
        "machine": machine(),
        "requests": effort.requests,
        "warm": WARM,
        "workers": WORKERS,
    }
    return "\n".join([*lines, NOTES.read_text().format(**values).rstrip()])


def _line(one: Reading) -> str:
    verdict = "met" if one.met else "missed"
    aim = f"p99 {AIM_SECONDS * 1e3:.0f} ms"
    return f"| {one.title} | {len(one.seconds)} | {_ms(one.middle)} | {_ms(one.late)} | {aim} | {verdict} |"


def _weighed(one: Weight) -> str:
    verdict = "met" if one.met else "missed"
    aim = f"{MOST_OCTETS / KIB:.0f} KiB"
    return f"| {one.title} | {one.files} | {one.octets / KIB:,.1f} KiB | {aim} | {verdict} |"


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:,.1f} ms"


if __name__ == "__main__":
    main()
