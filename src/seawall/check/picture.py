"""The way of a pull as a picture: this machine, a proxy if there is one, and every host with its steps. Pure.

From left to right as the packets go, from top to bottom as a pull goes on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Final

from seawall.check import drawing
from seawall.check.stations import branches, broken
from seawall.check.step import Place, Verdict
from seawall.check.wording import VERDICTS, breaks, closing, plain, title

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seawall.check.report import Report
    from seawall.check.stations import Branch, Station

__all__ = ["picture"]

_THIS_MACHINE: Final = "this machine"
_STATION: Final = "The {place} {host}: {marks}."
_MARK_SAYS: Final = "{name} {verdict}"
_NOTHING: Final = "nothing was tried"

_EDGE: Final = 16
_SIDE: Final = 140
"""Width of the boxes of this machine and of a proxy."""
_GAP: Final = 56
_SPACE: Final = 10
"""Between boxes that stand one below the other."""
_PAD: Final = 10
_LINE: Final = 17
_MARK: Final = 84
"""Width of a step's mark."""
_MARKS_A_ROW: Final = 4
_LETTER: Final = 7.4
"""Width of a character of a host name."""
_SENTENCE: Final = 108
"""Characters on a line of the sentence below."""


@dataclass(frozen=True, slots=True)
class _Box:
    """A box, before it has a place.

    Attributes:
        heading: What the host is to the client.
        lines: Its name, broken so that it fits.
        width: Width of the box.
        station: The host; none for this machine.
        is_broken: Whether the pull breaks here.
    """

    heading: str
    lines: tuple[str, ...]
    width: float
    station: Station | None = None
    is_broken: bool = False

    @property
    def verdict(self) -> Verdict:
        if self.is_broken:
            return Verdict.FAILED
        return self.station.verdict if self.station else Verdict.OK

    @property
    def is_walled_off(self) -> bool:
        """Whether the pull breaks before the host itself is reached."""
        marks = self.station.tried if self.station else ()
        return self.is_broken and any(one.is_on_the_way and one.verdict is Verdict.FAILED for one in marks)

    @property
    def height(self) -> float:
        rows = self._rows * drawing.MARK_HEIGHT
        return 2 * _PAD + (self._written + rows if self._is_narrow else max(self._written, rows))

    @property
    def middle(self) -> float:
        return self.height / 2

    @property
    def _is_narrow(self) -> bool:
        return self.width <= _SIDE

    @property
    def _written(self) -> int:
        return _LINE * (1 + len(self.lines) + self.is_broken)

    @property
    def _a_row(self) -> int:
        return 1 if self._is_narrow else _MARKS_A_ROW

    @property
    def _rows(self) -> int:
        return -(-len(self.station.marks) // self._a_row) if self.station else 0

    def draw(self, x: float, y: float) -> Iterator[str]:
        future = ("future",) if self.station and self.station.place is Place.FUTURE else ()
        kinds = (self.verdict.value, *(("broken",) if self.is_broken else ()), *future)
        yield drawing.box(x, y, self.width, self.height, *kinds)
        base = y + _PAD + 11
        yield drawing.text(x + _PAD, base, self.heading, "soft")
        for words in self.lines:
            base += _LINE
            yield drawing.text(x + _PAD, base, words, "host")
        if self.is_broken and self.station:
            yield drawing.text(x + _PAD, base + _LINE, breaks(self.station.place), "breaks")
        left = x + _PAD if self._is_narrow else x + self.width - _MARKS_A_ROW * _MARK
        top = y + _PAD + (self._written if self._is_narrow else 0) + drawing.MARK_HEIGHT / 2
        for place, mark in enumerate(self.station.marks if self.station else ()):
            row, column = divmod(place, self._a_row)
            yield drawing.mark(left + column * _MARK, top + row * drawing.MARK_HEIGHT, mark.name, mark.verdict)


def picture(report: Report) -> str:
    """Draw a report as an SVG image, for a page or to stand alone."""
    parts, where = branches(report), broken(report)
    machine = _Box(_THIS_MACHINE, _fit(plain(report.client), _SIDE), _SIDE)
    start = (_EDGE + _SIDE, _EDGE + machine.middle)
    hosts_at = _EDGE + _SIDE + _GAP
    if any(one.proxy for one in parts):
        hosts_at += _SIDE + _GAP
    shapes = list(machine.draw(_EDGE, _EDGE))
    lowest, y = _EDGE + machine.height, float(_EDGE)
    for branch in parts:
        height = _draw_branch(shapes, branch, where, start, (hosts_at, y))
        y += height + _SPACE
        lowest = max(lowest, y - _SPACE)
    height = _draw_foot(shapes, report, lowest + 2 * _SPACE)
    return drawing.image(title(report), _describe(report, parts), height, "\n".join(shapes))


def _draw_branch(
    shapes: list[str],
    branch: Branch,
    where: frozenset[str],
    start: tuple[float, float],
    corner: tuple[float, float],
) -> float:
    """Draw hosts below each other, and the proxy before them; return the height of it all."""
    x, y = corner
    height = 0.0
    if branch.proxy:
        proxy = _box(branch.proxy, where, _SIDE)
        start = _draw_at(shapes, proxy, start, (_EDGE + _SIDE + _GAP, y))
        height = proxy.height
    down = 0.0
    for one in branch.stations:
        box = _box(one, where, drawing.WIDTH - _EDGE - x)
        _draw_at(shapes, box, start, (x, y + down))
        height = max(height, down + box.height)
        down += box.height + _SPACE
    return height


def _box(station: Station, where: frozenset[str], width: float) -> _Box:
    for_the_name = width if width <= _SIDE else width - _MARKS_A_ROW * _MARK
    is_broken = station.host in where
    return _Box(station.place.value, _fit(station.name, for_the_name), width, station, is_broken)


def _draw_at(
    shapes: list[str], box: _Box, start: tuple[float, float], corner: tuple[float, float]
) -> tuple[float, float]:
    """Draw a box and the line to it; return where lines leave it."""
    x, y = corner
    middle = y + box.middle
    shapes.append(drawing.line(start, (x, middle), box.verdict))
    shapes.extend(box.draw(x, y))
    if box.is_walled_off:
        shapes.append(drawing.wall(x - 20, middle))
    return x + box.width, middle


def _draw_foot(shapes: list[str], report: Report, y: float) -> float:
    """Draw the sentence below, and what the signs mean; return how high the picture is with them."""
    words = plain(report.problems[0].meaning) if report.problems else closing(report)
    shapes.append(drawing.sign(_EDGE + 7, y, report.verdict))
    for one in wrap(words, _SENTENCE, break_on_hyphens=False):
        shapes.append(drawing.text(_EDGE + 22, y + 5, one, "said"))
        y += 20
    y += 12
    shapes.append(drawing.legend(_EDGE, y, VERDICTS))
    return y + 7 + _EDGE


def _fit(name: str, width: float) -> tuple[str, ...]:
    """Break a name so that it fits into a box: behind dots if that will do, else anywhere."""
    # Characters beyond ASCII may be twice as wide.
    most = int((width - 2 * _PAD) / (_LETTER if name.isascii() else 2 * _LETTER))
    lines = [""]
    for label in re.findall(r"[^.]*\.|[^.]+", name):
        if lines[-1] and len(lines[-1]) + len(label) > most:
            lines.append("")
        lines[-1] += label
        while len(lines[-1]) > most:
            lines[-1:] = [lines[-1][:most], lines[-1][most:]]
    return tuple(line for line in lines if line)


def _describe(report: Report, parts: Sequence[Branch]) -> str:
    """Say in words what the picture shows, for those who do not see it."""
    said = [closing(report)]
    for branch in parts:
        for one in (*([branch.proxy] if branch.proxy else []), *branch.stations):
            marks = (_MARK_SAYS.format(name=mark.name, verdict=VERDICTS[mark.verdict]) for mark in one.tried)
            words = ", ".join(marks) or _NOTHING
            said.append(_STATION.format(place=one.place.value, host=one.name, marks=words))
    if report.problems:
        said.append(plain(report.problems[0].meaning))
    return " ".join(said)
