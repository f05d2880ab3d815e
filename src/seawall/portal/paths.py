"""The paths of the pages: written here and nowhere else. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ROOT", "SIGN_IN", "SIGN_OUT", "STATIC", "is_own", "with_query", "write"]

ROOT: Final = "/portal"
SIGN_IN: Final = f"{ROOT}/sign-in"
SIGN_OUT: Final = f"{ROOT}/sign-out"
STATIC: Final = f"{ROOT}/static"

# What a repository and a reference need, and nothing that leads elsewhere: no second slash, no backslash, no query.
_OWN: Final = re.compile(rf"{ROOT}(?:/[A-Za-z0-9_][A-Za-z0-9._@:-]*)*")


def write(*words: str) -> str:
    """Write the path of a page of the portal; a repository's slashes stay what they are."""
    return "/".join((ROOT, *(quote(word, safe="/@:") for word in words)))


def with_query(path: str, values: Mapping[str, str]) -> str:
    """Write a path with a query; values that are empty are left out."""
    query = urlencode({name: value for name, value in values.items() if value})
    return f"{path}?{query}" if query else path


def is_own(path: str) -> bool:
    """Say whether a path is one of the portal's, so that a browser may be sent there."""
    return _OWN.fullmatch(path) is not None
