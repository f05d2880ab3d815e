"""Blobs that are known here and still to be copied from other regions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import bindparam, delete, func, select, update

from seawall.metadata.batches import batches
from seawall.metadata.own import WANT
from seawall.metadata.rows import insert_once

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy import Connection

    from seawall.blobs.digest import Digest

__all__ = [
    "Queue",
    "Want",
    "add",
    "any_left",
    "done",
    "due",
    "failed",
    "hurry",
    "page",
    "queue",
    "try_again",
    "urge",
    "waiting",
]

_RESIZE: Final = (
    update(WANT)
    .where(WANT.c.digest == bindparam("_digest"), WANT.c.size != bindparam("_size"))
    .values(size=bindparam("_size"), due=0)
)


class Want(NamedTuple):
    """A blob to copy. Times are milliseconds since 1970.

    Attributes:
        digest: Which.
        size: Its octets.
        tagged: Whether a tagged image needs it; those come first.
        attempts: How often copying it has failed.
        due: When to try next.
        since: Since when it is wanted.
        error: Why it failed last; empty if it did not.
    """

    digest: Digest
    size: int
    tagged: bool = False
    attempts: int = 0
    due: int = 0
    since: int = 0
    error: str = ""


class Queue(NamedTuple):
    """What is still to be copied: how many blobs, how many octets, since when, and why the last failure was."""

    blobs: int
    octets: int
    since: int
    error: str


def add(connection: Connection, wants: Iterable[Want]) -> None:
    """Want blobs; those already wanted stay as they are, unless they turn out to have another size."""
    rows = [want._asdict() for want in wants]
    if rows:
        connection.execute(insert_once(WANT, connection.dialect.name), rows)
        connection.execute(_RESIZE, [{"_digest": row["digest"], "_size": row["size"]} for row in rows])


def hurry(connection: Connection, digests: Collection[Digest]) -> None:
    """Copy those of some blobs that are wanted before others: a tagged image needs them."""
    for some in batches(sorted(digests)):
        connection.execute(update(WANT).where(WANT.c.digest.in_(some)).values(tagged=True))


def urge(connection: Connection, want: Want) -> None:
    """Want a blob that somebody is waiting for."""
    add(connection, [want])
    hurry(connection, [want.digest])


def any_left(connection: Connection) -> bool:
    """Say whether anything is still to be copied."""
    return connection.execute(select(WANT.c.digest).limit(1)).first() is not None


def due(connection: Connection, now: int, limit: int, besides: Collection[Digest] = ()) -> list[Want]:
    """List what to copy next: what tagged images need before the rest, and small ones before large ones."""
    found: list[Want] = []
    # Two questions that an index answers; one that orders by both would sort everything that is wanted.
    for tagged in (True, False):
        query = (
            select(*WANT.c)
            .where(WANT.c.tagged.is_(tagged), WANT.c.due <= now, WANT.c.digest.not_in(besides))
            .order_by(WANT.c.size, WANT.c.digest)
            .limit(limit - len(found))
        )
        found += [Want(**row._mapping) for row in connection.execute(query)]  # noqa: SLF001 - public, in spite of its name
    return found


def page(connection: Connection, last: str, limit: int) -> list[Digest]:
    """List blobs that are wanted, behind a digest, whether or not it is time to try again."""
    query = select(WANT.c.digest).where(WANT.c.digest > last).order_by(WANT.c.digest).limit(limit)
    return list(connection.execute(query).scalars())


def done(connection: Connection, digests: Collection[Digest]) -> None:
    """Want some blobs no longer."""
    connection.execute(delete(WANT).where(WANT.c.digest.in_(digests)))


def failed(connection: Connection, digest: Digest, error: str, again: int) -> None:
    """Note that copying a blob failed, and when to try again."""
    values = {"error": error, "due": again, "attempts": WANT.c.attempts + 1}
    connection.execute(update(WANT).where(WANT.c.digest == digest).values(values))


def try_again(connection: Connection) -> None:
    """Let what failed be tried at once."""
    connection.execute(update(WANT).where(WANT.c.attempts > 0).values(due=0, attempts=0))


def waiting(connection: Connection, digests: Collection[Digest]) -> list[Want]:
    """Return those of some blobs that are wanted."""
    rows = connection.execute(select(*WANT.c).where(WANT.c.digest.in_(digests)))
    return [Want(**row._mapping) for row in rows]  # noqa: SLF001


def queue(connection: Connection) -> Queue:
    """Sum up what is still to be copied."""
    totals = select(func.count(), func.coalesce(func.sum(WANT.c.size), 0), func.coalesce(func.min(WANT.c.since), 0))
    blobs, octets, since = connection.execute(totals).one()
    last = select(WANT.c.error).where(WANT.c.error != "").order_by(WANT.c.due.desc()).limit(1)
    return Queue(blobs, int(octets), since, connection.execute(last).scalar_one_or_none() or "")
