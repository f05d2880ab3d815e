"""Whether a firewall could do with less: the narrowest way that it can express. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seawall.firewall.need import NeedError
from seawall.firewall.plan import plan
from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import CannotExpressError, check_fit
from seawall.firewall.targets.words import exposure

if TYPE_CHECKING:
    from seawall.firewall.need import Need
    from seawall.firewall.targets.contract import Target

__all__ = ["narrower"]


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
