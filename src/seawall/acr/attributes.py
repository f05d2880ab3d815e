"""Changing what may be done with a repository, a tag or a manifest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from seawall import bodies
from seawall.acr.documents import ATTRIBUTES
from seawall.errors import ApiError
from seawall.metadata import locks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from seawall.metadata.locks import Right
    from seawall.metadata.repositories import Repository
    from seawall.metadata.rows import Writer

__all__ = ["change", "requested_changes"]

_LARGEST: Final = 16 * 1024


async def requested_changes(request: Request) -> Mapping[Right, bool]:
    """Read which rights a request gives or withholds; members that are none of the attributes are passed over.

    Raises:
        ApiError: 400, if that cannot be told.
    """
    body = await bodies.read(request, _LARGEST, "UNSUPPORTED")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ApiError(400, "UNSUPPORTED", f"send a JSON object with some of {', '.join(ATTRIBUTES)}")
    # A client may send all attributes, and null for those that are to stay.
    given = {name: value[name] for name in ATTRIBUTES if value.get(name) is not None}
    for name, allowed in given.items():
        if not isinstance(allowed, bool):
            raise ApiError(400, "UNSUPPORTED", f"{name} must be true or false")
    return {ATTRIBUTES[name]: allowed for name, allowed in given.items()}


def change(writer: Writer, repository: Repository, name: str, changes: Mapping[Right, bool]) -> None:
    """Give or withhold rights; what is so already is not written again."""
    withheld = locks.of(writer.connection, repository, [name]).get(name, frozenset())
    for right, allowed in changes.items():
        if allowed == (right in withheld):
            locks.put(writer, repository, name, right, allowed=allowed)
