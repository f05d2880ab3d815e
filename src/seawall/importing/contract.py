"""What is imported, from where, and what can give it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from seawall.blobs.contract import BlobStore
    from seawall.blobs.digest import Digest
    from seawall.metadata.manifests import Manifest

__all__ = ["Giver", "ImportFailure", "Order", "Source", "Target"]


class ImportFailure(Exception):  # noqa: N818 - as the outcome is called
    """An image was not imported; whatever came of it already is not tagged. The message says why, and what to do.

    Attributes:
        status: How Azure Resource Manager answers.
        code: What it calls it.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Source:
    """Where an image is.

    Attributes:
        repository: Its repository.
        reference: Its tag or digest.
        registry: The registry of this node that it is in; empty for somebody else's.
        host: Somebody else's login server, with a port where that is not 443.
        username: Who to sign in as there; empty for nobody.
        password: With which password.
    """

    repository: str
    reference: str
    registry: str = ""
    host: str = ""
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        where = self.host or self.registry
        return f"{where}/{self.repository}{'@' if ':' in self.reference else ':'}{self.reference}"


@dataclass(frozen=True, slots=True)
class Target:
    """A repository, and what the image is to be called there; empty for no tag."""

    repository: str
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """An import.

    Attributes:
        registry: Where it goes.
        source: Where it comes from.
        targets: What it is to be called.
        force: Whether a tag that stands for something else is moved.
    """

    registry: str
    source: Source
    targets: tuple[Target, ...]
    force: bool = False


class Giver(Protocol):
    """A repository that gives manifests and blobs."""

    async def manifest(self, reference: str) -> Manifest:
        """Return a manifest by tag or digest, held against the digest where there is one.

        Raises:
            ImportFailure: It cannot be had.
        """

    async def fetch(self, store: BlobStore, digest: Digest) -> int:
        """See to it that a blob is in the store, or on its way there; return its size in octets.

        Raises:
            ImportFailure: It cannot be had.
        """
