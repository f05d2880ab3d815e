"""What was acknowledged survives `kill -9`; what was not is whole or absent."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from typing import TYPE_CHECKING, Final

import httpx
import pytest

from tests.real import processes
from tests.real.audit import Audit
from tests.real.images import digest_of
from tests.real.load import Journal, Pusher
from tests.real.product import Product
from tests.real.registry import Repository
from tests.support import report

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.product import Ready

# Python's http.client loses the socket of a handshake that the server's death breaks off; nobody can close it then.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning"),
    pytest.mark.filterwarnings(r"ignore:Exception ignored in. <ssl\.SSLSocket:pytest.PytestUnraisableExceptionWarning"),
]

KILLS: Final = int(os.environ.get("SEAWALL_KILLS", "10"))
PUSHERS: Final = 4
SAMPLE: Final = 40
EARLY: Final = 5
"""Every so many cycles it is killed once more while it still starts."""


class Upload(threading.Thread):
    """An upload in small chunks that a crash interrupts, most likely within a chunk."""

    CHUNK = 64 * 1024

    def __init__(self, ready: Ready) -> None:
        super().__init__(name="upload", daemon=True)
        self.begun = threading.Event()
        self._ready = ready
        self._content = random.randbytes(150 * self.CHUNK)
        self._location = ""
        self._acknowledged = 0

    def run(self) -> None:
        with Repository(self._ready, "crash/resumed") as repository, contextlib.suppress(httpx.TransportError):
            self._location = repository.open_upload()
            while self._acknowledged < len(self._content):
                self._patch(repository, self._acknowledged, self._acknowledged + self.CHUNK)
                self.begun.set()
                time.sleep(0.005)

    def resume(self, ready: Ready) -> None:
        """Ask how far it came, go on from there, and read it back."""
        self.join(30)
        with Repository(ready, "crash/resumed") as repository:
            status = repository.expect(204, "GET", self._location)
            self._location = status.headers["Location"]
            came = int(status.headers["Range"].removeprefix("0-")) + 1
            assert self._acknowledged <= came <= self._acknowledged + self.CHUNK, "acknowledged bytes were lost"
            if came < len(self._content):
                self._patch(repository, came, len(self._content))
            repository.close_upload(self._location, self._content)
            read = repository.get("blobs", digest_of(self._content))
            assert (read.status_code, digest_of(read.content)) == (200, digest_of(self._content))

    def _patch(self, repository: Repository, start: int, end: int) -> None:
        self._location = repository.patch(self._location, start, self._content[start:end])
        self._acknowledged = end


def start(product: Product, journal: Journal, *, insist: bool = False) -> list[Pusher]:
    """Start pushing, and return once everybody has signed in."""
    pushers = [Pusher(product.ready, f"crash/{n}", journal, insist=insist) for n in range(PUSHERS)]
    for pusher in pushers:
        pusher.start()
    for pusher in pushers:
        assert pusher.begun.wait(10), f"{pusher.name}: {pusher.fault!r}"
    return pushers


def finish(pushers: list[Pusher]) -> None:
    for pusher in pushers:
        pusher.finish()


def push_until_killed(product: Product, journal: Journal) -> Upload:
    upload = Upload(product.ready)
    upload.start()
    assert upload.begun.wait(10)
    pushers = start(product, journal)
    time.sleep(random.uniform(0.05, 1))
    for pusher in pushers:
        assert pusher.is_alive(), f"{pusher.name} ended before the crash: {pusher.fault!r}"
    product.kill()
    finish(pushers)
    return upload


def check_sample(product: Product, journal: Journal) -> list[str]:
    """Check the newest, which the crash is most likely to have hurt, and some of the older ones."""
    promised, tags = list(journal.promised), list(journal.tags)
    with Audit(product.ready, journal) as audit:
        audit.promises([*promised[-SAMPLE:], *random.sample(promised, min(SAMPLE, len(promised)))])
        audit.doubts(journal.in_doubt()[-SAMPLE:])
        audit.tags(tags[-SAMPLE:])
        audit.listings(newest=2)
        return audit.faults


def check_everything(product: Product, journal: Journal) -> list[str]:
    with Audit(product.ready, journal) as audit:
        audit.everything()
        return audit.faults


@pytest.mark.timeout(120 + 10 * KILLS)
def test_killing_everything_breaks_no_promise(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    journal = Journal()
    with Product(tmp_path) as product:
        for cycle in range(KILLS):
            upload = push_until_killed(product, journal)
            if cycle % EARLY == 0:
                product.launch()
                time.sleep(random.uniform(0.1, 1))
                product.kill()
            product.start()
            upload.resume(product.ready)
            assert check_sample(product, journal) == [], f"after kill {cycle + 1}"
        assert check_everything(product, journal) == []
    told = f"{len(journal.promised)} acknowledged, {len(journal.in_doubt())} in doubt, {len(journal.tags)} tags"
    report.show(request, f"crash, all processes killed {KILLS} times: {told}")


def worker_pids(product: Product) -> set[int]:
    return processes.workers(product.pid, product.port)


def wait_for_workers(product: Product, count: int, without: int) -> None:
    deadline = time.monotonic() + 15
    while without in (now := worker_pids(product)) or len(now) < count:
        assert time.monotonic() < deadline, f"workers: {now}, expected {count} without {without}"
        time.sleep(0.05)


def wait_for_images(pushers: list[Pusher], more: int) -> None:
    """Wait until every pusher has pushed some more: none may be stuck."""
    goals = [pusher.images + more for pusher in pushers]
    deadline = time.monotonic() + 30
    while any(pusher.images < goal and pusher.fault is None for pusher, goal in zip(pushers, goals, strict=True)):
        assert time.monotonic() < deadline, f"images pushed: {[pusher.images for pusher in pushers]}, goals: {goals}"
        time.sleep(0.02)


def test_killing_one_worker_breaks_no_promise(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    journal = Journal()
    kills = 3
    with Product(tmp_path) as product:
        before = worker_pids(product)
        assert len(before) == 2
        pushers = start(product, journal, insist=True)
        for _ in range(kills):
            wait_for_images(pushers, 2)
            victim = random.choice(sorted(worker_pids(product)))
            os.kill(victim, signal.SIGKILL)
            wait_for_workers(product, len(before), without=victim)
        wait_for_images(pushers, 2)
        finish(pushers)
        assert check_everything(product, journal) == []
    lost = sum(pusher.interruptions for pusher in pushers)
    told = f"{len(journal.promised)} acknowledged, {lost} connections lost"
    report.show(request, f"crash, one worker killed {kills} times: {told}")


def test_workers_end_with_their_supervisor(tmp_path: Path) -> None:
    """Else they would hold the ports and the state against the next start."""
    with Product(tmp_path) as product:
        os.kill(product.pid, signal.SIGKILL)
        processes.wait_for_end_of_group(product.pid, 10)
        product.kill()
        product.start()


def test_stopping_under_load_breaks_no_promise(tmp_path: Path) -> None:
    journal = Journal()
    with Product(tmp_path) as product:
        pushers = start(product, journal)
        time.sleep(0.5)
        product.stop()
        finish(pushers)
        product.start()
        assert check_everything(product, journal) == []
