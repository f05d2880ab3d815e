"""Service tags of a wall, turned into the addresses they stand for this week. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from seawall.servicetags.prefixes import EVERYTHING, NOTHING, AddressSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seawall.firewall.audit.contract import Opening, Wall
    from seawall.servicetags.snapshot import Snapshot

__all__ = ["with_addresses"]

# What a network's own space is, the file cannot say; it is taken to be what is private everywhere.
_PRIVATE: Final = AddressSet.of(("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
_FIXED: Final = {
    "internet": EVERYTHING - _PRIVATE,
    "virtualnetwork": _PRIVATE,
    "azureloadbalancer": AddressSet.of(("168.63.129.16/32",)),
}
"""Tags that are in no weekly file."""


def with_addresses(wall: Wall, snapshot: Snapshot | None) -> Wall:
    """Return a wall whose openings have the addresses of their tags.

    A tag that is not in the file makes its opening uncertain: it may be any address.
    """
    if not any(opening.tags for opening in wall.openings):
        return wall
    spelled = {name.lower(): name for name in snapshot.tags} if snapshot else {}
    return replace(wall, openings=tuple(_filled(opening, spelled, snapshot) for opening in wall.openings))


def _filled(opening: Opening, spelled: Mapping[str, str], snapshot: Snapshot | None) -> Opening:
    if not opening.tags:
        return opening
    sets, missing = [opening.addresses], []
    for tag in opening.tags:
        found = _FIXED.get(tag.lower())
        if found is None and snapshot is not None and tag.lower() in spelled:
            found = snapshot.addresses(spelled[tag.lower()])
        sets.append(NOTHING if found is None else found)
        missing += [tag] if found is None else []
    if not missing:
        return replace(opening, addresses=AddressSet.union(sets))
    condition = f"service tag {', '.join(missing)}, which is not in the weekly file"
    return replace(opening, addresses=EVERYTHING, conditions=(*opening.conditions, condition))
