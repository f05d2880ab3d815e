"""How many addresses a service tag has held from day to day, as SVG. Pure.

Above, the number as a line that steps where it changed; below, how many came and went. The page has the same numbers in
a table, for whoever does not look at pictures. Colours come from classes: light and dark are the reader's choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from seawall.portal.words import Words

__all__ = ["Step", "plot"]

_WIDTH: Final = 720
_LEFT: Final = 96
"""Room for numbers beside the line."""
_RIGHT: Final = 12
_TOP: Final = 14
_LINE: Final = 120
"""Height of the line's part, and of the bars' part on each side of their axis."""
_BARS: Final = 28
_GAP: Final = 18
_FOOT: Final = 22
_BAR: Final = 5
_AXIS: Final = _TOP + _LINE + _GAP + _BARS
_HEIGHT: Final = _AXIS + _BARS + _FOOT

_WHOLE: Final = Markup(
    '<svg class="plot" role="img" aria-labelledby="plot-title plot-text" viewBox="0 0 {width} {height}">'
    '<title id="plot-title">{title}</title><desc id="plot-text">{text}</desc>{body}</svg>'
)
_GRID: Final = Markup(
    '<path class="grid" d="M{left} {y:.1f}H{right}"/><text class="number" x="{at}" y="{on:.1f}">{text}</text>'
)
_DAY: Final = Markup('<text class="{side}" x="{x:.1f}" y="{y}">{day}</text>')
_POINT: Final = Markup('<circle class="point" cx="{x:.1f}" cy="{y:.1f}" r="3.5"><title>{text}</title></circle>')
_COLUMN: Final = Markup('<path class="{kind}" d="M{x:.1f} {y:.1f}v{height:.1f}h{width}v{back:.1f}z"/>')


class Step(NamedTuple):
    """A tag from one day on.

    Attributes:
        day: The day.
        total: How many addresses it holds.
        added: How many of these are new.
        removed: How many are gone.
    """

    day: date
    total: int
    added: int
    removed: int


def plot(words: Words, tag: str, steps: Sequence[Step], until: date) -> Markup:
    """Draw it; nothing where nothing is known.

    Args:
        words: The reader's language.
        tag: The service tag.
        steps: Oldest first.
        until: The day on which the line ends.
    """
    if not steps:
        return Markup()
    last = max(until, steps[-1].day)
    across = _Across(steps[0].day, last)
    up = _Up(min(one.total for one in steps), max(one.total for one in steps))
    title = words("IPv4 addresses of {tag}", tag=tag)
    text = words(
        "From {first} in {day} to {last} in {end}.",
        first=f"{steps[0].total:,}",
        day=steps[0].day.isoformat(),
        last=f"{steps[-1].total:,}",
        end=last.isoformat(),
    )
    body = Markup().join((_grid(up), _line(steps, across, up), _bars(steps[1:], across), _days(steps[0].day, last)))
    return _WHOLE.format(width=_WIDTH, height=_HEIGHT, title=title, text=text, body=body)


class _Across:
    """Where a day is."""

    def __init__(self, first: date, last: date) -> None:
        self._first = first
        self._span = max(1, (last - first).days)

    def __call__(self, day: date) -> float:
        return _LEFT + (day - self._first).days / self._span * (_WIDTH - _LEFT - _RIGHT)


class _Up:
    """Where a number of addresses is: the least and the most are told apart however near they are."""

    def __init__(self, least: int, most: int) -> None:
        self.marks = sorted({least, most})
        self._least = least
        # All alike: in the middle.
        self._range = most - least

    def __call__(self, total: int) -> float:
        part = (total - self._least) / self._range if self._range else 0.5
        return _TOP + (1 - part) * _LINE


def _grid(up: _Up) -> Markup:
    lines = [
        _GRID.format(left=_LEFT, right=_WIDTH - _RIGHT, y=up(mark), at=_LEFT - 8, on=up(mark) + 4, text=f"{mark:,}")
        for mark in up.marks
    ]
    axis = Markup('<path class="axis" d="M{} {}H{}"/>').format(_LEFT, _AXIS, _WIDTH - _RIGHT)
    return Markup().join((*lines, axis))


def _line(steps: Sequence[Step], across: _Across, up: _Up) -> Markup:
    path = [f"M{across(steps[0].day):.1f} {up(steps[0].total):.1f}"]
    path += [f"H{across(one.day):.1f}V{up(one.total):.1f}" for one in steps[1:]]
    path.append(f"H{_WIDTH - _RIGHT}")
    points = [
        _POINT.format(x=across(one.day), y=up(one.total), text=f"{one.day.isoformat()}: {one.total:,}") for one in steps
    ]
    return Markup().join((Markup('<path class="step" d="{}"/>').format("".join(path)), *points))


def _bars(steps: Sequence[Step], across: _Across) -> Markup:
    tallest = max((max(one.added, one.removed) for one in steps), default=0) or 1
    bars = []
    for one in steps:
        for kind, count, sign in (("added", one.added, -1), ("removed", one.removed, 1)):
            if count:
                height = sign * max(1.0, count / tallest * _BARS)
                left = across(one.day) - _BAR / 2
                bars.append(_COLUMN.format(kind=kind, x=left, y=_AXIS, height=height, width=_BAR, back=-height))
    return Markup().join(bars)


def _days(first: date, last: date) -> Markup:
    foot = _HEIGHT - 4
    begin = _DAY.format(side="from", x=_LEFT, y=foot, day=first.isoformat())
    return begin + _DAY.format(side="until", x=_WIDTH - _RIGHT, y=foot, day=last.isoformat())
