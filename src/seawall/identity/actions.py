"""Actions on repositories, in the two spellings there are.

Tokens and challenges say ``pull``, ``push``, ``delete``, ``metadata_read``, ``metadata_write``; scope maps say
``content/read``, ``content/write``, ``content/delete``, ``metadata/read``, ``metadata/write``. Source: Azure Container
Registry documentation, "Repository-scoped permissions".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from seawall.naming import NamingError, check_repository

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ALL_ACTIONS",
    "BUILT_IN_SCOPE_MAPS",
    "Action",
    "Rights",
    "ScopeMapError",
    "check_scope_map_action",
]


class Action(StrEnum):
    """What one may do with a repository; the value is the token's spelling."""

    PULL = "pull"
    PUSH = "push"
    DELETE = "delete"
    METADATA_READ = "metadata_read"
    METADATA_WRITE = "metadata_write"


ALL_ACTIONS: Final = frozenset(Action)

_SCOPE_MAP_SPELLING: Final = {
    "content/read": Action.PULL,
    "content/write": Action.PUSH,
    "content/delete": Action.DELETE,
    "metadata/read": Action.METADATA_READ,
    "metadata/write": Action.METADATA_WRITE,
}

BUILT_IN_SCOPE_MAPS: Final = {
    "_repositories_pull": ("repositories/*/content/read",),
    "_repositories_pull_metadata_read": ("repositories/*/content/read", "repositories/*/metadata/read"),
    "_repositories_push": ("repositories/*/content/read", "repositories/*/content/write"),
    "_repositories_push_metadata_write": (
        "repositories/*/content/read",
        "repositories/*/content/write",
        "repositories/*/metadata/read",
        "repositories/*/metadata/write",
    ),
    "_repositories_admin": tuple(f"repositories/*/{spelling}" for spelling in _SCOPE_MAP_SPELLING),
}
"""Scope maps every registry has."""


class ScopeMapError(ValueError):
    """A scope map's action is not one. The message shows what one looks like."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What a principal may do now.

    Attributes:
        everything: Whether it is the admin user.
        exact: Actions by repository.
        prefixes: Actions on every repository whose name starts so.
        ends: From when on all of it is over, in seconds since 1970; ``None`` for never.
    """

    everything: bool = False
    exact: tuple[tuple[str, Action], ...] = ()
    prefixes: tuple[tuple[str, Action], ...] = ()
    ends: float | None = None

    @classmethod
    def of_scope_map(cls, actions: Iterable[str], ends: float | None = None) -> Rights:
        """Read a scope map."""
        parsed = [check_scope_map_action(action) for action in actions]
        return cls(
            exact=tuple((name, action) for name, action in parsed if not name.endswith("*")),
            prefixes=tuple((name[:-1], action) for name, action in parsed if name.endswith("*")),
            ends=ends,
        )

    def on(self, repository: str) -> frozenset[Action]:
        """Return the actions allowed on a repository."""
        if self.everything:
            return ALL_ACTIONS
        return frozenset(
            [action for name, action in self.exact if name == repository]
            + [action for prefix, action in self.prefixes if repository.startswith(prefix)]
        )


def check_scope_map_action(action: str) -> tuple[str, Action]:
    """Take ``repositories/<name>/content/read`` apart; the name may end in ``*`` and then stands for a prefix.

    Raises:
        ScopeMapError: With what is wrong.
    """
    parts = action.split("/")
    kind = _SCOPE_MAP_SPELLING.get("/".join(parts[-2:]))
    name = "/".join(parts[1:-2])
    if parts[0] != "repositories" or kind is None:
        known = ", ".join(_SCOPE_MAP_SPELLING)
        raise ScopeMapError(f"action {action!r} must be repositories/<name>/ and one of {known}")
    try:
        # "team*", "team-*" and "team/*" are prefixes: what stands before the star must be the beginning of some name.
        check_repository(name[:-1] + "a" if name.endswith("*") else name)
    except NamingError as error:
        raise ScopeMapError(f"action {action!r}: {error}") from None
    return name, kind
