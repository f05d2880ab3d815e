"""The regions whose nodes replicate from one another: who they are and where they are reached."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import delete, select

from seawall.metadata import fields
from seawall.metadata.clock import seconds_of
from seawall.metadata.memo import reads_settings
from seawall.metadata.own import INVITATION, NODE_KEY
from seawall.metadata.rows import upsert
from seawall.metadata.schema import REGION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from seawall.metadata.rows import Writer

__all__ = [
    "Former",
    "Region",
    "accept",
    "find",
    "invite",
    "is_invited",
    "keep_node_key",
    "list_all",
    "node_key",
    "own_name",
    "put",
    "remove",
]


_MOST_FORMER: Final = 100
"""How many former lists of addresses are kept."""


class Former(NamedTuple):
    """Addresses that a region's hosts had.

    Attributes:
        until: When they got others, in milliseconds since 1970.
        addresses: The addresses.
    """

    until: int
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Region:
    """A region that takes part in replication.

    Attributes:
        name: Such as ``eastus``.
        url: Where its node answers other regions' nodes; empty where they cannot reach it, so that it comes to them.
        key: The public half of the key by which its node shows who it is (Ed25519, base64).
        authority: Certificates, in PEM, that its node's certificate is issued by; empty for those every system trusts.
        addresses: Where its hosts are, for DNS.
        drained: Whether it was taken out of the registries' global names.
        former: Which addresses it had before, oldest first; :func:`put` sees to it.
    """

    name: str
    url: str
    key: str
    authority: str = ""
    addresses: tuple[str, ...] = ()
    drained: bool = False
    former: tuple[Former, ...] = ()


def put(writer: Writer, region: Region) -> None:
    """Keep what is known of a region, and which addresses it had before."""
    known = find(writer.connection, region.name)
    former = known.former if known is not None else region.former
    if known is not None and known.addresses and set(known.addresses) != set(region.addresses):
        former = (*former, Former(round(seconds_of(writer.clock) * 1000), known.addresses))[-_MOST_FORMER:]
    values = asdict(region) | {"addresses": list(region.addresses)}
    values["former"] = [[one.until, list(one.addresses)] for one in former]
    del values["name"]
    fields.put(writer, REGION, (region.name,), values)


def remove(writer: Writer, name: str) -> bool:
    """Let a region take part no longer; say whether it did."""
    return fields.delete(writer, REGION, (name,))


@reads_settings
def find(connection: Connection, name: str) -> Region | None:
    """Find a region by its name."""
    return next((region for region in list_all(connection) if region.name == name), None)


@reads_settings
def list_all(connection: Connection) -> list[Region]:
    """List the regions that take part, by name."""
    kept = fields.read_all(connection, REGION)
    return [_read(name, values) for (name,), values in kept.items() if {"url", "key"} <= values.keys()]


def node_key(connection: Connection, region: str) -> bytes | None:
    """Return the private key of this node's region, if it has one."""
    query = select(NODE_KEY.c.secret).where(NODE_KEY.c.region == region)
    secret: bytes | None = connection.execute(query).scalar_one_or_none()
    return secret


def own_name(connection: Connection) -> str | None:
    """Return the region this database belongs to; it is known once the region has a key."""
    name: str | None = connection.execute(select(NODE_KEY.c.region)).scalar_one_or_none()
    return name


def keep_node_key(connection: Connection, region: str, secret: bytes) -> None:
    """Keep the private key of this node's region."""
    statement = upsert(NODE_KEY, connection.dialect.name)
    connection.execute(statement, {"region": region, "secret": secret})


def invite(connection: Connection, region: str, sha256: str, ends: int) -> None:
    """Keep an invitation for a region: the hash of what it will show, and until when (milliseconds since 1970)."""
    connection.execute(upsert(INVITATION, connection.dialect.name), {"sha256": sha256, "region": region, "ends": ends})


def is_invited(connection: Connection, sha256: str) -> bool:
    """Say whether there is such an invitation; it may be over."""
    return connection.execute(select(INVITATION.c.region).where(INVITATION.c.sha256 == sha256)).first() is not None


def accept(connection: Connection, sha256: str, region: str, now: int) -> bool:
    """Use a region's invitation up; say whether there was one that holds. Another region's stays what it is."""
    connection.execute(delete(INVITATION).where(INVITATION.c.ends < now))
    matches = (INVITATION.c.sha256 == sha256, INVITATION.c.region == region)
    return connection.execute(delete(INVITATION).where(*matches)).rowcount > 0


def _read(name: str, values: Mapping[str, Any]) -> Region:
    return Region(
        name,
        values["url"],
        values["key"],
        values.get("authority", ""),
        tuple(values.get("addresses", ())),
        bool(values.get("drained")),
        tuple(Former(until, tuple(addresses)) for until, addresses in values.get("former", ())),
    )
