"""Byte ranges (RFC 9110 section 14). Pure."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["ByteRange", "UnsatisfiableError", "requested_range"]

_SINGLE: Final = re.compile(r"bytes=\s*(\d*)\s*-\s*(\d*)\s*", re.ASCII | re.IGNORECASE)

_MOST_DIGITS: Final = 25


class UnsatisfiableError(ValueError):
    """No byte of the blob lies in the range asked for."""


class ByteRange(NamedTuple):
    """Octets from ``start`` up to, not including, ``stop``."""

    start: int
    stop: int


def requested_range(header: str | None, size: int) -> ByteRange | None:
    """Read a ``Range`` header for a blob of some size.

    Returns:
        The range, cut to the blob; ``None`` to send all of it: no header, another unit, or several ranges, which a
        server may ignore (section 14.2).

    Raises:
        UnsatisfiableError: The range begins behind the end or ends before its beginning.
    """
    if header is None:
        return None
    match = _SINGLE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, stop = max(0, size - _number(last)), size
    else:
        start, stop = _number(first), min(size, _number(last) + 1) if last else size
    if start >= stop:
        raise UnsatisfiableError
    return ByteRange(start, stop)


def _number(digits: str) -> int:
    # int() of thousands of digits is slow and then refused; this many are behind the end of anything.
    return int(digits.lstrip("0")[:_MOST_DIGITS] or "0")
