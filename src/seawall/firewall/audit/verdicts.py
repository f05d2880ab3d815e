"""The audit: every needed flow against all walls of a configuration. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from seawall.firewall.audit.contract import Action, Wall
from seawall.firewall.audit.marks import stale_names, stale_ranges, too_wide
from seawall.firewall.audit.passage import Passage, Verdict, pass_addresses, pass_name
from seawall.firewall.audit.tags import with_addresses
from seawall.firewall.need import Purpose, flows
from seawall.firewall.plan import plan, tag_names
from seawall.firewall.rules import Way
from seawall.servicetags.prefixes import NOTHING, AddressSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from seawall.firewall.audit.contract import Opening
    from seawall.firewall.need import Flow, Need
    from seawall.servicetags.snapshot import Snapshot

__all__ = ["Audit", "Finding", "audit_walls", "knows_addresses"]

_PRIVATE: Final = frozenset((Purpose.LOGIN, Purpose.REGIONAL, Purpose.DATA))
"""What a private endpoint stands in for: its addresses are in no weekly file."""

_WORST: Final = tuple(Verdict)

_NO_WALL: Final = Wall(
    name="the configuration",
    by=frozenset((Way.NAME,)),
    openings=(),
    default=Action.ALLOW,
    default_text="nothing in it filters what goes out",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What becomes of a flow.

    Attributes:
        flow: The flow.
        passage: How it fares, at the worst of the walls.
        wide: How much more than it the rules let through, in words; empty when that is little.
    """

    flow: Flow
    passage: Passage
    wide: str = ""


@dataclass(frozen=True, slots=True)
class Audit:
    """What is to say about a configuration.

    Attributes:
        findings: One for each flow.
        stale_ranges: Ranges that are let through and in no service tag that is asked for.
        stale_names: Names that are let through and no longer needed, each with the reason.
        remarks: What whoever wrote it should know.
    """

    findings: tuple[Finding, ...]
    stale_ranges: tuple[str, ...] = ()
    stale_names: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def passes(self) -> bool:
        """Say whether clients can work: all they cannot do without is let through.

        A flow nobody publishes the addresses of does not count, unless there is no other.
        """
        verdicts = [one.passage.verdict for one in self.findings if not one.flow.extra]
        return Verdict.ALLOWED in verdicts and {*verdicts} <= {Verdict.ALLOWED, Verdict.UNKNOWN}


def knows_addresses(walls: Iterable[Wall]) -> bool:
    """Say whether walls go by addresses, so that these have to be known."""
    return any(Way.IP in wall.by for wall in walls)


def audit_walls(
    need: Need,
    walls: Sequence[Wall],
    *,
    snapshot: Snapshot | None = None,
    resolved: Mapping[str, AddressSet] | None = None,
    client: AddressSet = NOTHING,
) -> Audit:
    """Judge every flow.

    Args:
        need: What is needed.
        walls: The walls; a flow must get through each. Without any, everything does.
        snapshot: The service-tag file; needed where walls go by addresses and these were not looked up.
        resolved: Addresses of single hosts.
        client: The clients' addresses; nothing when they are not known.

    Raises:
        NeedError: Addresses are needed and there are none.
        TagMissingError: The file has no tag for a region.
    """
    walls = walls or [_NO_WALL]
    published, around = _published(need, snapshot, resolved or {}) if knows_addresses(walls) else ({}, {})
    walls = [with_addresses(wall, snapshot) for wall in walls]
    findings = []
    used: list[Opening] = []
    for flow in flows(need):
        passages = [_through(wall, flow, published.get(flow), client) for wall in walls]
        # One narrow wall is enough.
        wide = [
            too_wide(flow, wall, one, around.get(flow.port, NOTHING))
            for wall, one in zip(walls, passages, strict=True)
            if one.verdict is not Verdict.BLOCKED
        ]
        findings.append(Finding(flow, _worst(passages), wide[0] if wide and all(wide) else ""))
        used += [rule for one in passages for rule in one.by if flow in published]
    used += [rule for wall in walls if wall.dedicated for rule in wall.openings]
    return Audit(
        tuple(findings),
        stale_ranges(used, AddressSet.union(around.values())),
        stale_names(walls, need),
        tuple(dict.fromkeys(remark for wall in walls for remark in wall.remarks)),
    )


def _published(
    need: Need, snapshot: Snapshot | None, resolved: Mapping[str, AddressSet]
) -> tuple[dict[Flow, AddressSet], dict[int, AddressSet]]:
    """Find the addresses of every flow that has any, and on each port all that its service tags have."""
    found = {rule.flow: rule.addresses for rule in plan(need, Way.IP, snapshot=snapshot, resolved=resolved).rules}
    if need.private_link:
        found = {flow: one for flow, one in found.items() if flow.purpose not in _PRIVATE or flow.host in resolved}
    around: defaultdict[int, AddressSet] = defaultdict(lambda: NOTHING)
    for flow, addresses in found.items():
        # Whoever opened a tag's IPv6 ranges too has opened what the tag says, though IPv4 would do.
        tags = tag_names(flow, need, snapshot) if snapshot else ()
        around[flow.port] |= AddressSet.union((addresses, *(snapshot.addresses(tag) for tag in tags if snapshot)))
    return found, around


def _through(wall: Wall, flow: Flow, addresses: AddressSet | None, client: AddressSet) -> Passage:
    """Judge a flow at a wall, by whatever that goes by: one of two ways through is enough."""
    by_name = pass_name(wall, flow.host, flow.port, client) if Way.NAME in wall.by else None
    if Way.IP not in wall.by:
        return by_name or Passage(Verdict.UNKNOWN)
    by_address = pass_addresses(wall, flow.port, addresses, client)
    if by_name is None:
        return by_address
    return min(by_name, by_address, key=lambda one: _WORST.index(one.verdict))


def _worst(passages: list[Passage]) -> Passage:
    worst = max(passages, key=lambda one: _WORST.index(one.verdict))
    missing = AddressSet.union(one.missing for one in passages)
    why = "; ".join(dict.fromkeys(one.why for one in passages if one.why))
    by = tuple(dict.fromkeys(rule for one in passages for rule in one.by))
    default = "; ".join(dict.fromkeys(one.default for one in passages if one.default))
    if worst.verdict is Verdict.BLOCKED:
        return replace(worst, why=why, missing=missing)
    return replace(worst, by=by, default=default, why=why, missing=missing)
