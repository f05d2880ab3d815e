"""What tests let other processes do; a module of its own, so that such a process can import it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from seawall.metadata import principals, tags
from seawall.metadata.database import Database
from seawall.metadata.migrate import migrate
from seawall.metadata.principals import Principal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.queues import Queue
    from multiprocessing.synchronize import Barrier

    from seawall.blobs.digest import Digest
    from seawall.metadata.repositories import Repository


def migrate_at_once(urls: Sequence[str], barrier: Barrier) -> None:
    """Migrate databases, each at the same moment as other processes."""
    for url in urls:
        barrier.wait()
        try:
            migrate(url)
        except BaseException:
            barrier.abort()  # the others need not wait for this one any more
            raise


def write_when_told(url: str, repository: Repository, pipe: Connection) -> None:
    """Move a tag to each digest that comes, and say so once it is written."""
    database = Database(url, "westus")
    while digest := pipe.recv():
        database.write_now(tags.put, repository, "latest", digest)
        pipe.send(digest)
    database.close()


def write_many(url: str, number: int, count: int, repository: Repository, digest: Digest, barrier: Barrier) -> None:
    """Write tags of one's own and one that everybody writes, half of them by way of an event loop."""
    database = Database(url, f"region{number}")
    barrier.wait()

    async def write_concurrently() -> None:
        names = [f"p{number}-{name}" for name in range(count // 2, count)]
        await asyncio.gather(*(database.write(tags.put, repository, name, digest) for name in names))

    for name in range(count // 2):
        database.write_now(tags.put, repository, f"p{number}-{name}", digest)
        database.write_now(tags.put, repository, "shared", digest)
    asyncio.run(write_concurrently())
    database.close()


def add_credentials(database: Database, count: int) -> None:
    """Read a principal and write it back with one slot more, several times."""
    for _ in range(count):
        with database.writing() as writer:
            known = principals.find(writer.connection, "myregistry", "shared")
            assert known is not None
            scope_map = str(int(known.scope_map) + 1)
            principals.put(writer, "myregistry", Principal("shared", {}, scope_map))


def take_readings(url: str, wall: int, count: int, barrier: Barrier, results: Queue[list[tuple[int, int]]]) -> None:
    """Write at once with another process, beside a wall that stands still; say which places and readings came of it."""
    database = Database(url, "westus", wall=lambda: wall)
    barrier.wait()
    results.put([database.write_now(lambda writer: (writer.sequence, writer.clock)) for _ in range(count)])
    database.close()
