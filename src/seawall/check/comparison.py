"""The way that was walked beside the rules that were planned: what is missing, and what nothing needed. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from seawall.check.report import Comparison
from seawall.check.step import Place
from seawall.firewall.need import NeedError, Purpose, flows
from seawall.firewall.plan import plan
from seawall.firewall.rules import Way
from seawall.naming import NamingError, Role
from seawall.servicetags.prefixes import parse_prefix
from seawall.servicetags.snapshot import TagMissingError
from seawall.topology import Replica
from seawall.wildcards import covers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from seawall.check.report import Met
    from seawall.firewall.need import Flow, Need
    from seawall.servicetags.prefixes import AddressSet
    from seawall.servicetags.snapshot import Snapshot

__all__ = ["compare", "flow_of", "learn"]

_MEETABLE: Final = frozenset((Purpose.LOGIN, Purpose.DATA, Purpose.BLOB, Purpose.MCR, Purpose.MCR_DATA))
"""What every pull could come to; the rest is needed now and then, or not at all."""


def flow_of(need: Need | None, host: str, port: int) -> Flow | None:
    """Return the planned flow that a host belongs to."""
    if need is None:
        return None
    return next((flow for flow in flows(need) if flow.port == port and covers(flow.host, host)), None)


def learn(need: Need | None, met: Sequence[Met]) -> Need | None:
    """Add to what is planned for what nobody said and the way showed: data endpoints that are on or coming."""
    if need is None or not need.registry or need.replicas:
        return need
    regions, coming = set(), False
    for one in met:
        try:
            host = need.cloud.parse(one.host)
        except NamingError:
            continue
        if host.role is Role.DATA and host.registry == need.registry:
            regions.add(host.region)
            coming |= one.place is Place.FUTURE
    if not regions:
        return need
    return replace(need, replicas=tuple(map(Replica, sorted(regions))), data_endpoints=not coming, switching=coming)


def compare(need: Need | None, met: Sequence[Met], snapshot: Snapshot | None, *, pulled: bool) -> Comparison:
    """Compare.

    Args:
        need: What rules are planned for; ``None`` where that is not known.
        met: Every host that was on the way.
        snapshot: A weekly file of the registry's cloud, to compare addresses as well.
        pulled: Whether a layer came, so that what was not met is not needed either.
    """
    if need is None:
        return Comparison()
    planned = flows(need)
    ours = [one for one in met if one.place is not Place.PROXY]
    missing = tuple(one.host for one in ours if flow_of(need, one.host, one.port) is None)
    surplus: tuple[Flow, ...] = ()
    if pulled:
        used = {flow_of(need, one.host, one.port) for one in ours}
        surplus = tuple(flow for flow in planned if flow not in used and flow.purpose in _MEETABLE)
    ranges = _ranges(need, snapshot)
    basis = f"{snapshot.cloud} {snapshot.change}" if snapshot and ranges else ""
    return Comparison(planned, missing, tuple(_outside(need, ours, ranges)), surplus, basis)


def _ranges(need: Need, snapshot: Snapshot | None) -> dict[Flow, AddressSet]:
    if snapshot is None or need.private_link:
        return {}
    try:
        return {rule.flow: rule.addresses for rule in plan(need, Way.IP, snapshot=snapshot).rules}
    except (NeedError, TagMissingError):
        # Rules by IP cannot be had for this; by name they can.
        return {}


def _outside(need: Need, met: Iterable[Met], ranges: dict[Flow, AddressSet]) -> Iterable[str]:
    for one in met:
        flow = flow_of(need, one.host, one.port)
        if flow is None or flow not in ranges or one.way != "direct":
            continue
        yield from (f"{one.host} {address}" for address in one.addresses if parse_prefix(address) not in ranges[flow])
