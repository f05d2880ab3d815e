"""Access lists of routers and switches, by ranges: Cisco IOS and NX-OS, Arista, Juniper. Pure.

Aerleon writes them; it has known the vendors' dialects for years. One list for each family, and one term for each port.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import Ability, Target
from seawall.firewall.targets.words import comment
from seawall.servicetags.prefixes import V4, V6

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seawall.firewall.rules import RuleSet

__all__ = ["TARGETS"]

_LISTS: Final = {V4: "seawall", V6: "seawall-v6"}
"""IOS has one name space for the lists of both families."""

_COMMENT: Final = "Written by seawall"
_KEYWORDS: Final = ("$Id:$", "$Date:$", "$Revision:$")


def _render(rules: RuleSet, *, platform: str, kinds: dict[int, str], mark: str) -> str:
    """Write the access lists of a vendor."""
    from aerleon import api  # noqa: PLC0415 - slow to import
    from aerleon.lib import naming  # noqa: PLC0415

    filters = list(_filters(rules, platform, kinds))
    policy: Any = {"filename": "seawall", "filters": filters}
    if not filters:
        return comment(rules, mark)
    definitions = naming.Naming()
    definitions.ParseDefinitionsObject(_definitions(rules), "")
    written = api.Generate([policy], definitions) or {}
    (text,) = written.values()
    # Placeholders of a version control that is not in use here.
    lines = [line.rstrip() for line in text.splitlines() if not any(one in line for one in _KEYWORDS)]
    return comment(rules, mark) + "\n".join(lines).rstrip("\n") + "\n"


def _filters(rules: RuleSet, platform: str, kinds: dict[int, str]) -> Iterator[dict[str, Any]]:
    for family, kind in kinds.items():
        terms = [
            {
                "name": f"registry-{port}",
                "destination-address": _token(port, family),
                "destination-port": f"TCP_{port}",
                "protocol": "tcp",
                "action": "accept",
            }
            for port in rules.ports
            if rules.addresses(port).family(family)
        ]
        if terms:
            yield {"header": {"targets": {platform: f"{_LISTS[family]} {kind}"}, "comment": _COMMENT}, "terms": terms}


def _definitions(rules: RuleSet) -> dict[str, Any]:
    networks = {
        _token(port, family): {"values": [{"address": prefix} for prefix in spans.cover()]}
        for port in rules.ports
        for family in (V4, V6)
        if (spans := rules.addresses(port).family(family))
    }
    services = {f"TCP_{port}": [{"protocol": "tcp", "port": str(port)}] for port in rules.ports}
    return {"networks": networks, "services": services}


def _token(port: int, family: int) -> str:
    return f"TO_{port}_V{4 if family == V4 else 6}"


_ENDS: Final = (
    "The lists end by refusing everything else, unsaid: add what else must pass, such as neighbour discovery for IPv6, "
    "before binding them to an interface."
)
_SPACE: Final = "Every range takes room in the hardware's tables; name the registry's regions to need less."


def _target(name: str, title: str, platform: str, inet: str, mark: str, atomic: str) -> Target:
    return Target(
        name=name,
        title=title,
        ability=Ability(
            ways=(Way.IP,),
            atomic=atomic,
            caveats=(_ENDS, _SPACE),
            source="https://aerleon.readthedocs.io/",
        ),
        formats={"acl": partial(_render, platform=platform, kinds={V4: inet, V6: "inet6"}, mark=mark)},
        suffix={"acl": ".acl"},
    )


_GAP: Final = "none: the list is removed and made anew, and an interface whose list is missing lets everything through"

TARGETS: Final = {
    one.name: one
    for one in (
        _target("ios", "Cisco IOS and IOS XE", "cisco", "extended", "! ", f"{_GAP}; use configure replace"),
        _target("nxos", "Cisco NX-OS", "cisconx", "extended", "! ", f"{_GAP}; use a configure session"),
        _target("arista", "Arista EOS", "arista", "extended", "! ", "one commit, in a configure session"),
        _target("juniper", "Juniper Junos", "juniper", "inet", "# ", "one commit (load replace)"),
    )
}
"""By name."""
