"""Reading what is asked of a registry's things, and writing what is told of them, alike for all kinds. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from seawall.management.errors import ManagementError
from seawall.tiers import TierError
from seawall.tiers import check_quota as check_tier

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from seawall.topology import Tier

__all__ = [
    "bad",
    "check_quota",
    "known_only",
    "moment",
    "name_in_path",
    "named",
    "properties_of",
    "seconds_at",
    "strings",
    "switched_on",
    "text",
]

_Thing = TypeVar("_Thing")

_LAST_SECOND: Final = 253_402_300_799.0
"""The last that can be written (RFC 3339), and what the Azure CLI sends for a span that has no end."""
_STATUS: Final = {"enabled": True, "disabled": False}
_ALWAYS_SAID: Final = frozenset(("provisioningState", "creationDate", "type"))
"""Properties that the service sets: who sends back what was told sends them too, and nothing comes of it."""


def bad(words: str) -> ManagementError:
    """Say that something cannot be done as it was asked."""
    return ManagementError(400, "InvalidRequest", words)


def known_only(values: Mapping[str, Any], known: Collection[str]) -> dict[str, Any]:
    """Return what is said, without what is null.

    Raises:
        ManagementError: 400; something is said that means nothing here, and nobody is to believe that it does.
    """
    said = {name: value for name, value in values.items() if value is not None and name not in _ALWAYS_SAID}
    for name in said.keys() - set(known):
        raise bad(f"'{name[:80]}' means nothing here; there are {', '.join(known)}")
    return said


def properties_of(body: Mapping[str, Any], known: Collection[str]) -> dict[str, Any]:
    """Read the properties in a body, without those that are null.

    Raises:
        ManagementError: 400.
    """
    properties = body.get("properties")
    if properties is not None and not isinstance(properties, dict):
        raise bad("'properties' must be a JSON object")
    return known_only(properties or {}, known)


def text(name: str, value: object, longest: int) -> str:
    """Read a text.

    Raises:
        ManagementError: 400.
    """
    if not isinstance(value, str) or len(value) > longest or "\0" in value:
        raise bad(f"'{name}' must be a text of at most {longest} characters, without NUL")
    return value


def strings(name: str, value: object) -> tuple[str, ...]:
    """Read a list of texts, each once.

    Raises:
        ManagementError: 400.
    """
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise bad(f"'{name}' must be a list of texts")
    return tuple(dict.fromkeys(value))


def switched_on(value: object) -> bool:
    """Read a status.

    Raises:
        ManagementError: 400.
    """
    status = _STATUS.get(value.lower()) if isinstance(value, str) else None
    if status is None:
        raise bad(f"'status' must be {' or '.join(_STATUS)}")
    return status


def moment(seconds: float | None) -> str | None:
    """Write a moment (seconds since 1970) as ISO 8601 has it."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def seconds_at(name: str, value: object) -> float:
    """Read a moment as ISO 8601 has it, in UTC where nothing else is said; return it as seconds since 1970.

    Raises:
        ManagementError: 400.
    """
    try:
        read = datetime.fromisoformat(value if isinstance(value, str) else "")
        in_utc = read if read.tzinfo is not None else read.replace(tzinfo=UTC)
        return min(in_utc.timestamp(), _LAST_SECOND)
    except (ValueError, OverflowError):
        raise bad(f"'{name}' must be a date and time, such as 2030-12-31T23:59:59Z") from None


def named(things: Iterable[_Thing], name: str, name_of: Callable[[_Thing], str]) -> _Thing | None:
    """Find something by its name; Azure compares names without regard to case, we know some that differ in it only."""
    like = [one for one in things if name_of(one).lower() == name.lower()]
    return next((one for one in like if name_of(one) == name), like[0] if like else None)


def name_in_path(field: str, value: object, path: str, kind: str) -> str:
    """Read the name at the end of the identifier of something that belongs to a registry.

    Args:
        field: What it is called that holds the identifier.
        value: What it holds.
        path: The registry's identifier.
        kind: The kind of thing, such as ``scopeMaps``.

    Raises:
        ManagementError: 400; it is nothing of this registry's.
    """
    begin = f"{path}/{kind}/"
    name = value[len(begin) :] if isinstance(value, str) and value.lower().startswith(begin.lower()) else ""
    if not name or "/" in name:
        raise bad(f"'{field}' must be {begin}NAME")
    return name


def check_quota(number: int, most: int | None, feature: str, tier: Tier) -> None:
    """Refuse more of something than a registry's tier gives.

    Raises:
        ManagementError: 400.
    """
    try:
        check_tier(number, most, feature, tier)
    except TierError as error:
        raise ManagementError(400, error.code, str(error)) from None
