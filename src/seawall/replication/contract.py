"""What a node asks of another region's node.

The same questions over HTTPS (:mod:`seawall.replication.http_peer`) and, in tests, without a network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from contextlib import AbstractAsyncContextManager

    from seawall.blobs.digest import Digest
    from seawall.metadata.log import Head, Row
    from seawall.metadata.repositories import Repository

__all__ = ["Changes", "Peer", "PeerError", "Question"]


class PeerError(Exception):
    """A region could not be asked, or its answer cannot be used. The message says which region and why.

    Attributes:
        absent: Whether the region answered, and has not what was asked for.
        silent: Whether it did not answer at all, or not in time.
    """

    def __init__(self, region: str, message: str, *, absent: bool = False, silent: bool = False) -> None:
        super().__init__(f"{region}: {message}")
        self.absent = absent
        self.silent = silent


class Changes(NamedTuple):
    """A part of a region's log.

    Attributes:
        read: Where one stands after it: the log's name, and the place up to which this part goes.
        head: The place at which the log ended.
        rows: What was last written behind the place asked for; from the beginning, if the log has another name now.
    """

    read: Head
    head: int
    rows: Sequence[Row]


class Question(NamedTuple):
    """What a region is asked for in one repository: manifests by tag or digest, and whether blobs are linked."""

    repository: Repository
    references: tuple[str, ...] = ()
    blobs: tuple[Digest, ...] = ()


class Peer(Protocol):
    """Another region's node. Every call may raise :class:`PeerError`."""

    @property
    def region(self) -> str:
        """Its region."""

    async def changes(self, read: Head, wait_seconds: float) -> Changes:
        """Read on in its log; where there is nothing new, wait for it so long."""

    async def offer(self, after: int, changes: Changes) -> None:
        """Give it the part of this node's log behind a place, which it cannot come for."""

    async def read_of_mine(self) -> Head:
        """Ask how far it has read this node's log."""

    async def wants(self, last: str) -> Sequence[Digest]:
        """Ask which blobs it wants: some behind a digest, in order; none when there are no more."""

    async def lookup(self, question: Question) -> Sequence[Row]:
        """Ask for the rows that concern a question; none if it knows nothing of it."""

    async def has(self, digest: Digest) -> bool:
        """Say whether it holds a blob's bytes."""

    def blob(self, digest: Digest, start: int, stop: int) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Open a blob at an octet. There may come fewer or other octets than announced: whoever reads verifies."""

    async def give(self, digest: Digest, size: int, parts: AsyncIterator[bytes]) -> None:
        """Give it a blob that it wants and cannot come for."""
