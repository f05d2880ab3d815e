"""`python -m bench.replication`: how far one region is behind another, and what keeping it in step costs.

Two real regions on this machine, by `seawall up --region eastus --region westus`.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench import region_cases as cases
from bench import report
from bench.client import UnexpectedAnswerError
from bench.fixtures import MIB
from bench.region_content import fill
from bench.regions import A, B, Regions
from bench.results import machine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.region_cases import CatchUp, Copied

ONE_WAY_SECONDS = 0.04
ROUND_TRIP = 2 * ONE_WAY_SECONDS
MOST_IDLE = 0.01
MOST_GROWTH = 1.5
NOTES = Path(__file__).with_name("replication.md")


@dataclass(frozen=True, slots=True)
class Effort:
    """How often and how much: the full measurement or a quick look."""

    pushes: int = 60
    first_octets: int = 20
    layers: int = 3
    layer_mib: int = 1024
    few: int = 10
    many: int = 10_000
    single: int = 20
    idle_seconds: float = 20.0


QUICK = Effort(pushes=5, first_octets=5, layers=1, layer_mib=128, many=500, single=5, idle_seconds=5.0)


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything that was measured; seconds, and octets a second."""

    pull: Sequence[float]
    again: Sequence[float]
    far_pull: Sequence[float]
    far_again: Sequence[float]
    first: Sequence[float]
    far_first: Sequence[float]
    copied: Sequence[Copied]
    caught_up: CatchUp
    idle: float
    one_of_few: Sequence[float]
    one_of_many: Sequence[float]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table; without an aim there is nothing to miss."""

    what: str
    measured: str
    aim: str = "-"
    met: bool | None = None

    def line(self) -> str:
        """In Markdown."""
        verdict = {None: "-", True: "met", False: "missed"}[self.met]
        return f"| {self.what} | {self.aim} | {self.measured} | {verdict} |"


def main() -> None:
    """Read the options, measure, report."""
    parser = argparse.ArgumentParser(prog="bench.replication", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short and small, to try things; writes no document")
    parser.add_argument(
        "--json",
        nargs="?",
        const="-",
        metavar="FILE",
        help="also write every reading to FILE, or print them instead of the table",
    )
    options = parser.parse_args()
    effort = QUICK if options.quick else Effort()
    measured = measure(effort)
    text = table(measured, effort)
    if options.json != "-":
        print(text)
    if options.json:
        document = {"taken": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine()}
        written = json.dumps(document | {"effort": asdict(effort), "readings": asdict(measured)}, indent=1)
        print(written) if options.json == "-" else Path(options.json).write_text(f"{written}\n")
    if not options.quick:
        report.write("replication", text)


def measure(effort: Effort) -> Measured:
    """Measure regions with few images, near and far, then ones with many."""
    with tempfile.TemporaryDirectory(prefix="seawall-bench-") as name:
        folder = Path(name)
        few = Regions(folder / "few")
        with few.running(A, B):
            _tell("one more image, of few")
            fill(few, A, effort.few)
            one_of_few = cases.one_more(few, effort.single)
            _tell("push and pull")
            pull, again = cases.push_then_pull(few, effort.pushes)
            _tell("reading through")
            first = cases.first_octet(few, effort.first_octets)
            _tell("copying")
            copied = cases.copy_layers(few, folder, effort.layers, effort.layer_mib)
        with few.running(A, B, apart=ONE_WAY_SECONDS):
            _tell("push and pull, far apart")
            far_pull, far_again = cases.push_then_pull(few, effort.pushes)
            _tell("reading through, far apart")
            far_first = cases.first_octet(few, effort.first_octets)
            if min(far_first) < ROUND_TRIP:
                raise UnexpectedAnswerError("the regions are not as far apart as they should be")
        shutil.rmtree(folder / "few")
        many = Regions(folder / "many")
        _tell("filling a region")
        with many.running(A):
            pass
        fill(many, A, effort.many)
        _tell("catching up")
        with many.running(A, B):
            caught_up = cases.catch_up(many)
            _tell("one more image, of many")
            one_of_many = cases.one_more(many, effort.single)
            _tell("doing nothing")
            idle = cases.idle(many, effort.idle_seconds)
    return Measured(
        pull, again, far_pull, far_again, first, far_first, copied, caught_up, idle, one_of_few, one_of_many
    )


def _tell(what: str) -> None:
    print(f"bench: {what}", file=sys.stderr, flush=True)


def table(measured: Measured, effort: Effort) -> str:
    """The table, with what must be known to judge it."""
    rows = [
        *_pulls("push of 10 MiB in A to the end of its pull in B", measured.pull, "p50 300 ms, p99 1 s", (0.3, 1.0)),
        *_pulls("· the same, 80 ms round trip", measured.far_pull, "p50 1 s", (1.0, math.inf)),
        *_pulls("· a pull of what B has", measured.again),
        *_pulls("· the same, 80 ms round trip", measured.far_again),
        *_firsts("reading through, to the first octet of a layer", measured.first, 0.0),
        *_firsts("· the same, 80 ms round trip", measured.far_first, ROUND_TRIP),
        *_copied(measured.copied, effort),
        *_caught_up(measured.caught_up),
        Row(
            "both regions with nothing to do, of one processor", f"{measured.idle:.2%}", "1%", measured.idle < MOST_IDLE
        ),
        *_growth(measured, effort),
        Row("zot's `sync`", "not measured: its module is not available here"),
    ]
    lines = ["| what | aim | measured | verdict |", "|---|--:|--:|---|", *(row.line() for row in rows), ""]
    lines.append(
        NOTES.read_text().format(date=f"{datetime.now(UTC):%Y-%m-%d}", machine=machine(), **asdict(effort)).rstrip()
    )
    return "\n".join(lines)


def _pulls(what: str, seconds: Sequence[float], aim: str = "-", most: tuple[float, float] | None = None) -> list[Row]:
    middle, late = statistics.median(seconds), _p99(seconds)
    met = None if most is None else middle <= most[0] and late <= most[1]
    return [Row(what, f"p50 {_ms(middle)}, p99 {_ms(late)}", aim, met)]


def _firsts(what: str, seconds: Sequence[float], round_trip: float) -> list[Row]:
    most = 2 * round_trip + 0.05
    middle = statistics.median(seconds)
    return [Row(what, f"p50 {_ms(middle)}, p99 {_ms(_p99(seconds))}", f"p50 {_ms(most)}", middle <= most)]


def _copied(found: Sequence[Copied], effort: Effort) -> list[Row]:
    names = ("fresh", "fresh_curl", "known", "known_curl", "known_httpx")
    fresh, fresh_curl, known, curl, other = (
        statistics.median(getattr(one, name) for one in found) / MIB for name in names
    )

    def row(what: str, ours: float, theirs: float, aim: float | None = None) -> Row:
        met = None if aim is None else ours >= aim * theirs
        return Row(what, f"{theirs:,.0f} MiB/s ({ours / theirs:.2f}x)", "-" if aim is None else f"{aim}x", met)

    return [
        Row(f"a layer of {effort.layer_mib:,} MiB just pushed to A, verified and kept by B", f"{fresh:,.0f} MiB/s"),
        row("· another one just pushed, thrown away by curl", fresh, fresh_curl, 0.7),
        Row("one that A has in memory, verified and kept by B", f"{known:,.0f} MiB/s"),
        row("· as much from A, thrown away by curl", known, curl, 0.7),
        row("· as much from A, thrown away by httpx", known, other),
    ]


def _caught_up(found: CatchUp) -> list[Row]:
    rate = found.manifests / found.seconds
    whole = found.manifests / found.whole_seconds
    return [
        Row(f"{found.manifests:,} images from zero, until B knows all", f"{rate:,.0f} /s", "200 /s", rate >= 200),
        Row("· until B has all their blobs, too", f"{whole:,.0f} /s"),
    ]


def _growth(measured: Measured, effort: Effort) -> list[Row]:
    few, many = statistics.median(measured.one_of_few), statistics.median(measured.one_of_many)
    return [
        Row(f"one more small image, where there are {effort.few}", _ms(few)),
        Row(
            f"· where there are {effort.many:,}",
            f"{_ms(many)} ({many / few:.2f}x)",
            f"less than {MOST_GROWTH}x",
            many < MOST_GROWTH * few,
        ),
    ]


def _p99(seconds: Sequence[float]) -> float:
    ordered = sorted(seconds)
    return ordered[math.ceil(0.99 * len(ordered)) - 1]


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:,.1f} ms" if seconds < 0.1 else f"{seconds * 1e3:,.0f} ms"


if __name__ == "__main__":
    main()
