"""Clients that push, move tags, delete and pull in all regions without pause, and a ledger of what was promised."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING, Final, Protocol

import httpx

from tests.real.images import digest_of
from tests.replication.cluster_client import Image, make_image
from tests.replication.cluster_ledger import NOTHING, Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.replication.cluster_client import Client

SHARED: Final = "soak/shared"
SIZES: Final = (300, 3_000, 30_000, 300_000, 2_000_000)
REST: Final = 0.01
PAUSE: Final = 0.2
"""Seconds before a client that got no answer tries something else."""


class NoAnswerError(Exception):
    """A region did not answer, or answered that it cannot now; what was asked for may have been done."""


class Steady(Protocol):
    """Tells whether all regions run and see each other, and have for a while."""

    def __call__(self) -> bool: ...


class Loader:
    """One client with a repository of its own, and one that all share.

    Attributes:
        pausing: Whoever holds it keeps the client from doing anything.
    """

    def __init__(
        self,
        number: int,
        ledger: Ledger,
        regions: Sequence[str],
        make_client: Callable[[str, str], Client],
        steady: Steady,
        seed: int,
    ) -> None:
        self._thread = threading.Thread(target=self._run, name=f"client {number}", daemon=True)
        self.pausing = threading.Lock()
        self._ledger = ledger
        self._regions = regions
        self._repository = f"soak/{number}"
        self._make_client = make_client
        self._steady = steady
        self._random = random.Random(seed)
        self._clients: dict[tuple[str, str], Client] = {}
        self._tags: dict[str, tuple[str, str]] = {}
        self._images: dict[str, str] = {}
        self._made = 0
        self._ended = threading.Event()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def finish(self) -> None:
        """Do nothing more."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        works = [self._push, self._push, self._scatter, self._share, self._move, self._untag, self._delete]
        works += [self._pull] * 4
        try:
            while not self._ended.wait(REST):
                with self.pausing:
                    self._do(self._random.choice(works))
        finally:
            for client in self._clients.values():
                client.__exit__(None, None, None)

    def _do(self, work: Callable[[], bool]) -> None:
        steady = self._steady()
        try:
            if work():
                self._ledger.count("acknowledged")
        except NoAnswerError as error:
            self._ledger.count("unanswered")
            if steady and self._steady():
                self._ledger.wrong(f"without any fault: {work.__name__}: {error}")
            self._ended.wait(PAUSE)
        except Exception as error:  # noqa: BLE001 - shown at the end
            self._ledger.wrong(f"{work.__name__}: {type(error).__name__}: {error}"[:1000])

    def _client(self, region: str, repository: str = "") -> Client:
        key = region, repository or self._repository
        if key not in self._clients:
            self._clients[key] = self._make_client(key[1], region)
        return self._clients[key]

    def _send(self, client: Client, method: str, path: str, good: tuple[int, ...], **more: object) -> httpx.Response:
        try:
            answer = client.send(method, path, **more)  # type: ignore[arg-type]
        except (httpx.TransportError, AssertionError) as error:
            raise NoAnswerError(repr(error)) from None
        if answer.status_code >= 500 or (answer.status_code not in good and not self._steady()):
            raise NoAnswerError(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        assert answer.status_code in good, f"{method} {path}: {answer.status_code} {answer.text[:200]}"
        return answer

    def _region(self) -> str:
        return self._random.choice(self._regions)

    def _image(self) -> Image:
        sizes = [self._random.choice(SIZES) for _ in range(self._random.randint(1, 3))]
        return make_image(*sizes)

    def _put(self, client: Client, reference: str, image: Image) -> None:
        headers = {"Content-Type": "application/vnd.oci.image.manifest.v1+json"}
        self._send(client, "PUT", f"manifests/{reference}", (201,), content=image.manifest, headers=headers)

    def _blobs(self, client: Client, image: Image) -> None:
        headers = {"Content-Type": "application/octet-stream"}
        for digest, blob in image.blobs.items():
            self._send(client, "POST", f"blobs/uploads/?digest={digest}", (201,), content=blob, headers=headers)

    def _push(self) -> bool:
        region = self._region()
        return self._push_to(region, region)

    def _scatter(self) -> bool:
        """Push layers in one region and the manifest in another, as when clients are sent elsewhere meanwhile."""
        return self._push_to(self._region(), self._region())

    def _push_to(self, layers: str, region: str) -> bool:
        image = self._image()
        self._ledger.ask(self._repository, image)
        self._blobs(self._client(layers), image)
        self._made += 1
        tag = f"t{self._made}"
        self._ledger.ask_tag(self._repository, tag, image.digest)
        self._put(self._client(region), tag, image)
        self._ledger.promise_tag(self._repository, tag, image.digest)
        self._ledger.keep(image.digest)
        self._tags[tag] = image.digest, region
        self._images[image.digest] = region
        return True

    def _share(self) -> bool:
        """Move a tag that others move as well."""
        region, image = self._region(), self._image()
        client = self._client(region, SHARED)
        self._ledger.ask(SHARED, image)
        self._blobs(client, image)
        tag = self._random.choice(("latest", "stable"))
        self._ledger.ask_tag(SHARED, tag, image.digest)
        self._put(client, tag, image)
        self._ledger.keep(image.digest)
        return True

    def _sees(self, region: str, tag: str, digest: str) -> bool:
        answer = self._send(self._client(region), "HEAD", f"manifests/{tag}", (200, 404))
        named: str = answer.headers.get("docker-content-digest", NOTHING)
        return named == digest

    def _write_to(self, tag: str) -> str:
        """Choose a region for the next write of a tag: another one only if it has seen the last."""
        digest, region = self._tags[tag]
        other = self._region()
        return other if other != region and self._sees(other, tag, digest) else region

    def _move(self) -> bool:
        if not self._tags or not self._images:
            return False
        tag = self._random.choice(list(self._tags))
        region = self._write_to(tag)
        digest = self._random.choice(list(self._images))
        image = self._ledger.images[digest][1]
        if self._images[digest] != region and not self._sees(region, digest, digest):
            return False
        self._ledger.ask_tag(self._repository, tag, digest)
        del self._tags[tag]  # in doubt, unless it is acknowledged
        self._put(self._client(region), tag, image)
        self._ledger.promise_tag(self._repository, tag, digest)
        self._tags[tag] = digest, region
        self._images[digest] = region
        return True

    def _untag(self) -> bool:
        if not self._tags:
            return False
        tag = self._random.choice(list(self._tags))
        region = self._write_to(tag)
        del self._tags[tag]
        self._ledger.ask_tag(self._repository, tag, NOTHING)
        self._send(self._client(region), "DELETE", f"manifests/{tag}", (202,))
        self._ledger.promise_tag(self._repository, tag, NOTHING)
        return True

    def _delete(self) -> bool:
        """Delete a manifest with its tags, in the region that wrote it last."""
        if len(self._images) < 5:
            return False
        digest = self._random.choice(list(self._images))
        region = self._images.pop(digest)
        tags = [tag for tag, (named, _) in self._tags.items() if named == digest]
        if any(self._tags[tag][1] != region for tag in tags):
            self._images[digest] = region
            return False
        self._ledger.doubt(digest)
        for tag in tags:
            del self._tags[tag]
            self._ledger.ask_tag(self._repository, tag, NOTHING)
        self._send(self._client(region), "DELETE", f"manifests/{digest}", (202,))
        self._ledger.delete(digest)
        for tag in tags:
            self._ledger.promise_tag(self._repository, tag, NOTHING)
        return True

    def _pull(self) -> bool:
        """Pull something that was acknowledged, by its digest, from anywhere."""
        if not self._images:
            return False
        newest = list(self._images)[-8:]
        digest = self._random.choice(newest if self._random.random() < 0.5 else list(self._images))
        client = self._client(self._region())
        self._send(client, "GET", f"manifests/{digest}", (200,))
        for part in self._ledger.images[digest][1].blobs:
            answer = self._send(client, "GET", f"blobs/{part}", (200,), follow=True)
            if digest_of(answer.content) != part:
                raise NoAnswerError(f"{part} came as {len(answer.content)} octets")
        self._ledger.count("pulled")
        return False
