"""Who would break if dedicated data endpoints were switched on, and who has not come since they were.

A client is known by where it comes from and who it is signed in as. What it can reach, it tells itself (a readiness
report); that it depends on shared storage, or was sent to a dedicated endpoint and never came, the doors have seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from seawall.metadata.readiness import Readiness
from seawall.naming import Role
from seawall.sightings import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from seawall.metadata.readiness import Report
    from seawall.metadata.sightings import Seen

__all__ = ["Client", "Standing", "clients", "last_shared"]

_SHARED: Final = Role.BLOB.value
_DEDICATED: Final = Role.DATA.value
_PATIENCE: Final = 60_000
"""How long after it was sent a client may take to come, in milliseconds."""


class Standing(StrEnum):
    """How a client stands, in the order in which operators want to know.

    Attributes:
        BLOCKED: It told that it cannot reach a dedicated data endpoint.
        STUCK: It was sent to one and has not come there.
        UNKNOWN: It reads from shared storage, and has told nothing.
        READY: It told that it can reach them, or has come there.
    """

    BLOCKED = "blocked"
    STUCK = "stuck"
    UNKNOWN = "unknown"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class Client:
    """A client that layers were read by, or that reported.

    Attributes:
        address: Where it comes from.
        user: Who it is signed in as.
        name: What it calls itself in its report; empty for none.
        standing: How it stands.
        hosts: The dedicated data endpoints that it told it cannot reach.
        shared: How often it came to shared storage.
        dedicated: How often it came to a dedicated data endpoint.
        last: When it was last seen or heard, in milliseconds since 1970.
    """

    address: str
    user: str
    name: str
    standing: Standing
    hosts: tuple[str, ...]
    shared: int
    dedicated: int
    last: int

    def facts(self) -> dict[str, Any]:
        """Write it for programs."""
        return {
            "address": self.address,
            "user": self.user,
            "client": self.name,
            "standing": self.standing.value,
            "open_first": list(self.hosts),
            "reads_from_shared_storage": self.shared,
            "reads_from_data_endpoints": self.dedicated,
            "last_seen": datetime.fromtimestamp(self.last / 1000, UTC).isoformat(timespec="seconds"),
        }


def clients(
    hosts: Sequence[str], sent: Iterable[Seen], came: Iterable[Seen], reports: Iterable[Report]
) -> list[Client]:
    """List the clients of a registry, those first who need something done.

    Args:
        hosts: The dedicated data endpoints of every region.
        sent: Who was sent for layers, and where to.
        came: Who came for them, and where to.
        reports: What clients told.
    """
    told: dict[tuple[str, str], list[Report]] = {}
    for report in reports:
        told.setdefault((report.address, report.user), []).append(report)
    was_sent, has_come = _by_client(sent), _by_client(came)
    found = [
        _client(hosts, key, was_sent.get(key, {}), has_come.get(key, {}), told.get(key, []))
        for key in told.keys() | was_sent.keys() | has_come.keys()
    ]
    order = list(Standing)
    return sorted(found, key=lambda one: (order.index(one.standing), -one.last, one.address, one.user))


def last_shared(came: Iterable[Seen]) -> int | None:
    """Return when somebody last came to shared storage (milliseconds since 1970), if that is known."""
    return max((one.last for one in came if one.sighting.door == _SHARED), default=None)


def _by_client(seen: Iterable[Seen]) -> dict[tuple[str, str], dict[str, Seen]]:
    found: dict[tuple[str, str], dict[str, Seen]] = {}
    for one in seen:
        if one.sighting.kind is not Kind.REFUSED:
            found.setdefault((one.sighting.address, one.sighting.subject), {})[one.sighting.door] = one
    return found


def _client(
    hosts: Sequence[str],
    key: tuple[str, str],
    sent: dict[str, Seen],
    came: dict[str, Seen],
    reports: Sequence[Report],
) -> Client:
    verdicts = [report.verdict for report in reports]
    blocked = {answer.host for report in reports for answer in report.answers if answer.ready is False}
    then, there = sent.get(_DEDICATED), came.get(_DEDICATED)
    stuck = then is not None and (there is None or there.last < then.last - _PATIENCE)
    if Readiness.BLOCKED in verdicts:
        standing = Standing.BLOCKED
    elif stuck:
        standing = Standing.STUCK
    elif there is not None or (verdicts and all(verdict is Readiness.READY for verdict in verdicts)):
        standing = Standing.READY
    else:
        standing = Standing.UNKNOWN
    heard = [int(report.reported * 1000) for report in reports]
    needs = {Standing.BLOCKED: sorted(blocked), Standing.READY: []}.get(standing, list(hosts))
    return Client(
        address=key[0],
        user=key[1],
        name=", ".join(sorted({report.client for report in reports})),
        standing=standing,
        hosts=tuple(needs),
        shared=came[_SHARED].times if _SHARED in came else 0,
        dedicated=there.times if there is not None else 0,
        last=max(heard + [one.last for one in (*sent.values(), *came.values())]),
    )
