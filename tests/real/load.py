"""Pushing without pause, and a journal of what was promised meanwhile."""

from __future__ import annotations

import json
import random
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import httpx

from tests.real.images import CONFIG, LAYER, MANIFEST, digest_of
from tests.real.registry import Repository

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.real.product import Ready

ABSENT: Final = ""
"""Stands for "no such tag" among the digests that a tag may name."""

CHUNK: Final = 100_000


@dataclass(frozen=True, order=True)
class Content:
    """A blob or a manifest somewhere."""

    repository: str
    kind: str
    digest: str


@dataclass
class Journal:
    """What clients asked for and what they were promised.

    Whatever is asked for may be there after a crash; whatever is promised must be. A tag may name its last
    promised digest or any that was asked for since; once something is promised, nothing older will do.
    """

    asked: dict[Content, None] = field(default_factory=dict)
    promised: dict[Content, None] = field(default_factory=dict)
    tags: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, content: Content) -> None:
        with self.lock:
            self.asked[content] = None

    def promise(self, content: Content) -> None:
        with self.lock:
            self.promised[content] = None

    def ask_tag(self, repository: str, tag: str, digest: str) -> None:
        with self.lock:
            self.tags.setdefault((repository, tag), {ABSENT}).add(digest)

    def promise_tag(self, repository: str, tag: str, digest: str) -> None:
        with self.lock:
            self.tags[repository, tag] = {digest}

    def in_doubt(self) -> list[Content]:
        return [content for content in self.asked if content not in self.promised]


class Pusher(threading.Thread):
    """Pushes random images into one repository until it is told to stop or the server is gone."""

    def __init__(self, ready: Ready, repository: str, journal: Journal, *, insist: bool = False) -> None:
        super().__init__(name=f"pusher of {repository}", daemon=True)
        self.fault: BaseException | None = None
        self.interruptions = 0
        self.images = 0
        self._ready = ready
        self._repository = repository
        self._journal = journal
        self._insist = insist
        self.begun = threading.Event()
        self._stopping = threading.Event()
        self._random = random.Random()
        self._config = json.dumps({"architecture": "amd64", "os": "linux", "by": repository}).encode()
        self._tags: list[str] = []

    def finish(self) -> None:
        """Stop after the present image; anything but a lost connection is the server's fault."""
        self._stopping.set()
        self.join(30)
        assert not self.is_alive(), f"{self.name} hangs"
        if self.fault is not None:
            raise self.fault

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                with Repository(self._ready, self._repository) as repository:
                    repository.tags()  # signs in
                    self.begun.set()
                    while not self._stopping.is_set():
                        self._push_image(repository)
                        self.images += 1
            except httpx.TransportError:
                self.interruptions += 1
                if not self._insist:
                    return
            except BaseException as fault:  # noqa: BLE001 # the main thread raises it again
                self.fault = fault
                return

    def _push_image(self, repository: Repository) -> None:
        layers = [self._random.randbytes(self._size()) for _ in range(self._random.randint(1, 3))]
        for blob in (*layers, self._config):
            self._push_blob(repository, blob)
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": describe(CONFIG, self._config),
                "layers": [describe(LAYER, layer) for layer in layers],
            }
        ).encode()
        for tag in (f"t{self._random.getrandbits(48):012x}", "latest"):
            self._push_manifest(repository, tag, manifest)
        if len(self._tags) > 10:
            self._delete_tag(repository, self._tags.pop(0))

    def _size(self) -> int:
        return self._random.choice((500, 5_000, 50_000, 500_000))

    def _push_blob(self, repository: Repository, blob: bytes) -> None:
        content = Content(self._repository, "blobs", digest_of(blob))
        ways: list[Callable[[], object]] = [
            lambda: repository.push_at_once(blob),
            lambda: repository.push_whole(blob),
            lambda: repository.push_in_chunks(blob, CHUNK),
            lambda: repository.push_as_stream(blob),
        ]
        self._journal.ask(content)
        self._random.choice(ways)()
        self._journal.promise(content)

    def _push_manifest(self, repository: Repository, tag: str, manifest: bytes) -> None:
        digest = digest_of(manifest)
        content = Content(self._repository, "manifests", digest)
        self._journal.ask(content)
        self._journal.ask_tag(self._repository, tag, digest)
        repository.put_manifest(tag, manifest)
        self._journal.promise(content)
        self._journal.promise_tag(self._repository, tag, digest)
        if tag != "latest":
            self._tags.append(tag)

    def _delete_tag(self, repository: Repository, tag: str) -> None:
        self._journal.ask_tag(self._repository, tag, ABSENT)
        repository.expect(202, "DELETE", f"manifests/{tag}")
        self._journal.promise_tag(self._repository, tag, ABSENT)


def describe(media_type: str, content: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}
