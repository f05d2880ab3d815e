"""The other hosts of a registry: those that a registry names itself, and those that its plan does."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from seawall.check.addresses import is_host
from seawall.check.cause import Cause
from seawall.check.challenge import challenge
from seawall.check.journal import Spot
from seawall.check.refusal import refusal
from seawall.check.step import Fault, Found, Place
from seawall.firewall.need import Purpose, flows
from seawall.naming import NamingError, check_region

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seawall.check.door import Door
    from seawall.firewall.need import Need

__all__ = ["after_switch", "answers", "named", "planned"]

_PATH = "/v2/_seawall/endpoints"
_MOST = 64
"""Endpoints that a registry may name; there are as many as regions."""
_MISDIRECTED = 421  # RFC 9110 section 15.5.20

_PLACES = {
    Purpose.DATA: Place.REPLICA,
    Purpose.BLOB: Place.REPLICA,
    Purpose.REGIONAL: Place.REGIONAL,
    Purpose.SIGN_IN: Place.SIGN_IN,
    Purpose.REVOCATION: Place.REVOCATION,
}


def planned(need: Need) -> Iterator[Spot]:
    """List the hosts beside the login server that the plan names exactly."""
    for flow in flows(need):
        if flow.purpose in _PLACES and not flow.is_pattern:
            future = need.switching and flow.purpose is Purpose.DATA
            yield Spot(flow.host, flow.port, Place.FUTURE if future else _PLACES[flow.purpose])


def after_switch(need: Need, named: Mapping[str, Spot]) -> Iterator[Spot]:
    """List the data endpoints that there will be once dedicated ones are switched on.

    Args:
        need: The registry.
        named: The data endpoints that it names now, by region.
    """
    for region, spot in sorted(named.items()):
        yield Spot(need.cloud.data(need.registry, region), spot.port, Place.FUTURE)


async def named(door: Door, headers: Mapping[str, str]) -> tuple[dict[str, Spot], Found]:
    """Ask a registry for its data endpoints by region; Seawall's tell, others have no such list.

    Raises:
        Fault: It answers nothing at all.
    """
    answer = await door.ask("GET", _PATH, headers)
    rows = answer.document().get("dataEndpoints") if answer.status == 200 else None
    found: dict[str, Spot] = {}
    for row in rows[:_MOST] if isinstance(rows, list) else ():
        region, authority = (row.get("region"), row.get("endpoint")) if isinstance(row, dict) else (None, None)
        if isinstance(region, str) and isinstance(authority, str) and (spot := _spot(authority)) is not None:
            with contextlib.suppress(NamingError):
                found[check_region(region)] = spot
    if not found:
        return {}, Found("the registry does not list its data endpoints")
    hosts = tuple((region, f"{spot.host}:{spot.port}") for region, spot in sorted(found.items()))
    return found, Found(f"data endpoints in {', '.join(sorted(found))}", hosts)


def _spot(authority: str) -> Spot | None:
    host, _, port = authority.partition(":")
    number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else 443 if not port else 0
    good = is_host(host.lower()) and 0 < number < 1 << 16
    return Spot(host.lower(), number, Place.REPLICA) if good else None


async def answers(door: Door) -> tuple[None, Found]:
    """Ask a host something that needs no rights, to see that what answers is what should.

    Raises:
        Fault: It is something else.
    """
    if door.spot.place is Place.REGIONAL:
        _, found = await challenge(door, known=True)
        return None, found
    answer = await door.ask("GET", "/")
    if answer.status == _MISDIRECTED:
        raise Fault(Cause.NOT_A_REGISTRY, "another server answers there (421)", ("answer", answer.words()))
    if answer.status == 429 or answer.status >= 500:
        raise refusal(answer, "a question", known=True)
    # Without a link there is nothing to see; that it says so over the right certificate is what was asked.
    return None, Found(f"answers ({answer.status})", (("answer", answer.words()),))
