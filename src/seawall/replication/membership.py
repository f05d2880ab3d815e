"""Taking part: a region invites another, which joins; either may end it.

An invitation is one text that says where the inviting node is, by whose certificate to know it, and a secret that is
good once and for an hour. The newcomer shows the secret over TLS that it checks against that certificate, and gives its
own public key, address and certificate in return: from then on each knows the other.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

import httpx

from seawall.errors import ApiError
from seawall.metadata import log, peers, regions, registries
from seawall.metadata.clock import wall_milliseconds
from seawall.metadata.regions import Region
from seawall.metadata.schema import REGION
from seawall.naming import check_region
from seawall.replication.credentials import new_node_key, public_half
from seawall.replication.http_peer import PREFIX, client_for
from seawall.replication.shapes import check_document
from seawall.replication.wire import WireError, read_rows, write_rows
from seawall.topology import TopologyError, out_of_region

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seawall.metadata.database import Database
    from seawall.metadata.log import Row
    from seawall.metadata.rows import Writer

__all__ = ["INVITATION_SECONDS", "Membership", "MembershipError", "describe_self", "introduce", "remove"]

INVITATION_SECONDS: Final = 3600

_SECRET_BYTES: Final = 32
_LONGEST_TEXT: Final = 64 * 1024


class MembershipError(ValueError):
    """A region cannot be invited, join or leave. The message says why and what to do."""


def describe_self(writer: Writer, url: str, authority: str, addresses: tuple[str, ...] | None = None) -> Region:
    """Write down what other regions must know of this node's region; make its key if it has none.

    Args:
        writer: The transaction.
        url: Where its node answers other regions' nodes; empty if they cannot reach it.
        authority: Certificates (PEM) that its own is issued by; empty for those every system trusts.
        addresses: Where its hosts are, for DNS; as they were if left out.
    """
    secret = regions.node_key(writer.connection, writer.origin)
    if secret is None:
        secret = new_node_key()
        regions.keep_node_key(writer.connection, writer.origin, secret)
    known = regions.find(writer.connection, writer.origin) or Region(writer.origin, url, "")
    kept = known.addresses if addresses is None else addresses
    mine = replace(known, url=url, key=public_half(secret), authority=authority, addresses=kept)
    regions.put(writer, mine)
    return mine


def introduce(databases: Mapping[Database, str], authority: str, addresses: tuple[str, ...] | None = None) -> None:
    """Let regions know each other, and what they have in common, whose databases are all at hand.

    Args:
        databases: The URL of the node of each.
        authority: Certificates (PEM) that all their certificates are issued by.
        addresses: Where the hosts of all of them are, if they are in one place.
    """
    for database, url in databases.items():
        database.write_now(describe_self, url, authority, addresses)
    for database in databases:
        for other in databases:
            if other is not database:
                database.write_now(log.merge, other.read_now(log.settings))


def remove(writer: Writer, region: str) -> None:
    """Let a region take part no longer, and remove the replicas there.

    Raises:
        MembershipError: It takes no part, or a registry has its only replica there.
    """
    if regions.find(writer.connection, region) is None:
        raise MembershipError(f"{region} takes no part")
    for registry in registries.list_all(writer.connection):
        if registry.replica(region) is not None:
            try:
                registries.put(writer, out_of_region(registry, region))
            except TopologyError as error:
                raise MembershipError(str(error)) from None
    regions.remove(writer, region)
    peers.forget(writer.connection, region)


class Membership:
    """Which regions take part, as this node sees it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def invite(self, region: str, mine: Region) -> str:
        """Invite a region; return the text to give to whoever runs it.

        Args:
            region: The newcomer's name.
            mine: What is known of this region.

        Raises:
            MembershipError: It takes part already.
            NamingError: It is no region's name.
        """
        check_region(region)
        if region == mine.name or self._database.read_now(regions.find, region) is not None:
            raise MembershipError(f"{region} takes part already; remove it first if it is to begin anew")
        if not mine.url:
            raise MembershipError(f"{mine.name} cannot be reached by others; invite from a region that can")
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        ends = int((time.time() + INVITATION_SECONDS) * 1000)
        self._database.note_now(regions.invite, region, _hash(secret), ends)
        text = {"for": region, "by": mine.name, "url": mine.url, "authority": mine.authority, "secret": secret}
        return base64.urlsafe_b64encode(json.dumps(text).encode()).decode("ascii").rstrip("=")

    async def welcome(self, document: dict[str, Any]) -> dict[str, Any]:
        """Let a region in that shows an invitation; return what it must know of those who take part.

        Raises:
            ApiError: 403 if the invitation does not hold, 400 if the region is badly described.
        """
        try:
            said = document["region"]
            for name in ("url", "key", "authority", "addresses"):
                check_document(REGION, {"field": name}, said[name])
            newcomer = Region(
                check_region(said["name"]), said["url"], said["key"], said["authority"], tuple(said["addresses"])
            )
            sha256 = _hash(document["secret"])
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ApiError(400, "UNSUPPORTED", f"this describes no region: {error}") from None
        # Looked at first: anybody may come with anything, and a write would make every region look what is new.
        invited = await self._database.read(regions.is_invited, sha256)
        rows = await self._database.write(_let_in, sha256, newcomer) if invited else None
        if rows is None:
            raise ApiError(
                403, "DENIED", f"this invitation is not for {newcomer.name}, was used, or is over; ask for another"
            )
        return {"rows": write_rows(rows)}

    async def farewell(self, region: str) -> dict[str, Any]:
        """Let a region take part no longer that says so itself.

        Raises:
            ApiError: 409 if a registry is in no other region.
        """
        try:
            await self._database.write(remove, region)
        except MembershipError as error:
            raise ApiError(409, "UNSUPPORTED", str(error)) from None
        return {}

    async def join(self, invitation: str, mine: Region, client: httpx.AsyncClient | None = None) -> str:
        """Join the regions of whoever gave an invitation; return the name of the inviting region.

        Raises:
            MembershipError: It cannot be used, or the inviting node cannot be reached or refuses.
        """
        text = _read_invitation(invitation)
        if text["for"] != mine.name:
            raise MembershipError(f"the invitation is for {text['for']}, and this is {mine.name}")
        host = Region(text["by"], text["url"], "", text["authority"])
        document = {"secret": text["secret"], "region": asdict(mine)}
        try:
            async with client or client_for(host) as asking:
                answer = await asking.post(f"{PREFIX}/join", json=document)
        except (httpx.HTTPError, OSError) as error:
            raise MembershipError(f"{host.name} cannot be reached at {host.url}: {error}") from None
        if answer.status_code != 200:
            raise MembershipError(f"{host.name} refuses: {_words(answer)}")
        try:
            rows = read_rows(answer.json().get("rows"), time.time())
        except (WireError, ValueError, AttributeError) as error:
            raise MembershipError(f"what {host.name} answers cannot be used: {error}") from None
        await self._database.write(log.merge, [row for row in rows if row.table is REGION])
        return host.name


def _let_in(writer: Writer, sha256: str, newcomer: Region) -> list[Row] | None:
    connection = writer.connection
    if not regions.accept(connection, sha256, newcomer.name, wall_milliseconds()):
        return None
    regions.put(writer, newcomer)
    return [row for row in log.settings(connection) if row.table is REGION]


def _read_invitation(text: str) -> dict[str, str]:
    try:
        value = json.loads(base64.urlsafe_b64decode(text.strip()[:_LONGEST_TEXT] + "=="))
        return {name: str(value[name]) for name in ("for", "by", "url", "authority", "secret")}
    except (ValueError, KeyError, TypeError):
        raise MembershipError("this is no invitation; copy all of what 'seawall region invite' printed") from None


def _words(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["errors"][0]["message"])
    except (ValueError, KeyError, IndexError, TypeError):
        return f"it answers with {answer.status_code}; is another server there?"


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
