"""Looking here first, and then in other regions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from seawall.blobs.digest import Digest
    from seawall.registry.call import Call

__all__ = ["find"]

_T = TypeVar("_T")

_ROUNDS: Final = 5
"""How often other regions are asked for one request; each of them brings something new, and once is the rule."""


async def find(
    call: Call,
    look: Callable[[], Awaitable[_T]],
    references: Collection[str] = (),
    blobs: Collection[Digest] = (),
) -> _T:
    """Look for something here; while it is not, bring what other regions know of it, and look again.

    Args:
        call: The request.
        look: Looks here; what it finds is false if it is nothing.
        references: Manifests to ask others for, by tag or digest.
        blobs: Blobs to ask others for.
    """
    found = await look()
    for _ in range(_ROUNDS):
        if found:
            break
        came = await call.services.elsewhere.bring(call.repository, references, blobs)
        # Also where nothing came just now: it may have come by another way meanwhile.
        found = await look()
        if not came:
            break
    return found
