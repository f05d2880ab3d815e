"""How replication stands: what is behind, what is on its way, what went wrong last."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from seawall.blobs.digest import parse_digest
from seawall.metadata import blobs, log, manifests, peers, regions, wants
from seawall.registry.document import read_document

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from seawall.blobs.contract import BlobStore
    from seawall.blobs.digest import Digest
    from seawall.metadata.manifests import Manifest
    from seawall.metadata.peers import Peer
    from seawall.metadata.repositories import Repository

__all__ = ["image", "lag_seconds", "node"]

_CONNECTED_MILLISECONDS: Final = 60_000
"""How long after its last answer a region counts as connected; it answers at least every half minute."""


def lag_seconds(peer: Peer, now: float) -> float:
    """Return for how long this node may lack something of a region: 0 while it has all and the region answers.

    Args:
        peer: The region as this node sees it.
        now: Seconds since 1970.
    """
    in_step = peer.cursor >= peer.head and now * 1000 - peer.heard < _CONNECTED_MILLISECONDS and not peer.error
    return 0.0 if in_step or not peer.applied else max(0.0, now - peer.applied / 1000)


def node(connection: Connection, region: str) -> dict[str, Any]:
    """Tell how a node stands, as it sees it itself.

    Returns:
        ``region``, ``peers`` (of each: how far behind in transactions and seconds, when last heard, the last error, and
        how far it is behind this node), ``queue`` (blobs and octets to copy, since when, the last error) and
        ``settled`` (whether everything known here was looked at for what to copy).
    """
    now = time.time()
    head = log.head(connection)
    queue = wants.queue(connection)
    known = {one.region: one for one in peers.list_all(connection)}
    mine = known.get(region) or peers.Peer(region)
    others = [one for one in regions.list_all(connection) if one.name != region]
    if regions.find(connection, region) is None:
        # It left, and knows of the others from before.
        others = []
    return {
        "region": region,
        "peers": [
            _peer(known.get(one.name) or peers.Peer(one.name), head, now, reachable=bool(one.url)) for one in others
        ],
        "settled": (mine.epoch, mine.cursor) == head,
        "queue": {
            "blobs": queue.blobs,
            "octets": queue.octets,
            "seconds": round(now - queue.since / 1000, 1) if queue.blobs else 0.0,
            "error": queue.error,
        },
    }


def image(connection: Connection, store: BlobStore, repository: Repository, reference: str) -> dict[str, Any]:
    """Tell what a node has of an image: its manifest, its children and their blobs.

    Returns:
        ``state`` (``present``, ``on its way`` or ``missing``), ``digest``, and of the blobs that are known: how many,
        how many are here, and how many octets are not.
    """
    first = _find(connection, repository, reference)
    if first is None:
        return {"state": "missing", "digest": "", "manifests": 0, "blobs": 0, "here": 0, "octets_to_come": 0}
    needed: dict[Digest, int | None] = {}
    seen: set[Digest] = set()
    absent = 0
    waiting: list[Digest] = [first.digest]
    while waiting:
        digest = waiting.pop()
        if digest in seen:
            continue
        seen.add(digest)
        found = manifests.by_digest(connection, repository, digest)
        if found is None:
            absent += 1
            continue
        document = read_document(found.body, found.media_type)
        needed |= {blob: blobs.size_in(connection, repository, blob) for blob in document.blobs}
        waiting += document.manifests
    here = [blob for blob, size in needed.items() if size is not None and store.size(blob) == size]
    to_come = sum(size or 0 for blob, size in needed.items() if blob not in set(here))
    whole = not absent and len(here) == len(needed)
    return {
        "state": "present" if whole else "on its way",
        "digest": first.digest,
        "manifests": len(seen) - absent,
        "blobs": len(needed),
        "here": len(here),
        "octets_to_come": to_come,
    }


def _find(connection: Connection, repository: Repository, reference: str) -> Manifest | None:
    if ":" in reference:
        return manifests.by_digest(connection, repository, parse_digest(reference))
    return manifests.by_tag(connection, repository, reference)


def _peer(peer: Peer, head: log.Head, now: float, *, reachable: bool) -> dict[str, Any]:
    followed = peer.followed if peer.followed_epoch == head.epoch else 0
    return {
        "region": peer.region,
        "reachable": reachable,
        "behind": max(0, peer.head - peer.cursor),
        "seconds": round(lag_seconds(peer, now), 1),
        "heard_seconds_ago": round(now - peer.heard / 1000, 1) if peer.heard else None,
        "error": peer.error,
        "it_is_behind": max(0, head.sequence - followed),
    }
