"""A second look at a host whose certificate does not hold: who is it, and what answers there?

Nothing is said over it but ``GET /v2/``, without any secret.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from seawall.check import tls
from seawall.check.addresses import authority
from seawall.check.cause import Cause
from seawall.check.http import Conversation, printable
from seawall.check.step import Fault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anyio.abc import ByteStream

    from seawall.check.http import Answer
    from seawall.check.journal import Spot
    from seawall.check.limits import Limits

__all__ = ["NETWORK_SIGN_IN", "clock_difference", "is_portal", "look"]

_SECONDS: Final = 3.0
_SKEW: Final = datetime.timedelta(minutes=5)
_CENTURY: Final = datetime.timedelta(days=36_525)
NETWORK_SIGN_IN: Final = 511  # RFC 6585 section 6


async def look(spot: Spot, doubt: tls.Mistrust, opener: Callable[[], Awaitable[ByteStream]], limits: Limits) -> Fault:
    """Find out more of a host whose certificate does not hold, and word what is wrong."""
    words = ("OpenSSL says", doubt.words)
    answer = None
    try:
        stream = await tls.handshake(await opener(), spot.host, tls.credulous(), _SECONDS)
    except (Fault, tls.Mistrust):
        return Fault(doubt.cause, doubt.words, words)
    certificate = tls.read_certificate(stream)
    evidence = (words, *(certificate.evidence() if certificate else ()))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_SECONDS):
            answer = await _asked(stream, spot, limits)
    if answer is not None:
        evidence = (*evidence, ("answers", answer.words()))
    if answer is not None and is_portal(answer):
        return Fault(Cause.CAPTIVE_PORTAL, "a page for people answers instead", *evidence)
    if doubt.cause is Cause.EXPIRED and certificate is not None:
        return _over(certificate, answer, evidence)
    who = f", by {certificate.issuer}" if certificate else ""
    if doubt.cause is Cause.WRONG_NAME and certificate is not None:
        names = ", ".join(certificate.names[:3]) or certificate.subject
        return Fault(doubt.cause, f"the certificate is for {names}{who}", *evidence)
    return Fault(doubt.cause, f"{doubt.words}{who}", *evidence)


def _over(certificate: tls.Certificate, answer: Answer | None, evidence: tuple[tuple[str, str], ...]) -> Fault:
    now = datetime.datetime.now(datetime.UTC)
    difference = clock_difference(answer, now)
    there = now + difference
    if abs(difference) > _SKEW and certificate.begins <= there <= certificate.ends:
        said = (
            f"it is {there:%Y-%m-%d %H:%M} UTC there and {now:%Y-%m-%d %H:%M} UTC here, so its certificate seems over"
        )
        return Fault(Cause.CLOCK, said, *evidence)
    if now < certificate.begins:
        return Fault(Cause.EXPIRED, f"valid only from {certificate.begins:%Y-%m-%d %H:%M} UTC on", *evidence)
    return Fault(Cause.EXPIRED, f"over since {certificate.ends:%Y-%m-%d %H:%M} UTC", *evidence)


async def _asked(stream: ByteStream, spot: Spot, limits: Limits) -> Answer | None:
    talk = Conversation(stream, authority(spot.host, spot.port), limits)
    try:
        return await talk.rest(await talk.begin("GET", "/v2/"), 4096)
    except Fault:
        return None
    finally:
        await talk.close()


def is_portal(answer: Answer) -> bool:
    """Say whether a network's sign-in or block page answers, or the way to one."""
    if answer.status == NETWORK_SIGN_IN:
        return True
    if answer.status in {301, 302, 303, 307, 308}:
        # Registries answer their first question, or ask who is there; they send nobody on.
        return answer.is_page or answer.headers.get("location", "").lower().startswith("http://")
    return answer.is_page and answer.status in {200, 401, 403}


def clock_difference(answer: Answer | None, now: datetime.datetime) -> datetime.timedelta:
    """Say how far a server's clock is ahead, as its answer tells (RFC 9110 section 6.6.1)."""
    try:
        there = parsedate_to_datetime(printable(answer.headers["date"])) if answer is not None else now
        ahead = there.replace(tzinfo=there.tzinfo or datetime.UTC) - now
    except (KeyError, ValueError, OverflowError):
        return datetime.timedelta()
    # A clock of another century is none.
    return ahead if abs(ahead) < _CENTURY else datetime.timedelta()
