"""Telling the registry whether this client would survive the switch to dedicated data endpoints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from seawall.check.addresses import authority
from seawall.check.cause import Cause
from seawall.check.step import Found, Kind, Place, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from seawall.check.door import Door
    from seawall.check.step import Step

__all__ = ["readiness", "tell"]

_PATH = "/v2/_seawall/readiness"
_UNTOLD = frozenset((Cause.DNS, Cause.PROXY_FAILED, Cause.UNFINISHED))
"""Causes that leave open what the wall would do: without a name, it cannot be asked."""


def readiness(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Say of every data endpoint there will be whether it can be reached: yes, no, or not known (``None``)."""
    found: dict[str, dict[str, Any]] = {}
    for step in steps:
        if step.place is not Place.FUTURE:
            continue
        host = authority(step.host, step.port)
        row = found.setdefault(host, {"host": host, "ready": None, "cause": ""})
        if step.verdict is Verdict.FAILED and step.cause is not None:
            row.update(ready=None if step.cause in _UNTOLD else False, cause=step.cause.value)
        elif step.kind is Kind.ANSWER and not row["cause"]:
            row["ready"] = True
    return [found[host] for host in sorted(found)]


async def tell(door: Door, headers: Mapping[str, str], client: str, steps: Sequence[Step]) -> tuple[None, Found]:
    """Send a registry what was found; only Seawall's take it.

    Raises:
        Fault: It does not answer.
    """
    rows = readiness(steps)
    body = json.dumps({"client": client, "endpoints": rows}).encode()
    answer = await door.ask("PUT", _PATH, {**headers, "Content-Type": "application/json"}, body=body)
    if answer.status == 204:
        return None, Found(f"the registry knows of {len(rows)} data endpoints now how they are seen from {client}")
    return None, Found(
        f"the registry does not take the report ({answer.status})", (("answer", answer.words()),), Cause.UNREPORTED
    )
