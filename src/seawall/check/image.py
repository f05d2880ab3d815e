"""Which image is pulled when none was named: a well-known one, or the first that the registry lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seawall.check.reference import is_tag
from seawall.check.refusal import refusal
from seawall.check.services import sample_image
from seawall.naming import NamingError, check_repository

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from seawall.check.door import Door
    from seawall.check.reference import Reference

    Signer = Callable[[tuple[str, ...]], Awaitable[Mapping[str, str]]]

__all__ = ["choose"]


async def choose(reference: Reference, door: Door, signed: Signer) -> tuple[str, str] | None:
    """Return a repository, and a tag or digest in it; ``None`` when nothing is there to be pulled.

    Args:
        reference: What was asked for.
        door: The login server.
        signed: Makes the headers of somebody who may do certain things.

    Raises:
        Fault: The registry does not answer, or does not let this user look.
    """
    if reference.repository:
        return reference.repository, reference.object
    known = sample_image(reference.host)
    if known is not None:
        return known
    catalog = await door.ask("GET", "/v2/_catalog?n=1", await signed(("registry:catalog:*",)))
    if catalog.status == 429 or catalog.status >= 500:
        raise refusal(catalog, "the list of repositories", known=True)
    repository = _first(catalog.document().get("repositories"))
    try:
        check_repository(repository)
    except NamingError:
        return None
    tags = await door.ask("GET", f"/v2/{repository}/tags/list?n=1", await signed((f"repository:{repository}:pull",)))
    tag = _first(tags.document().get("tags"))
    return (repository, tag) if is_tag(tag) else None


def _first(rows: object) -> str:
    return rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], str) else ""
