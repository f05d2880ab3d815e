"""One step of a check, and what it found. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from seawall.check.cause import Cause

__all__ = ["Evidence", "Fault", "Found", "Kind", "Place", "Step", "Verdict"]


Evidence = tuple[tuple[str, str], ...]
"""Details, each a name and a value, in the order in which they are told."""


class Kind(StrEnum):
    """What a step looks at, in the order in which a pull comes to it."""

    DNS = "dns"
    TCP = "tcp"
    PROXY = "proxy"
    TLS = "tls"
    CHALLENGE = "challenge"
    TOKEN = "token"  # noqa: S105 - no password
    ENDPOINTS = "endpoints"
    MANIFEST = "manifest"
    REDIRECT = "redirect"
    BLOB = "blob"
    UPLOAD = "upload"
    ANSWER = "answer"
    REPORT = "report"
    CLOCK = "clock"
    THROTTLE = "throttle"


class Verdict(StrEnum):
    """How a step ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


class Place(StrEnum):
    """What a host is to the client, in the order in which a pull meets them."""

    PROXY = "proxy"
    LOGIN = "login server"
    TOKEN = "token server"  # noqa: S105 - no password
    DATA = "data endpoint"
    REPLICA = "data endpoint of another region"
    REGIONAL = "regional login server"
    FUTURE = "data endpoint after the switch"
    SIGN_IN = "sign-in service"
    REVOCATION = "revocation list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one step found at one host.

    Attributes:
        kind: What was looked at.
        host: Where; a host name, or an address.
        port: TCP port.
        place: What the host is to the client.
        verdict: How it ended.
        said: What was found, in a few words; no secrets, no control characters.
        evidence: Details.
        seconds: How long it took.
        cause: Why it failed, or what the warning is about.
    """

    kind: Kind
    host: str
    port: int
    place: Place
    verdict: Verdict
    said: str
    evidence: Evidence = ()
    seconds: float = 0.0
    cause: Cause | None = None


class Found(NamedTuple):
    """What a step has to say that ended well, or well enough.

    Attributes:
        said: What was found.
        evidence: Details.
        cause: What to warn of; ``None`` when all is well.
    """

    said: str
    evidence: Evidence = ()
    cause: Cause | None = None


class Fault(Exception):  # noqa: N818 - what was found, not a mistake of the program
    """A step failed, and what comes after it cannot be tried.

    Attributes:
        noted: Whether the journal has it; a fault passes through several hands, and is told once.
    """

    def __init__(self, cause: Cause, said: str, *evidence: tuple[str, str]) -> None:
        super().__init__(said)
        self.cause = cause
        self.said = said
        self.evidence = evidence
        self.noted = False
