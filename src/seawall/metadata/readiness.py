"""Whether a registry's clients would survive the switch to dedicated data endpoints, as they last told.

A report counts for 30 days. It is judged against the regions the registry has when it is read: a region that came since
is one that nobody has tried.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, func, select

from seawall.metadata.clock import reading_at, seconds_of
from seawall.metadata.schema import READINESS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Row

    from seawall.metadata.rows import Writer
    from seawall.topology import Registry

__all__ = ["DAYS", "MOST_CLIENTS", "Answer", "Readiness", "Report", "fleet", "is_ready", "put", "recent", "summary"]

DAYS: Final = 30
"""How long a report counts."""

MOST_CLIENTS: Final = 1000
"""How many clients one user may report for."""

_SECONDS: Final = DAYS * 24 * 3600.0


class Readiness(StrEnum):
    """What a report comes to, in the order in which operators want to know."""

    BLOCKED = "blocked"
    UNKNOWN = "unknown"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client found at one dedicated data endpoint.

    Attributes:
        region: The replica's region.
        host: Where clients reach it, with the port where that is not 443.
        ready: Whether the client could; ``None`` where that could not be told.
        cause: What stood in the way, as :mod:`seawall.check.cause` names it; empty for nothing.
    """

    region: str
    host: str
    ready: bool | None
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a client reported last.

    Attributes:
        client: What it calls itself.
        user: Who it was signed in as.
        address: Where it came from, as the server saw it.
        reported: When, in seconds since 1970, by the server's clock.
        answers: What it found, by host, in the regions that the registry has now.
        untried: Those of these regions that it said nothing of.
    """

    client: str
    user: str
    address: str
    reported: float
    answers: tuple[Answer, ...]
    untried: tuple[str, ...]

    @property
    def verdict(self) -> Readiness:
        """What the report comes to."""
        found = [answer.ready for answer in self.answers]
        if False in found:
            return Readiness.BLOCKED
        return Readiness.UNKNOWN if None in found or self.untried else Readiness.READY

    def facts(self) -> dict[str, Any]:
        """Write the report for programs."""
        return {
            "client": self.client,
            "user": self.user,
            "address": self.address,
            "reported": datetime.fromtimestamp(self.reported, UTC).isoformat(timespec="seconds"),
            "verdict": self.verdict.value,
            "endpoints": [{"host": one.host, "ready": one.ready, "cause": one.cause} for one in self.answers],
            "untried": list(self.untried),
        }


def put(writer: Writer, registry: str, user: str, client: str, address: str, answers: Iterable[Answer]) -> bool:
    """Keep a client's report instead of its last one; say whether there was room for it."""
    connection = writer.connection
    # Removed, not marked: what is over is over in every region without being told, and it holds people's addresses.
    oldest = reading_at(seconds_of(writer.clock) - _SECONDS)
    connection.execute(delete(READINESS).where(READINESS.c.registry == registry, READINESS.c.clock < oldest))
    others = select(func.count()).where(
        READINESS.c.registry == registry,
        READINESS.c.principal == user,
        READINESS.c.client != client,
        READINESS.c.deleted.is_(False),
    )
    if connection.execute(others).scalar_one() >= MOST_CLIENTS:
        return False
    document = json.dumps([asdict(answer) for answer in sorted(answers, key=lambda answer: answer.host)])
    writer.put(READINESS, registry=registry, principal=user, client=client, address=address, document=document)
    return True


def recent(connection: Connection, registry: Registry, now: float, user: str | None = None) -> list[Report]:
    """List the reports that count, of everybody or of one user: the blocked first, then by name.

    Args:
        connection: The database.
        registry: Whose clients; its regions are those that matter.
        now: Seconds since 1970.
        user: Whose reports; everybody's if left out.
    """
    query = select(READINESS).where(
        READINESS.c.registry == registry.name,
        READINESS.c.clock >= reading_at(now - _SECONDS),
        READINESS.c.deleted.is_(False),
    )
    if user is not None:
        query = query.where(READINESS.c.principal == user)
    reports = [_read(row, [replica.region for replica in registry.replicas]) for row in connection.execute(query)]
    order = list(Readiness)
    return sorted(reports, key=lambda one: (order.index(one.verdict), one.client, one.user))


def is_ready(connection: Connection, registry: Registry, user: str, address: str) -> bool:
    """Say whether a client has told that it reaches every dedicated data endpoint, by who and where it is.

    However long ago that was: whoever reaches them is not sent back for having been silent since.
    """
    query = select(READINESS).where(
        READINESS.c.registry == registry.name,
        READINESS.c.principal == user,
        READINESS.c.address == address,
        READINESS.c.deleted.is_(False),
    )
    reports = [_read(row, [replica.region for replica in registry.replicas]) for row in connection.execute(query)]
    return bool(reports) and all(report.verdict is Readiness.READY for report in reports)


def summary(reports: Sequence[Report]) -> dict[str, int]:
    """Count reports by what they come to."""
    found = [report.verdict for report in reports]
    return {verdict.value: found.count(verdict) for verdict in Readiness}


def fleet(reports: Sequence[Report]) -> dict[str, Any]:
    """Write reports for programs."""
    return {"clients": [report.facts() for report in reports], "summary": summary(reports)}


def _read(row: Row[Any], regions: Sequence[str]) -> Report:
    told = [
        Answer(values["region"], values["host"], values["ready"], values.get("cause", ""))
        for values in json.loads(row.document)
    ]
    answers = tuple(answer for answer in told if answer.region in regions)
    tried = {answer.region for answer in answers}
    untried = tuple(region for region in regions if region not in tried)
    return Report(row.client, row.principal, row.address, seconds_of(row.clock), answers, untried)
