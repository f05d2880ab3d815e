"""The first question: is this a registry, and who may come in?

Source: OCI distribution specification, "Determining Support"; distribution, "Token Authentication Specification".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from seawall.check.cause import Cause
from seawall.check.http import printable
from seawall.check.refusal import refusal
from seawall.check.step import Fault, Found

if TYPE_CHECKING:
    from seawall.check.door import Door
    from seawall.check.http import Answer

__all__ = ["Challenge", "challenge"]

_PAIR: Final = re.compile(r'([a-z_]{1,20})="([^"]{0,2000})"', re.IGNORECASE)


class Challenge(NamedTuple):
    """How to sign in.

    Attributes:
        scheme: ``bearer`` for tokens, ``basic`` for a user name and password with each request, empty for nothing.
        realm: Where tokens are handed out.
        service: Whom they are for.
    """

    scheme: str = ""
    realm: str = ""
    service: str = ""


async def challenge(door: Door, *, known: bool) -> tuple[tuple[Challenge, Answer], Found]:
    """Ask a registry whether it is one.

    Args:
        door: Its login server.
        known: Whether it is one for certain, so that a page there is somebody else's.

    Raises:
        Fault: It is none, or lets nobody from here in.
    """
    answer = await door.ask("GET", "/v2/")
    if answer.status == 401:
        return _read(answer)
    if answer.status == 200 and not answer.is_page:
        if "docker-distribution-api-version" in answer.headers or answer.body.strip() in {b"", b"{}"}:
            return (Challenge(), answer), Found("a registry that lets anybody in", (("answer", answer.words()),))
        raise Fault(Cause.NOT_A_REGISTRY, "something answers, but no registry", ("answer", answer.words()))
    fault = refusal(answer, "the first question", known=known)
    if fault.cause is Cause.NO_IMAGE:
        raise Fault(Cause.NOT_A_REGISTRY, "there is no registry behind this name", *fault.evidence)
    raise fault


def _read(answer: Answer) -> tuple[tuple[Challenge, Answer], Found]:
    header = answer.headers.get("www-authenticate", "")
    scheme, _, rest = header.partition(" ")
    values = {name.lower(): value for name, value in _PAIR.findall(rest)}
    found = Challenge(scheme.lower(), values.get("realm", ""), values.get("service", ""))
    evidence = (("answer", answer.words()), ("challenge", printable(header)))
    if found.scheme == "basic":
        return (found, answer), Found("a registry that wants a user name and password", evidence)
    if found.scheme == "bearer" and found.realm:
        return (found, answer), Found("a registry that wants a token", evidence)
    raise Fault(Cause.NOT_A_REGISTRY, "wants a sign-in that no registry asks for", *evidence)
