"""Seeing what happens: metrics and structured logs.

Logs are one JSON object a line on standard error, or a short line for people where that is a terminal. They hold paths,
never queries (that is where signatures are), never headers, never bodies; so no secret can get into them.
"""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING, Any, Final, Literal

import structlog
from prometheus_client import Counter, Histogram
from sqlalchemy.exc import DBAPIError

from seawall.naming import Role

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from starlette.types import Scope


__all__ = ["Observer"]

_REQUESTS: Final = Counter("seawall_requests", "Requests answered.", ("door", "method", "status"))
_SECONDS: Final = Histogram(
    "seawall_request_seconds",
    "Time from a request's head to the end of its answer, in seconds.",
    ("door",),
    buckets=(0.001, 0.005, 0.025, 0.1, 0.5, 2, 10, 60, 300),
)
_FAILURES: Final = Counter("seawall_failures", "Requests that failed for a reason of the server's own.")

# Labels must stay few, whatever clients send.
_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"))
_LONGEST_PATH: Final = 512
_READING: Final = frozenset(("GET", "HEAD"))


class Observer:
    """Counts and logs."""

    def __init__(self, logged: Literal["all", "changes", "none"]) -> None:
        self._logged = logged
        self._log = structlog.wrap_logger(
            structlog.WriteLogger(sys.stderr),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                _for_people if sys.stderr.isatty() else structlog.processors.JSONRenderer(),
            ],
            wrapper_class=structlog.BoundLogger,
        )
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._histograms: dict[str, Histogram] = {}

    def request(self, scope: Scope, role: Role | None, status: int, identifier: str, seconds: float) -> None:
        """Note that a request was answered."""
        door = role.value if role else "none"
        method = scope["method"] if scope["method"] in _METHODS else "other"
        counter = self._counters.get((door, method, status))
        if counter is None:
            counter = self._counters[door, method, status] = _REQUESTS.labels(door, method, status)
            self._histograms.setdefault(door, _SECONDS.labels(door))
        counter.inc()
        self._histograms[door].observe(seconds)
        # What regions' nodes ask of one another is no change by anybody, whatever its method.
        routine = _is_routine(method, status) or (role is Role.NODE and status < 400)
        if self._logged == "none" or (self._logged == "changes" and routine):
            return
        client = scope.get("client")
        self._log.info(
            "request",
            id=identifier,
            door=door,
            client=client[0] if client else None,
            method=method,
            path=scope["path"][:_LONGEST_PATH],
            status=status,
            milliseconds=round(seconds * 1000, 2),
        )

    def failure(self, error: Exception, identifier: str) -> None:
        """Note that something went wrong in the server."""
        _FAILURES.inc()
        where = traceback.extract_tb(error.__traceback__)
        self._log.error(
            "failure",
            id=identifier,
            error=f"{type(error).__module__}.{type(error).__qualname__}: {_words_of(error)}"[:2000],
            where=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in where[-8:]],
        )


def _words_of(error: Exception) -> str:
    # PostgreSQL's errors repeat the row they are about, secrets and all; the first line of them does not.
    diagnostics = getattr(error.orig, "diag", None) if isinstance(error, DBAPIError) else None
    return str(diagnostics.message_primary if diagnostics else error)


def _is_routine(method: str, status: int) -> bool:
    # Clients begin with a 401 to find out where to sign in, and ask with HEAD for what they are about to push.
    return method in _READING and (status < 400 or status == 401 or (method, status) == ("HEAD", 404))


def _for_people(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    time = event["timestamp"][11:19]
    if event["event"] == "request":
        return f"{time}  {event['status']}  {event['method']:6} {event['path']}  {event['milliseconds']} ms"
    return f"{time}  {event['event']}  {event['error']}\n  " + "\n  ".join(event["where"])
