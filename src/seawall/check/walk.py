"""The way of a pull, walked as clients walk it: one step after another where each needs the last, all others beside."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from typing import TYPE_CHECKING

from seawall.check.blob import download
from seawall.check.cause import Cause
from seawall.check.challenge import challenge
from seawall.check.chase import Chase
from seawall.check.credentials import KeychainError
from seawall.check.endpoints import after_switch, answers, named, planned
from seawall.check.image import choose
from seawall.check.journal import Spot
from seawall.check.manifest import manifest
from seawall.check.manners import clock, throttle
from seawall.check.readiness import tell
from seawall.check.services import sample_image
from seawall.check.step import Fault, Found, Kind, Place
from seawall.check.token import basic, realm_spot, same_owner, token
from seawall.check.upload import upload

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from seawall.check.approach import Approaches
    from seawall.check.challenge import Challenge
    from seawall.check.credentials import Credentials
    from seawall.check.door import Door
    from seawall.check.image import Signer
    from seawall.check.journal import Journal
    from seawall.check.limits import Limits
    from seawall.check.manifest import Layer
    from seawall.check.question import Question

__all__ = ["Walk"]

_HTTP = 80


class Walk:
    """One pull, looked at from close by.

    Attributes:
        image: What was pulled; empty until that is known.
        pulled: Whether a layer came.
    """

    def __init__(self, question: Question, journal: Journal, approaches: Approaches, limits: Limits) -> None:
        self._question = question
        self._journal = journal
        self._approaches = approaches
        self._limits = limits
        self._login = Spot(question.reference.host, question.reference.port, Place.LOGIN)
        self._tokens: dict[tuple[str, ...], Mapping[str, str]] = {}
        self._beside: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._listing: asyncio.Task[None] | None = None
        self.image = ""
        self.pulled = False

    async def go(self) -> None:
        """Walk to the end, or to where there is no further way; what was found is in the journal."""
        need = self._question.need
        if need is not None:
            self._look_at(planned(need))
        try:
            await self._pull()
        except Fault as fault:
            # Whatever lies beside the way is still looked at.
            self._journal.fail(Kind.CHALLENGE, self._login, fault)
        if self._listing is not None:
            # It may add to what is looked at beside the way.
            await self._listing
        await asyncio.gather(*self._beside.values())
        if self._question.report:
            await self._tell()

    async def close(self) -> None:
        """Leave everything that is under way."""
        tasks = [*self._beside.values(), *([self._listing] if self._listing else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _tell(self) -> None:
        """Report to the registry what was found of its future data endpoints."""
        with contextlib.suppress(Fault):
            door = await self._approaches.to(self._login)
            headers = next(iter(self._tokens.values()), {})
            told = tell(door, headers, self._question.client, self._journal.steps)
            await self._journal.run(Kind.REPORT, self._login, told)

    def _look_at(self, spots: Iterable[Spot], *, named: bool = False) -> None:
        """Look at hosts beside the way; those that the registry named must not be inside this network."""
        public = named and self._journal.is_public(self._login)
        for spot in spots:
            if spot[:2] not in self._beside and not self._journal.holds_secret(spot.host):
                self._beside[spot[:2]] = asyncio.create_task(self._look(spot, public=public))

    async def _look(self, spot: Spot, *, public: bool) -> None:
        try:
            if spot.port == _HTTP:
                await self._approaches.plainly(spot)
                return
            door = await self._approaches.to(spot, public=public)
            await self._journal.run(Kind.ANSWER, spot, answers(door))
        except Fault:
            pass

    async def _pull(self) -> None:
        question, login = self._question, self._login
        door = await self._approaches.to(login)
        known = question.public or question.need is not None
        asked, first = await self._journal.run(Kind.CHALLENGE, login, challenge(door, known=known))
        self._journal.find(Kind.CLOCK, login, clock(first, datetime.datetime.now(datetime.UTC)))
        reference = question.reference
        actions = "pull,push" if question.push else "pull"
        scopes = (f"repository:{reference.repository}:{actions}",) if reference.repository else ()
        await self._sign(door, asked, scopes)

        async def signed(wanted: tuple[str, ...]) -> Mapping[str, str]:
            return await self._sign(door, asked, wanted)

        self._listing = asyncio.create_task(self._list(door, scopes))
        found = await self._chosen(door, signed)
        if found is None:
            nothing = Found("no image was named, and none is listed", (), Cause.NOT_PULLED)
            self._journal.find(Kind.MANIFEST, login, nothing)
            if question.push:
                self._journal.skip(Kind.UPLOAD, login, "no image was named, so there is no repository to push to")
            return
        await self._image(door, await signed((f"repository:{found[0]}:{actions}",)), *found)

    async def _chosen(self, door: Door, signed: Signer) -> tuple[str, str] | None:
        try:
            return await choose(self._question.reference, door, signed)
        except Fault as fault:
            self._journal.fail(Kind.MANIFEST, self._login, fault)
            raise

    async def _image(self, door: Door, headers: Mapping[str, str], repository: str, what: str) -> None:
        self.image = f"{repository}{'@' if ':' in what else ':'}{what}"
        chase = Chase(self._approaches, self._journal, door)
        layer = await self._journal.run(Kind.MANIFEST, self._login, manifest(chase, headers, repository, what))
        try:
            await self._layer(chase, headers, f"/v2/{repository}/blobs/{layer.digest}", layer)
        finally:
            if self._question.push:
                await self._push(door, headers, repository)
        told = throttle(door.heard)
        if told is not None:
            self._journal.find(Kind.THROTTLE, self._login, told)

    async def _layer(self, chase: Chase, headers: Mapping[str, str], target: str, layer: Layer) -> None:
        end = await chase.ask(Kind.BLOB, target, {}, headers)
        try:
            bytes_ = download(end, layer, self._limits, elsewhere=end.door is not chase.login)
            await self._journal.run(Kind.BLOB, end.door.spot, bytes_)
            self.pulled = True
        finally:
            await end.door.leave(end.talk)

    async def _push(self, door: Door, headers: Mapping[str, str], repository: str) -> None:
        with contextlib.suppress(Fault):
            await self._journal.run(Kind.UPLOAD, self._login, upload(door, headers, repository))

    async def _named(self, door: Door, scopes: tuple[str, ...]) -> tuple[dict[str, Spot], Found]:
        try:
            return await named(door, self._tokens[scopes])
        except Fault as fault:
            # Other registries have no such list, and need not answer at all.
            return {}, Found(f"the registry was not heard on its data endpoints: {fault.said}")

    async def _list(self, door: Door, scopes: tuple[str, ...]) -> None:
        """Ask the registry for its other hosts, and look at those as well."""
        if sample_image(self._login.host) is not None:
            # Known to be another's service, which has no such list.
            return
        found = await self._journal.run(Kind.ENDPOINTS, self._login, self._named(door, scopes))
        self._look_at(found.values(), named=True)
        if self._question.before_switch and self._question.need is not None:
            self._look_at(after_switch(self._question.need, found), named=True)

    async def _sign(self, door: Door, asked: Challenge, scopes: tuple[str, ...]) -> Mapping[str, str]:
        """Return the headers of somebody who may do certain things; asked for once each."""
        if scopes not in self._tokens:
            self._tokens[scopes] = await self._headers(door, asked, scopes)
        return self._tokens[scopes]

    async def _headers(self, door: Door, asked: Challenge, scopes: tuple[str, ...]) -> Mapping[str, str]:
        if not asked.scheme:
            return {}
        credentials = await self._credentials(door.authority)
        if asked.scheme == "basic":
            return {"Authorization": basic(credentials)} if credentials else {}
        try:
            spot = self._realm(asked)
        except Fault as fault:
            self._journal.fail(Kind.TOKEN, self._login, fault)
            raise
        server = door
        if spot[:2] != self._login[:2]:
            server = await self._approaches.to(spot, public=self._journal.is_public(self._login))
            if not same_owner(spot.host, self._login.host):
                # A registry may name any host it likes, and would have the password of whoever believes it.
                credentials = None
        where = server.spot
        header = await self._journal.run(Kind.TOKEN, where, token(server, asked, scopes, credentials))
        self._journal.hide(header.removeprefix("Bearer "))
        return {"Authorization": header}

    def _realm(self, asked: Challenge) -> Spot:
        spot = realm_spot(asked)
        if self._journal.holds_secret(spot.host):
            raise Fault(Cause.NOT_A_REGISTRY, "names a token server whose name has secrets in it")
        return spot

    async def _credentials(self, authority: str) -> Credentials | None:
        try:
            found = await self._question.credentials(authority, self._question.reference.repository)
        except KeychainError as error:
            self._journal.find(Kind.TOKEN, self._login, Found(str(error), (), Cause.SIGN_IN))
            return None
        if found is not None:
            self._journal.hide(found.password, found.identity_token, f"{found.username}:{found.password}")
        return found
