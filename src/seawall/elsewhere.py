"""What other regions have and this one lacks: the contract between the doors and replication.

The doors ask here when something is not in this region; a registry of one region asks nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection

    from seawall.blobs.digest import Digest
    from seawall.metadata.repositories import Repository

__all__ = ["Elsewhere", "ElsewhereError", "Nowhere"]


class ElsewhereError(Exception):
    """No other region can give what was asked for. The message says why.

    Attributes:
        again: Whether it may be there all the same, in a region that does not answer now.
    """

    def __init__(self, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.again = again


class Elsewhere(Protocol):
    """Other regions, as far as they can be reached just now."""

    async def bring(self, repository: Repository, references: Collection[str], blobs: Collection[Digest] = ()) -> bool:
        """Bring here what other regions know of manifests (by tag or digest) and of blobs that are linked.

        Returns:
            Whether anything came, so that it is worth looking again.
        """

    async def has(self, digest: Digest, size: int) -> bool:
        """Say whether another region holds a blob's bytes.

        Raises:
            ElsewhereError: That cannot be told now.
        """

    def blob(self, digest: Digest, size: int, start: int, stop: int) -> AsyncGenerator[bytes]:
        """Read the octets of a blob from ``start`` up to, not including, ``stop``; a whole blob is kept here as well.

        Raises:
            ElsewhereError: Nobody gives them; before the first octet, or in the middle.
        """


class Nowhere:
    """There is no other region."""

    async def bring(
        self,
        repository: Repository,  # noqa: ARG002 - the contract's
        references: Collection[str],  # noqa: ARG002
        blobs: Collection[Digest] = (),  # noqa: ARG002
    ) -> bool:
        """Bring nothing."""
        return False

    async def has(self, digest: Digest, size: int) -> bool:  # noqa: ARG002
        """Say no."""
        return False

    async def blob(self, digest: Digest, size: int, start: int, stop: int) -> AsyncGenerator[bytes]:  # noqa: ARG002
        """Refuse."""
        if stop >= start:
            raise ElsewhereError("there is no other region")
        yield b""  # makes it a generator
