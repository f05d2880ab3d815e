"""What clients asked of regions that replicate, and what must be there afterwards."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.replication.cluster_client import Image

NOTHING: Final = ""
"""Stands for "no such tag" among what a tag may name."""


@dataclass
class Ledger:
    """Every image that was ever pushed, and what became of it.

    A tag or manifest is written by one client, and in another region only once that region says what was written last:
    then the later write has the later time, and all regions must end with it. What got no answer stays in doubt.

    Attributes:
        tags: What a repository's tag may name: what was acknowledged last, or anything that was asked for since.
        images: Every image, without the octets of its blobs, and its repository by its digest.
        kept: The digests of images that were acknowledged, and of which nobody asked to delete anything.
        deleted: Those of images whose delete was acknowledged.
        counts: How many writes were acknowledged or not, how many pulls were right, and so on.
        faults: What went wrong.
    """

    tags: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    images: dict[str, tuple[str, Image]] = field(default_factory=dict)
    kept: dict[str, None] = field(default_factory=dict)
    deleted: dict[str, None] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, repository: str, image: Image) -> None:
        """Note that an image is about to be pushed."""
        # Its octets are as good as their digests, and an hour's would not fit into memory.
        known = image._replace(blobs=dict.fromkeys(image.blobs, b""))
        with self.lock:
            self.images[image.digest] = repository, known

    def keep(self, digest: str) -> None:
        """Note that an image was acknowledged."""
        with self.lock:
            self.kept[digest] = None

    def doubt(self, digest: str) -> None:
        """Note that an image is about to be deleted."""
        with self.lock:
            self.kept.pop(digest, None)
            # A tag in doubt that names it goes with it.
            for allowed in self.tags.values():
                if digest in allowed and len(allowed) > 1:
                    allowed.add(NOTHING)

    def delete(self, digest: str) -> None:
        """Note that the delete of an image was acknowledged."""
        with self.lock:
            self.deleted[digest] = None

    def ask_tag(self, repository: str, tag: str, digest: str) -> None:
        """Note that a tag is about to be moved, or deleted."""
        with self.lock:
            self.tags.setdefault((repository, tag), {NOTHING}).add(digest)

    def promise_tag(self, repository: str, tag: str, digest: str) -> None:
        """Note that this was acknowledged."""
        with self.lock:
            self.tags[repository, tag] = {digest}

    def count(self, what: str) -> None:
        """Count something."""
        with self.lock:
            self.counts[what] += 1

    def wrong(self, words: str) -> None:
        """Note what went wrong."""
        with self.lock:
            self.faults.append(words)
