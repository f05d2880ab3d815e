"""Redirects, followed as clients follow them: the way to each host in turn, until somebody answers.

Source: OCI distribution specification, "Pulling blobs" and "Pulling manifests"; RFC 9110 section 15.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from seawall.check.cause import Cause
from seawall.check.limits import MOST_HOPS
from seawall.check.redirect import REDIRECTS, follow
from seawall.check.step import Fault, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seawall.check.approach import Approaches
    from seawall.check.door import Door
    from seawall.check.http import Answer, Conversation
    from seawall.check.journal import Journal
    from seawall.check.redirect import Link
    from seawall.check.step import Found

__all__ = ["Chase", "End"]

_SECRET: Final = 12
"""Letters from which a value in a link is taken for a secret."""


class End(NamedTuple):
    """Where redirects end.

    Attributes:
        door: Who answers.
        talk: The connection that the rest of the answer comes over; to be given back to the door.
        head: The head of the answer.
    """

    door: Door
    talk: Conversation
    head: Answer


class Chase:
    """Asks a registry for things, and goes where it sends."""

    def __init__(self, approaches: Approaches, journal: Journal, login: Door) -> None:
        self._approaches = approaches
        self._journal = journal
        self.login = login

    async def ask(self, kind: Kind, target: str, headers: Mapping[str, str], signed: Mapping[str, str]) -> End:
        """Ask for something.

        Args:
            kind: The step that this is part of.
            target: Path and query at the registry.
            headers: Headers for whoever answers.
            signed: Headers for the registry alone: credentials are nobody else's business.

        Raises:
            Fault: Nobody answers; a step says so already.
        """
        door = self.login
        seen = set()
        for _ in range(MOST_HOPS + 1):
            own = {**headers, **signed} if door is self.login else headers
            try:
                talk, head = await door.begin("GET", target, own)
            except Fault as fault:
                self._journal.fail(kind, door.spot, fault)
                raise
            if head.status not in REDIRECTS:
                return End(door, talk, head)
            await self._drop(door, talk, head)
            link = await self._journal.run(Kind.REDIRECT, door.spot, self._followed(head, door, target))
            if link.url in seen:
                break
            seen.add(link.url)
            door, target = await self._next(link), link.target
        endless = Fault(Cause.REDIRECT_LOOP, f"is sent on {len(seen)} times, and there is no end to it")
        self._journal.fail(Kind.REDIRECT, door.spot, endless)
        raise endless

    async def _next(self, link: Link) -> Door:
        self._hide(link)
        if link.spot[:2] == self.login.spot[:2]:
            return self.login
        self._journal.meet(link.spot)
        return await self._approaches.to(link.spot, public=self._journal.is_public(self.login.spot))

    def _hide(self, link: Link) -> None:
        """A link is a secret for as long as it lasts: whoever has it may read the layer."""
        query = urlsplit(link.target).query
        self._journal.hide(link.target, query, *(value for _, value in parse_qsl(query) if len(value) >= _SECRET))

    async def _followed(self, head: Answer, door: Door, target: str) -> tuple[Link, Found]:
        link, found = follow(head, door, target, public=self._journal.is_public(self.login.spot))
        if self._journal.holds_secret(link.spot.host):
            raise Fault(Cause.REDIRECT_LOOP, "sends clients to a host whose name has their secrets in it")
        return link, found

    async def _drop(self, door: Door, talk: Conversation, head: Answer) -> None:
        try:
            await talk.rest(head)
        except Fault:
            # What it says is in the head; a page that breaks off behind it is nobody's loss.
            await talk.close()
        else:
            await door.leave(talk)
