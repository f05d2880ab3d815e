"""How replication stands, as numbers for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client import Counter, Gauge

from seawall.replication.status import node

if TYPE_CHECKING:
    from seawall.metadata.database import Database

__all__ = ["Lag"]

# One process measures; the newest of what it and its predecessors said counts.
_MODE: Final = "mostrecent"
_BEHIND: Final = Gauge(
    "seawall_replication_behind", "Changes of a region that are not here yet.", ("region",), multiprocess_mode=_MODE
)
_SECONDS: Final = Gauge(
    "seawall_replication_lag_seconds",
    "For how long something of a region may be missing here; 0 while in step.",
    ("region",),
    multiprocess_mode=_MODE,
)
_FAILING: Final = Gauge(
    "seawall_replication_failing", "1 while a region cannot be followed.", ("region",), multiprocess_mode=_MODE
)
_BLOBS: Final = Gauge("seawall_replication_queue_blobs", "Blobs still to be copied here.", multiprocess_mode=_MODE)
_OCTETS: Final = Gauge(
    "seawall_replication_queue_bytes", "Octets of the blobs still to be copied here.", multiprocess_mode=_MODE
)
_WAITING: Final = Gauge(
    "seawall_replication_queue_seconds", "How long the oldest of them has been waiting.", multiprocess_mode=_MODE
)
_COPIED: Final = Counter("seawall_replication_copied_bytes", "Octets of blobs copied from other regions.")


class Lag:
    """Measures how a node stands."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: set[str] = set()

    async def measure(self) -> bool:
        """Take the numbers of now; say whether anything is behind."""
        facts = await self._database.read(node, self._database.region)
        regions = {peer["region"] for peer in facts["peers"]}
        for peer in facts["peers"]:
            _BEHIND.labels(peer["region"]).set(peer["behind"])
            _SECONDS.labels(peer["region"]).set(peer["seconds"])
            _FAILING.labels(peer["region"]).set(bool(peer["error"]))
        for gone in self._known - regions:
            # A number that nobody will change again must not ring a bell for ever.
            for gauge in (_BEHIND, _SECONDS, _FAILING):
                gauge.labels(gone).set(0)
        self._known = regions
        queue = facts["queue"]
        _BLOBS.set(queue["blobs"])
        _OCTETS.set(queue["octets"])
        _WAITING.set(queue["seconds"])
        return bool(queue["blobs"]) or any(peer["seconds"] or peer["behind"] for peer in facts["peers"])

    @staticmethod
    def copied(octets: int) -> None:
        """Count what was copied."""
        _COPIED.inc(octets)
