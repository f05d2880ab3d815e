"""What it means when a registry does not answer as hoped. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from seawall.check.cause import Cause
from seawall.check.http import printable
from seawall.check.step import Fault
from seawall.check.suspicion import NETWORK_SIGN_IN, is_portal

if TYPE_CHECKING:
    from seawall.check.http import Answer

__all__ = ["refusal"]

# Azure's words, and Seawall's: "client with IP '203.0.113.7' is not allowed access".
_NETWORK_RULE: Final = re.compile(r"client with ip\W{1,3}([\da-f.:]{2,45})", re.IGNORECASE)


def refusal(answer: Answer, what: str, *, signed_in: bool = False, known: bool = False) -> Fault:
    """Word what an answer means.

    Args:
        answer: Not the one that was hoped for.
        what: What was asked for, such as ``the manifest``.
        signed_in: Whether credentials were sent.
        known: Whether this is a registry for certain.
    """
    evidence = [("answer", answer.words())]
    evidence += [
        (name, printable(answer.headers[name])) for name in ("server", "via", "retry-after") if name in answer.headers
    ]
    code, message = answer.error()
    rule = _NETWORK_RULE.search(message)
    if answer.status == 403 and rule:
        said = f"the registry's own network rules refuse this client's address, {rule[1].rstrip('.:')}"
        return Fault(Cause.NETWORK_RULE, said, *evidence)
    if is_portal(answer):
        cause = Cause.CAPTIVE_PORTAL if known or answer.status == NETWORK_SIGN_IN else Cause.NOT_A_REGISTRY
        return Fault(cause, f"a page for people answers instead of {what}", *evidence)
    match answer.status:
        case 401:
            who = "these credentials are not enough" if signed_in else "somebody has to sign in"
            return Fault(Cause.SIGN_IN, f"{what}: {who}", *evidence)
        case 403:
            return Fault(Cause.FORBIDDEN, f"{what}: {message or 'refused'}", *evidence)
        case 404 if code or known:
            return Fault(Cause.NO_IMAGE, f"{what} is not there", *evidence)
        case 429:
            after = answer.headers.get("retry-after", "")
            counted = after.isascii() and after.isdigit() and len(after) < 7
            said = f"too many requests{f'; again in {after} seconds' if counted else ''}"
            return Fault(Cause.THROTTLED, said, *evidence)
        case status if status >= 500:
            return Fault(Cause.UNAVAILABLE, f"{what}: the registry answers {status}", *evidence)
    return Fault(Cause.NOT_A_REGISTRY, f"no registry answers {what} with {answer.status}", *evidence)
