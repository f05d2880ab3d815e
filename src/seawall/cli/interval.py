"""Spans of time as people write them."""

from __future__ import annotations

from typing import Final

from seawall.cli.output import fail

__all__ = ["seconds_of"]

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST_NUMBER: Final = 9
_LONGEST: Final = 31 * 86400


def seconds_of(text: str, option: str) -> float:
    """Read a span such as ``30m``, ``6h`` or ``1d``, of a month at most.

    Args:
        text: What was written.
        option: The option it was written behind, for the message.
    """
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not (number.isascii() and number.isdecimal() and len(number) <= _LONGEST_NUMBER):
        fail(f"{option}: {text[:40]!r} is no time; write 30m, 6h or 1d")
    seconds = int(number) * _UNITS[unit]
    if not 0 < seconds <= _LONGEST:
        fail(f"{option}: {text} is out of reason; write between 1s and 31d")
    return float(seconds)
