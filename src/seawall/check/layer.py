"""A layer, from the registry's answer to its last byte: the redirect, the way to where it leads, the bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seawall.check.addresses import is_private
from seawall.check.blob import download
from seawall.check.cause import Cause
from seawall.check.limits import MOST_HOPS
from seawall.check.redirect import REDIRECTS, follow
from seawall.check.step import Fault, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seawall.check.approach import Approaches
    from seawall.check.door import Door
    from seawall.check.http import Answer
    from seawall.check.journal import Journal
    from seawall.check.limits import Limits
    from seawall.check.manifest import Layer
    from seawall.check.redirect import Link
    from seawall.check.step import Found

__all__ = ["fetch"]


async def fetch(
    approaches: Approaches,
    journal: Journal,
    login: Door,
    headers: Mapping[str, str],
    repository: str,
    layer: Layer,
    limits: Limits,
) -> None:
    """Download a layer as clients do.

    Raises:
        Fault: It does not come; its step says so already.
    """
    door, target = login, f"/v2/{repository}/blobs/{layer.digest}"
    seen = set()
    for _ in range(MOST_HOPS + 1):
        # Credentials are for the registry alone (OCI distribution specification, "Pulling blobs").
        head = await _head(door, target, headers if door is login else {}, layer, limits, journal, login)
        if head is None:
            return
        public = not any(map(is_private, journal.addresses(login.spot)))
        link = await journal.run(Kind.REDIRECT, door.spot, _followed(head, door, target, public=public))
        if link.url in seen:
            break
        seen.add(link.url)
        if link.spot[:2] == login.spot[:2]:
            door = login
        else:
            journal.meet(link.spot)
            door = await approaches.to(link.spot, public=public)
        target = link.target
    fault = Fault(Cause.REDIRECT_LOOP, f"is sent on {len(seen)} times, and there is no end to it")
    journal.fail(Kind.REDIRECT, door.spot, fault)
    raise fault


async def _head(
    door: Door,
    target: str,
    headers: Mapping[str, str],
    layer: Layer,
    limits: Limits,
    journal: Journal,
    login: Door,
) -> Answer | None:
    """Ask for a layer; return the answer if it is a redirect, and nothing once the layer came."""
    try:
        talk = await door.talk()
        try:
            head = await talk.begin("GET", target, headers)
            if head.status in REDIRECTS:
                await talk.rest(head)
                return head
            await journal.run(Kind.BLOB, door.spot, download(talk, head, layer, limits, elsewhere=door is not login))
            return None
        finally:
            await door.leave(talk)
    except Fault as fault:
        journal.fail(Kind.BLOB, door.spot, fault)
        raise


async def _followed(head: Answer, door: Door, target: str, *, public: bool) -> tuple[Link, Found]:
    return follow(head, door, target, public=public)
