"""The rules for a firewall, and whether it could do with less: the narrowest way that it can express. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from seawall.firewall.need import NeedError
from seawall.firewall.plan import plan
from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import CannotExpressError, check_fit
from seawall.firewall.targets.words import exposure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seawall.firewall.need import Need
    from seawall.firewall.rules import RuleSet
    from seawall.firewall.targets.contract import Target
    from seawall.servicetags.prefixes import AddressSet
    from seawall.servicetags.snapshot import Snapshot

__all__ = ["advised", "narrower"]


def advised(
    need: Need,
    target: Target,
    way: Way,
    *,
    snapshot: Snapshot | None = None,
    resolved: Mapping[str, AddressSet] | None = None,
) -> RuleSet:
    """Work out the rules for a firewall, with a note where another way would open less.

    Args:
        need: What is needed.
        target: The firewall.
        way: What it is to recognise flows by.
        snapshot: The service-tag file of the registry's cloud.
        resolved: Addresses of single hosts.

    Raises:
        NeedError: The way does not exist for this, or something is missing for it.
        TagMissingError: The file has no tag for a region.
    """
    found = plan(need, way, snapshot=snapshot, resolved=resolved)
    advice = narrower(target, need, way)
    return replace(found, notes=(*found.notes, advice)) if advice else found


def narrower(target: Target, need: Need, way: Way) -> str:
    """Say which way would open less than the one that was chosen; nothing where there is none.

    Ranges and tags open the same addresses, so only names are ever narrower; and private link has nothing beside it.
    """
    if way not in {Way.IP, Way.TAG} or Way.NAME not in target.ability.ways:
        return ""
    try:
        rules = plan(need, Way.NAME)
        check_fit(target, rules)
    except (NeedError, CannotExpressError):
        return ""
    return f"{target.title} can take these rules --by name, which opens {exposure(rules.exposure)}."
