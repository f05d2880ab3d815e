"""How ``seawall check`` is watched while it runs, and what it says at the end."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final, Self, TextIO

from seawall.check.stations import branches, broken, stations
from seawall.check.step import Verdict
from seawall.check.wording import breaks, closing, duration, plain, title, whose
from seawall.cli.paper import Paper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rich.console import Group
    from rich.live import Live

    from seawall.check.report import Comparison, Problem, Report
    from seawall.check.stations import Mark, Station
    from seawall.check.step import Step
    from seawall.cli.paper import Part

__all__ = ["Progress", "say_report"]

_CHECKING: Final = "Checking for {seconds}"
_MACHINE: Final = "this machine ({client})"
_TIMED: Final = "{sign} {name} {seconds}"
_UNTIMED: Final = "{sign} {name}"
_HERE: Final = "<- {here}"

_PROBLEMS: Final = "What is in the way"
_TO_DO: Final = "To do: {fix}"
_OPEN: Final = "Open: {rule}"
_SEEN: Final = "Seen: {evidence}"

_COMPARED: Final = "Beside the planned rules"
_COMPARED_WITH: Final = "Beside the planned rules, with the ranges of {basis}"
_AGREES: Final = "Every host that was met is in them."
_AGREES_WHOLLY: Final = "Every host and address that was met is in them."
_MISSING: Final = "Met, and in no rule: {host}"
_MISSING_ADDRESS: Final = "Met, and in none of the ranges: {address}"
_SURPLUS: Final = "Planned, and of no use to this pull: TCP {port} to {host}"

_RULES: Final = "The rules in the firewall's language"
_CLOSING: Final = "{closing} It took {seconds}."

_STYLES: Final = {
    Verdict.OK: "green",
    Verdict.WARNING: "yellow",
    Verdict.FAILED: "bold red",
    Verdict.SKIPPED: "dim",
}
_HEADING: Final = "bold"
_BETWEEN: Final = "  "


class Progress:
    """Takes every step as it ends, and shows a line for each host that grows; nothing where nobody looks."""

    def __init__(self, file: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._paper = Paper(file or sys.stderr)
        self._clock = clock
        self._began = clock()
        self._steps: tuple[Step, ...] = ()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self._paper.is_terminal:
            from rich.live import Live  # noqa: PLC0415 - slow to import

            # Standard output is left alone: what is written there may go elsewhere.
            self._live = Live(
                console=self._paper.console,
                get_renderable=self._draw,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()
            self._live = None

    def __call__(self, step: Step) -> None:
        """Take a step that has ended."""
        # Replaced, not changed: another thread draws.
        self._steps = (*self._steps, step)

    def _draw(self) -> Group:
        from rich.console import Group  # noqa: PLC0415

        lines = [self._paper.text((_CHECKING.format(seconds=duration(self._clock() - self._began)), _HEADING))]
        for station in stations(self._steps):
            parts = [_name(self._paper, station, station.verdict), *_marks(self._paper, station.tried)]
            lines.append(self._paper.text(*_spaced(parts)))
        for one in lines:
            one.no_wrap, one.overflow = True, "crop"
        return Group(*lines)


def say_report(report: Report, rules_text: str = "") -> None:
    """Say on standard output what a check found: the way, what is in it, and what to do about it.

    Args:
        report: What was found.
        rules_text: What a wall has to be told, in its own language.
    """
    paper = Paper(sys.stdout)
    paper.line((title(report), _HEADING))
    paper.line()
    _say_way(paper, report)
    if report.problems:
        _say_heading(paper, _PROBLEMS)
        for number, problem in enumerate(report.problems, 1):
            _say_problem(paper, number, problem)
    if report.comparison.planned or report.comparison.missing or report.comparison.missing_addresses:
        _say_comparison(paper, report.comparison)
    if rules_text:
        _say_heading(paper, _RULES)
        paper.block(rules_text)
    paper.line()
    words = _CLOSING.format(closing=closing(report), seconds=duration(report.seconds))
    paper.paragraph(words, f"{paper.signs[report.verdict]} ", _STYLES[report.verdict])


def _say_heading(paper: Paper, words: str) -> None:
    paper.line()
    paper.line((words, _HEADING))


def _say_way(paper: Paper, report: Report) -> None:
    """Draw the way as a tree: this machine, the hosts it asks, and those that it asks a proxy for."""
    paper.line((_MACHINE.format(client=plain(report.client)), ""))
    roots: list[tuple[Station, tuple[Station, ...]]] = []
    for branch in branches(report):
        roots += [(branch.proxy, branch.stations)] if branch.proxy else [(one, ()) for one in branch.stations]
    every = [one for root, behind in roots for one in (root, *behind)]
    names, places = (max(map(len, column), default=0) for column in _columns(every))
    where = broken(report)

    def say_all(some: Sequence[tuple[Station, tuple[Station, ...]]], before: str) -> None:
        for number, (one, behind) in enumerate(some, 1):
            lead, below = paper.tree[::2] if number < len(some) else paper.tree[1::2]
            parts = _host(paper, one, names, places, is_broken=one.host in where)
            _say_flowing(paper, before + lead, before + below + (paper.tree.below if behind else ""), parts)
            say_all([(inner, ()) for inner in behind], before + below)

    say_all(roots, "")


def _columns(every: Sequence[Station]) -> tuple[list[str], list[str]]:
    return [one.name for one in every], [one.place.value for one in every]


def _host(paper: Paper, station: Station, names: int, places: int, *, is_broken: bool) -> list[Part]:
    """Write all there is to say of a host, in parts that may stand on lines of their own."""
    words, style = _name(paper, station, Verdict.FAILED if is_broken else station.verdict)
    marks = _marks(paper, station.marks)
    here = [(_HERE.format(here=breaks(station.place)), _STYLES[Verdict.FAILED])] if is_broken else []
    return [(words.ljust(names + 2), style), (station.place.value.ljust(places), ""), *marks, *here]


def _name(paper: Paper, station: Station, verdict: Verdict) -> Part:
    return _UNTIMED.format(sign=paper.signs[verdict], name=station.name), _STYLES[verdict]


def _marks(paper: Paper, marks: Iterable[Mark]) -> Iterator[Part]:
    for mark in marks:
        form = _UNTIMED if mark.verdict is Verdict.SKIPPED else _TIMED
        words = form.format(sign=paper.signs[mark.verdict], name=mark.name, seconds=duration(mark.seconds))
        yield words, _STYLES[mark.verdict]


def _spaced(parts: Iterable[Part]) -> Iterator[Part]:
    for number, part in enumerate(parts):
        if number:
            yield _BETWEEN, ""
        yield part


def _say_flowing(paper: Paper, lead: str, below: str, parts: Iterable[Part]) -> None:
    """Write parts on a line, and on a terminal on as many as it takes."""
    width = paper.width
    line: list[Part] = []
    length = len(lead)
    for part in parts:
        longer = length + len(part[0]) + len(_BETWEEN)
        if width and line and longer - len(_BETWEEN) > width:
            paper.line((lead, ""), *_spaced(line))
            lead, line = below + _BETWEEN, []
            longer = len(lead) + len(part[0]) + len(_BETWEEN)
        line.append(part)
        length = longer
    paper.line((lead, ""), *_spaced(line))


def _say_problem(paper: Paper, number: int, problem: Problem) -> None:
    verdict = Verdict.FAILED if problem.fatal else Verdict.WARNING
    first = f"{number}. {paper.signs[verdict]} "
    indent = " " * len(first)
    paper.paragraph(plain(problem.meaning), first, _STYLES[verdict])
    paper.paragraph(_TO_DO.format(fix=plain(problem.fix)), indent)
    paper.paragraph(whose(problem), indent)
    for rule in problem.rules:
        paper.paragraph(_OPEN.format(rule=plain(rule)), indent)
    for evidence in problem.evidence:
        paper.paragraph(_SEEN.format(evidence=plain(evidence)), indent)


def _say_comparison(paper: Paper, comparison: Comparison) -> None:
    form = _COMPARED_WITH if comparison.basis else _COMPARED
    _say_heading(paper, form.format(basis=plain(comparison.basis)))
    if not comparison.missing and not comparison.missing_addresses:
        paper.paragraph(_AGREES_WHOLLY if comparison.basis else _AGREES, _BETWEEN)
    for host in comparison.missing:
        paper.paragraph(_MISSING.format(host=plain(host)), _BETWEEN, _STYLES[Verdict.FAILED])
    for address in comparison.missing_addresses:
        paper.paragraph(_MISSING_ADDRESS.format(address=plain(address)), _BETWEEN, _STYLES[Verdict.FAILED])
    for flow in comparison.surplus:
        paper.paragraph(_SURPLUS.format(host=plain(flow.host), port=flow.port), _BETWEEN)
