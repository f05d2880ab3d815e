"""What a registry's answers say beside what was asked: its clock, and how many more questions it takes. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.check.cause import Cause
from seawall.check.http import printable
from seawall.check.step import Found
from seawall.check.suspicion import clock_difference

if TYPE_CHECKING:
    from datetime import datetime

    from seawall.check.http import Answer

__all__ = ["clock", "throttle"]

_SKEW: Final = 60.0
"""Seconds. Tokens and links count in minutes; a clock that is further off makes them seem over, or not yet good."""
_REMAINING: Final = (
    "ratelimit-remaining",
    "x-ratelimit-remaining",
    "x-ms-ratelimit-remaining-calls-per-second",
)


def clock(answer: Answer, now: datetime) -> Found:
    """Compare a server's clock with this machine's, as the ``Date`` of its answer tells."""
    if "date" not in answer.headers:
        return Found("the server does not say what time it is")
    ahead = clock_difference(answer, now).total_seconds()
    evidence = (("there", printable(answer.headers["date"], 60)), ("here", f"{now:%a, %d %b %Y %H:%M:%S} GMT"))
    if abs(ahead) <= _SKEW:
        return Found("the clocks agree", evidence)
    return Found(f"its clock is {abs(ahead):,.0f} seconds {'ahead' if ahead > 0 else 'behind'}", evidence, Cause.CLOCK)


def throttle(answers: list[Answer]) -> Found | None:
    """Say how many more requests a registry takes; ``None`` when it does not tell."""
    told = [
        (name, printable(answer.headers[name], 60))
        for answer in answers
        for name in _REMAINING
        if name in answer.headers
    ]
    if not told:
        return None
    name, value = told[-1]
    left = value.partition(";")[0]
    spent = left.isascii() and left.replace(".", "", 1).isdigit() and float(left) < 1
    words = f"{left} requests left ({name})"
    return Found(words, tuple(dict(told).items()), Cause.THROTTLED if spent else None)
