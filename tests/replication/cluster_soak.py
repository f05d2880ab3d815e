"""Clients that never stop, and faults at random; what was acknowledged is read back from every region at the end."""

from __future__ import annotations

import random
import statistics
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

from tests.replication.cluster import EAST, NORTH, WEST
from tests.replication.cluster_ledger import NOTHING, Ledger
from tests.replication.cluster_load import Loader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.replication.cluster import Cluster
    from tests.replication.cluster_client import Client, Image

REGIONS: Final = (EAST, WEST, NORTH)
PAIRS: Final = ((WEST, EAST), (EAST, NORTH))
"""Which region asks which over a relay, so that the road can be made bad."""
LOADERS: Final = 3
SETTLED: Final = 8.0
"""Seconds after a fault in which an answer may still be missing on its account."""
CONVERGE_SECONDS: Final = 120.0
SAMPLE: Final = 100


class Soak:
    """A run: clients, faults and a ledger.

    Attributes:
        ledger: What was promised.
        faults: How often each kind of fault was injected.
        seconds: How long regions took to be alike after each.
    """

    def __init__(self, cluster: Cluster, seed: int, loaders: int = LOADERS) -> None:
        self._cluster = cluster
        self._random = random.Random(seed)
        self._trouble = True
        self._calm_since = time.monotonic()
        self.ledger = Ledger()
        self.faults: Counter[str] = Counter()
        self.seconds: list[float] = []
        self.divergent = 0
        self._loaders = [
            Loader(number, self.ledger, REGIONS, cluster.client, self._steady, seed + number)
            for number in range(loaders)
        ]
        self._kinds: list[Callable[[float], None]] = [
            self._isolate,
            self._cut,
            self._split,
            self._kill,
            self._kill_all,
            self._kill_apart,
            self._stop,
            self._slow,
        ]

    def run(self, seconds: float, hold: tuple[float, float] = (2.0, 8.0), say: Callable[[str], None] = print) -> None:
        """Inject faults for a time, and read everything back at the end."""
        ends = time.monotonic() + seconds
        self._trouble = False
        for loader in self._loaders:
            loader.start()
        try:
            rounds = self._random.sample(self._kinds, len(self._kinds))
            while time.monotonic() < ends:
                time.sleep(self._random.uniform(*hold) / 2)
                kind = rounds.pop() if rounds else self._random.choice(self._kinds)
                self._trouble = True
                kind(self._random.uniform(*hold))
                self._calm_since, self._trouble = time.monotonic(), False
                self.faults[kind.__name__.strip("_").replace("_", " ")] += 1
                with self._paused():
                    self._converge()
                say(f"{kind.__name__.strip('_')}: alike after {self.seconds[-1]:.1f} s; {self.ledger.counts}")
        finally:
            for loader in self._loaders:
                loader.finish()
        self._audit()

    @property
    def figures(self) -> dict[str, Any]:
        """What came of it."""
        return {
            "faults": dict(self.faults),
            "acknowledged": self.ledger.counts["acknowledged"],
            "unanswered": self.ledger.counts["unanswered"],
            "pulled": self.ledger.counts["pulled"],
            "images": len(self.ledger.images),
            "lost": self.ledger.counts["lost"],
            "undead": self.ledger.counts["undead"],
            "divergent": self.divergent,
            "wrong": self.ledger.faults,
            "alike_seconds": {
                "median": round(statistics.median(self.seconds), 2) if self.seconds else None,
                "worst": round(max(self.seconds, default=0.0), 2),
            },
        }

    @property
    def good(self) -> bool:
        """Whether nothing was lost, nothing came back, nothing differs, and nothing else went wrong."""
        return not (self.ledger.faults or self.divergent or self.ledger.counts["lost"] or self.ledger.counts["undead"])

    def _steady(self) -> bool:
        return not self._trouble and time.monotonic() - self._calm_since > SETTLED

    @contextmanager
    def _paused(self) -> Iterator[None]:
        with ExitStack() as stack:
            for loader in self._loaders:
                stack.enter_context(loader.pausing)
            yield

    def _converge(self) -> None:
        began = self._calm_since
        while left := self._cluster.differences():
            if time.monotonic() - began > CONVERGE_SECONDS:
                self.divergent += 1
                self.ledger.wrong(f"not alike after {CONVERGE_SECONDS} s: {left}")
                break
            time.sleep(0.05)
        self.seconds.append(time.monotonic() - began)

    # Faults: each lasts for a time, and is over when it returns.

    def _isolate(self, hold: float) -> None:
        self._cluster.roads.isolate(self._random.choice(REGIONS))
        time.sleep(hold)
        self._cluster.roads.heal()

    def _cut(self, hold: float) -> None:
        one, other = self._random.sample(REGIONS, 2)
        self._cluster.roads.cut((one, other))
        time.sleep(hold)
        self._cluster.roads.heal()

    def _split(self, hold: float) -> None:
        self._cluster.roads.isolate(*REGIONS)
        time.sleep(hold)
        self._cluster.roads.heal()

    def _kill(self, hold: float) -> None:
        self._kill_these([self._random.choice(REGIONS)], hold)

    def _kill_all(self, hold: float) -> None:
        self._kill_these(REGIONS, hold / 4)

    def _kill_apart(self, hold: float) -> None:
        """Kill a node while it is cut off, so that only its disk has what it acknowledged."""
        region = self._random.choice(REGIONS)
        self._cluster.roads.isolate(region)
        time.sleep(hold / 2)
        self._kill_these([region], hold / 2)
        self._cluster.roads.heal()

    def _kill_these(self, regions: Sequence[str], hold: float) -> None:
        for region in regions:
            self._cluster.nodes[region].kill()
        time.sleep(hold)
        self._cluster.start(*regions)

    def _stop(self, hold: float) -> None:
        node = self._cluster.nodes[self._random.choice(REGIONS)]
        node.stop()
        time.sleep(hold / 4)
        node.restart()

    def _slow(self, hold: float) -> None:
        """Lose some of what comes, and break connections off."""
        for relay in self._cluster.relays:
            relay.delay, relay.loss = 0.04, 0.05
        for _ in range(4):
            time.sleep(hold / 4)
            self._random.choice(self._cluster.relays).break_off()
        for relay in self._cluster.relays:
            relay.delay = relay.loss = 0.0

    # What is there at the end.

    def _audit(self) -> None:
        self._calm_since = time.monotonic()
        self._converge()
        kept = list(self.ledger.kept)
        sample = set(self._random.sample(kept, min(SAMPLE, len(kept))))
        with ThreadPoolExecutor(len(REGIONS)) as pool:
            list(pool.map(lambda region: self._audit_region(region, sample), REGIONS))

    def _audit_region(self, region: str, sample: set[str]) -> None:
        for repository in {repository for repository, _ in self.ledger.images.values()}:
            with self._cluster.client(repository, region) as client:
                for digest, (owner, image) in self.ledger.images.items():
                    if owner == repository:
                        self._audit_image(client, f"{region}: {repository}@{digest}", digest, image, sample)
                for (owner, tag), allowed in self.ledger.tags.items():
                    if owner == repository:
                        named = _named(client, tag) or NOTHING
                        if named not in allowed:
                            self._bad("lost", f"{region}: {repository}:{tag} names {named}, not one of {allowed}")

    def _audit_image(self, client: Client, words: str, digest: str, image: Image, sample: set[str]) -> None:
        there = _named(client, digest) == digest
        if digest in self.ledger.kept and not there:
            self._bad("lost", f"{words} was acknowledged, and is not there")
        elif digest in self.ledger.deleted and there:
            self._bad("undead", f"{words} was deleted, and is there")
        elif digest in sample and client.pull(digest).manifest != image.manifest:
            self._bad("lost", f"{words} is not what was pushed")

    def _bad(self, counter: str, words: str) -> None:
        self.ledger.count(counter)
        self.ledger.wrong(words)


def _named(client: Client, reference: str) -> str | None:
    answer = client.send("HEAD", f"manifests/{reference}", headers={"Accept": "*/*"})
    return answer.headers.get("docker-content-digest") if answer.status_code == 200 else None
