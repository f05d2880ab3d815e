"""A small map of the world with a registry's regions on it, as SVG. Pure.

Colours come from classes, so that light and dark are the reader's choice; every standing has a shape besides.
"""

from __future__ import annotations

from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from markupsafe import Markup

from seawall.portal.land import DEGREES, NORTH, ROWS, WEST
from seawall.portal.places import PLACES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from seawall.portal.words import Words

__all__ = ["Dot", "world"]

_STEP: Final = 6
"""Units between two marks of land."""
_MARGIN: Final = 6
_WIDTH: Final = len(ROWS[0]) * _STEP + _MARGIN
_HEIGHT: Final = len(ROWS) * _STEP + _MARGIN
_LETTER: Final = 6.4
"""Units that a letter takes."""
_LINE: Final = 13
_GAP: Final = 9

_SHAPES: Final = {
    "good": Markup('<circle class="dot good" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'),
    "late": Markup('<path class="dot late" d="M{x:.1f} {y:.1f}m-6 5h12l-6 -11z"/>'),
    "bad": Markup('<path class="dot bad" d="M{x:.1f} {y:.1f}m-5 -5h10v10h-10z"/>'),
}
_HOME: Final = Markup('<circle class="home" cx="{x:.1f}" cy="{y:.1f}" r="8.5"/>')
_NAME: Final = Markup('<text x="{x:.1f}" y="{y:.1f}">{name}</text>')


class Dot(NamedTuple):
    """A region, how it stands (``good``, ``late`` or ``bad``), and whether it is the registry's home."""

    region: str
    kind: str
    home: bool


class _Label(NamedTuple):
    left: float
    line: float
    right: float


def world(words: Words, dots: Sequence[Dot]) -> Markup:
    """Draw the map; nothing if none of the regions has a place on it."""
    placed = [(one, *_point(*PLACES[one.region])) for one in dots if one.region in PLACES]
    if not placed:
        return Markup()
    taken: list[_Label] = []
    # From north to south, so that labels which give way to others do so downwards.
    shapes = Markup().join(_dot(*one, taken) for one in sorted(placed, key=lambda one: one[2]))
    title = words("The regions of this registry on a map of the world")
    named = ", ".join(one.region for one, *_ in placed)
    return Markup(
        '<svg class="world" role="img" aria-labelledby="world-title world-regions" viewBox="0 0 {} {}">'
        '<title id="world-title">{}</title><desc id="world-regions">{}</desc>'
        '<path class="land" d="{}"/>{}</svg>'
    ).format(_WIDTH, _HEIGHT, title, named, _land(), shapes)


@cache
def _land() -> str:
    """Draw land as lines, whose dashes are the marks."""
    lines = []
    for row, marks in enumerate(ROWS):
        column = 0
        for mark, run in groupby(marks):
            length = len(list(run))
            if mark == "#":
                left = _MARGIN + column * _STEP
                # A line of no length has no dashes.
                lines.append(f"M{left} {_MARGIN + row * _STEP}h{(length - 1) * _STEP or 0.1}")
            column += length
    return "".join(lines)


def _point(latitude: float, longitude: float) -> tuple[float, float]:
    return _MARGIN + (longitude - WEST) / DEGREES * _STEP, _MARGIN + (NORTH - latitude) / DEGREES * _STEP


def _dot(dot: Dot, x: float, y: float, taken: list[_Label]) -> Markup:
    width = len(dot.region) * _LETTER
    # Labels stand to the right, but for those that would leave the map.
    left = x + _GAP if x + _GAP + width < _WIDTH else x - _GAP - width
    line = y
    while _collides(taken, left, line, left + width):
        line += 1
    taken.append(_Label(left, line, left + width))
    home = _HOME.format(x=x, y=y) if dot.home else Markup()
    return home + _SHAPES[dot.kind].format(x=x, y=y) + _NAME.format(x=left, y=line + 4, name=dot.region)


def _collides(taken: Iterable[_Label], left: float, line: float, right: float) -> bool:
    return any(abs(one.line - line) < _LINE and left < one.right and right > one.left for one in taken)
