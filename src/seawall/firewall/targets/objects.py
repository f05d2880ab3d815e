"""Objects on a firewall: what to call them, and text that may stand between quotes. Pure.

A name comes from what the object holds and from nothing else, so that next week's rules call the same things the same,
and it must never be given to two things.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seawall.firewall.rules import RuleSet

__all__ = ["chunks", "object_name", "plain", "single", "split_names", "why"]

_Item = TypeVar("_Item")

# None of the three characters on the right is in a host name, and "_" tells prefixes and wildcards from hosts.
_SAFE: Final = str.maketrans({"*": "_", "/": "_", ":": "-"})
# Quotes and backslashes end or change a quoted text somewhere; "?" asks for help on command lines, even in comments;
# "$" and "`" make shells look for more.
_UNSAFE: Final = str.maketrans({'"': "'", "\\": "/", "?": ".", "$": "", "`": "'"})
_DIGEST: Final = 10


def object_name(what: str, limit: int, start: str = "seawall-") -> str:
    """Name the object that holds a host name, a wildcard or a prefix: letters, digits, ``.``, ``-`` and ``_``.

    Args:
        what: What it holds.
        limit: The longest name the product takes.
        start: What the name begins with.

    Returns:
        A name that nothing else has: what does not fit is cut off, and a digest of all of it put in its place.
    """
    name = start + what.translate(_SAFE)
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(what.encode()).hexdigest()[:_DIGEST]
    # "_" again, since a host name that fits can end in "-" and hexadecimal digits.
    return f"{name[: limit - _DIGEST - 1]}_{digest}"


def plain(text: str, limit: int) -> str:
    """Make text fit for one quoted string of any product: printable ASCII without quotes, cut off where too long."""
    line = "".join(one if " " <= one <= "~" else " " for one in text.translate(_UNSAFE))
    return line if len(line) <= limit else f"{line[: limit - 3]}..."


def single(prefix: str) -> str | None:
    """Return the address of a prefix that holds just one; ``None`` for all others."""
    address, _, length = prefix.partition("/")
    return address if length == ("128" if ":" in address else "32") else None


def chunks(items: Sequence[_Item], size: int) -> Iterator[Sequence[_Item]]:
    """Cut into pieces of at most that size."""
    return (items[start : start + size] for start in range(0, len(items), size))


def split_names(rules: RuleSet, port: int) -> tuple[list[str], list[str]]:
    """Return the exact names on a port, and the patterns."""
    names = rules.names(port)
    return [one for one in names if not one.startswith("*.")], [one for one in names if one.startswith("*.")]


def why(rules: RuleSet, port: int, name: str = "") -> str:
    """Say why a name is let through, or everything on a port."""
    flows = [rule.flow for rule in rules.rules if rule.flow.port == port and (not name or name in rule.names)]
    return "; ".join(dict.fromkeys(flow.why for flow in flows))
