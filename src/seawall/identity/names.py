"""What tokens and scope maps may be called."""

from __future__ import annotations

import re
from typing import Final

from seawall.identity.tokens import ANONYMOUS

__all__ = ["check_scope_map_name", "check_token_name"]

_TOKEN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{3,49}")
# The Azure CLI calls a token's own scope map by the token's name and "-scope-map".
_SCOPE_MAP: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")


def check_token_name(name: str, registry: str) -> None:
    """Refuse a name that no token of a registry can have.

    Raises:
        ValueError: With what is wrong.
    """
    if not _TOKEN.fullmatch(name) or name == ANONYMOUS:
        raise ValueError(f"token name {name[:80]!r} must be 4 to 50 letters, digits, '-' or '_', not '{ANONYMOUS}'")
    if name.lower() == registry:
        raise ValueError(f"{name!r} is the admin user's name: choose another")


def check_scope_map_name(name: str) -> None:
    """Refuse a name that no scope map can have; those of the ones that every registry has begin with ``_``.

    Raises:
        ValueError: With what is wrong.
    """
    if not _SCOPE_MAP.fullmatch(name):
        raise ValueError(
            f"scope map name {name[:80]!r} must be 1 to 60 letters, digits, '-' or '_', the first a letter or digit"
        )
