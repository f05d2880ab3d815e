"""The shapes of which the picture of a check is made, as SVG. Pure.

Colours come from classes, so that light and dark are the reader's choice; every verdict has a sign besides.
"""

from __future__ import annotations

from html import escape
from typing import Final

from seawall.check.step import Verdict

__all__ = ["MARK_HEIGHT", "WIDTH", "box", "image", "legend", "line", "mark", "sign", "text", "wall"]

WIDTH: Final = 960
MARK_HEIGHT: Final = 22
_FORK: Final = 16
"""How far lines run side by side before they part."""

_IMAGE: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" class="seawall" role="img" width="{width}" height="{height:g}" \
viewBox="0 0 {width} {height:g}" aria-labelledby="seawall-title seawall-desc">
<title id="seawall-title">{title}</title>
<desc id="seawall-desc">{description}</desc>
{style}<rect class="paper" width="{width}" height="{height:g}"/>
{body}
</svg>
"""
_STYLE: Final = """\
<style>
.seawall { max-width: 100%; height: auto; font-family: system-ui, "DejaVu Sans", sans-serif; font-size: 12px }
.seawall text { fill: #1b1f24; unicode-bidi: isolate }
.seawall .paper { fill: #ffffff }
.seawall .soft { fill: #59636e; font-size: 11px }
.seawall .host { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace }
.seawall .said { font-size: 14px }
.seawall .breaks { fill: #b3261e; font-weight: bold }
.seawall .box { fill: #f6f8fa; stroke: #8c959f; stroke-width: 1 }
.seawall .box.failed { fill: #fdecea; stroke: #b3261e; stroke-width: 2 }
.seawall .box.broken { stroke-width: 4 }
.seawall .box.warning { stroke: #8a5a00; stroke-width: 2 }
.seawall .box.future { stroke-dasharray: 6 4 }
.seawall .trunk { fill: none; stroke: #8c959f; stroke-width: 2 }
.seawall .line { fill: none; stroke: #1a7f37; stroke-width: 2 }
.seawall .line.warning { stroke: #8a5a00 }
.seawall .line.failed { stroke: #b3261e; stroke-dasharray: 7 4 }
.seawall .line.skipped { stroke: #8c959f; stroke-dasharray: 2 4 }
.seawall .wall { fill: #b3261e; stroke: none }
.seawall .disc { stroke: none; fill: #1a7f37 }
.seawall .disc.warning { fill: #8a5a00 }
.seawall .disc.failed { fill: #b3261e }
.seawall .disc.skipped { fill: #8c959f }
.seawall .sign { fill: none; stroke: #ffffff; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round }
@media screen and (prefers-color-scheme: dark) {
.seawall text { fill: #e6edf3 }
.seawall .paper { fill: #0d1117 }
.seawall .soft { fill: #9ea7b3 }
.seawall .breaks { fill: #ff8a80 }
.seawall .box { fill: #161b22; stroke: #6e7681 }
.seawall .box.failed { fill: #34151a; stroke: #ff8a80 }
.seawall .box.warning { stroke: #e3b341 }
.seawall .trunk { stroke: #6e7681 }
.seawall .line { stroke: #3fb950 }
.seawall .line.warning { stroke: #e3b341 }
.seawall .line.failed { stroke: #ff8a80 }
.seawall .wall { fill: #ff8a80 }
.seawall .disc { fill: #3fb950 }
.seawall .disc.warning { fill: #e3b341 }
.seawall .disc.failed { fill: #ff8a80 }
.seawall .disc.skipped { fill: #6e7681 }
.seawall .sign { stroke: #0d1117 }
}
</style>
"""
_SIGNS: Final = {
    Verdict.OK: "M-3.5 0.5l2.5 2.5l4.5-5.5",
    Verdict.WARNING: "M0-4v4.5M0 3.9v0.1",
    Verdict.FAILED: "M-3-3l6 6M3-3l-6 6",
    Verdict.SKIPPED: "M-2.5 0h5",
}
_WALL: Final = "".join(
    f"M-8 {row}h7v6h-7zM1 {row}h7v6h-7z" if row % 16 else f"M-8 {row}h3v6h-3zM-3 {row}h7v6h-7zM6 {row}h2v6h-2z"
    for row in range(-24, 24, 8)
)
"""Bricks around a point, each row beside the one below."""


def image(title: str, description: str, height: float, body: str) -> str:
    """Make an image of shapes."""
    return _IMAGE.format(
        width=WIDTH, height=height, title=escape(title), description=escape(description), style=_STYLE, body=body
    )


def text(x: float, y: float, words: str, kind: str = "") -> str:
    """Write words; ``y`` is the line they stand on."""
    of_kind = f' class="{kind}"' if kind else ""
    return f'<text{of_kind} x="{x:g}" y="{y:g}">{escape(words)}</text>'


def box(x: float, y: float, width: float, height: float, *kinds: str) -> str:
    """Draw a box."""
    classes = " ".join(("box", *kinds))
    return f'<rect class="{classes}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6"/>'


def line(start: tuple[float, float], end: tuple[float, float], verdict: Verdict) -> str:
    """Draw a line to the right, up or down, and on to the right; where it leads shows on its last piece alone."""
    (x, y), (to_x, to_y) = start, end
    fork = x + _FORK
    return (
        f'<path class="trunk" d="M{x:g} {y:g}H{fork:g}V{to_y:g}"/>'
        f'<path class="line {verdict.value}" d="M{fork:g} {to_y:g}H{to_x:g}"/>'
    )


def wall(x: float, y: float) -> str:
    """Draw a wall across a line."""
    return f'<path class="wall" transform="translate({x:g} {y:g})" d="{_WALL}"/>'


def sign(x: float, y: float, verdict: Verdict) -> str:
    """Draw the sign of a verdict."""
    return (
        f'<circle class="disc {verdict.value}" cx="{x:g}" cy="{y:g}" r="7"/>'
        f'<path class="sign" transform="translate({x:g} {y:g})" d="{_SIGNS[verdict]}"/>'
    )


def mark(x: float, y: float, words: str, verdict: Verdict) -> str:
    """Draw a sign and what it is of; ``y`` is the middle."""
    kind = "soft" if verdict is Verdict.SKIPPED else ""
    return sign(x + 7, y, verdict) + text(x + 19, y + 4, words, kind)


def legend(x: float, y: float, words: dict[Verdict, str]) -> str:
    """Draw every sign with its meaning, in a row."""
    return "".join(mark(x + 90 * place, y, words[verdict], verdict) for place, verdict in enumerate(words))
