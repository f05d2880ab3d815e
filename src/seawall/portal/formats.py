"""How numbers, sizes and moments are written, in one place. Pure.

Both languages part thousands by a comma; dates differ. Moments are UTC, as in logs: an operator's regions have many
local times.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

if TYPE_CHECKING:
    from seawall.portal.words import Words

__all__ = ["Formats", "short_digest"]

_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SHOWN_HEX: Final = 12


class Formats:
    """Writes values in the reader's language."""

    def __init__(self, words: Words) -> None:
        self._words = words

    @staticmethod
    def number(value: int) -> str:
        """Write a whole number."""
        return f"{value:,}"

    def at_most(self, value: int, most: int) -> str:
        """Write a number that was counted no further than to one above ``most``."""
        return self._words("more than {number}", number=f"{most:,}") if value > most else f"{value:,}"

    @staticmethod
    def size(octets: int) -> str:
        """Write a number of octets, in the largest unit of which there is one."""
        value = float(octets)
        for unit in _UNITS[:-1]:
            # 1023.96 KiB would be written as 1024.0.
            if value < 1023.95:
                return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
            value /= 1024
        return f"{value:,.1f} {_UNITS[-1]}"

    def moment(self, seconds: float) -> Markup:
        """Write a moment, given in seconds since 1970."""
        when = datetime.fromtimestamp(seconds, UTC)
        if self._words.language == "ko":
            text = f"{when.year}년 {when.month}월 {when.day}일 {when:%H:%M} UTC"
        else:
            text = f"{when.day} {_MONTHS[when.month - 1]} {when.year}, {when:%H:%M} UTC"
        return Markup('<time datetime="{}">{}</time>').format(when.isoformat(timespec="seconds"), text)

    def since(self, seconds: float) -> str:
        """Write how long something has taken or is ago."""
        if seconds >= 2 * 86_400:
            return self._words("{count} days", count=f"{seconds // 86_400:.0f}")
        if seconds >= 2 * 3600:
            return self._words("{count} h", count=f"{seconds // 3600:.0f}")
        if seconds >= 120:
            return self._words("{count} min", count=f"{seconds // 60:.0f}")
        return self._words("{count} s", count=f"{seconds:.0f}")


def short_digest(digest: str) -> str:
    """Write enough of a digest to tell it from others by eye."""
    algorithm, colon, value = digest.partition(":")
    return f"{algorithm}{colon}{value[:_SHOWN_HEX]}…" if len(value) > _SHOWN_HEX else digest
