"""Azure network security groups: an ARM template, or what ``az network nsg show`` prints. Pure.

Rules count by their priority, the lowest first; behind them are the three that every group has.

Source: Microsoft, "Network security groups"; ARM reference of Microsoft.Network/networkSecurityGroups.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from seawall.firewall.audit.contract import ALL_PORTS, Action, AuditError, Opening, Wall, ports_of
from seawall.firewall.audit.ipsets import parse_range
from seawall.firewall.rules import Way
from seawall.servicetags.prefixes import EVERYTHING, NOTHING, AddressSet, PrefixError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seawall.servicetags.prefixes import Spans

__all__ = ["read_nsg"]

_ACTIONS: Final = {"allow": Action.ALLOW, "deny": Action.DENY}
_ANY: Final = frozenset(("*", "any"))
_GROUPS: Final = ("destinationApplicationSecurityGroups", "sourceApplicationSecurityGroups")
_REFERENCE: Final = re.compile(r"(variables|parameters)\('([^']+)'\)")
_DEFAULTS: Final = (
    ("AllowVnetOutBound", 65000, "Allow", "VirtualNetwork"),
    ("AllowInternetOutBound", 65001, "Allow", "Internet"),
    ("DenyAllOutBound", 65500, "Deny", "*"),
)


def read_nsg(text: str) -> tuple[Wall, ...]:
    """Read a group; a file with several is several walls.

    Raises:
        AuditError: There is no group in it, or a rule that is none.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AuditError(f"this is not JSON: {error}") from None
    groups = list(_groups(document))
    if not groups:
        raise AuditError("there are no securityRules in it; this is no network security group")
    return tuple(_wall(group, document, number) for number, group in enumerate(groups, 1))


def _groups(value: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Find whatever has rules, wherever it is."""
    if isinstance(value, dict):
        if "securityRules" in value:
            yield value
            return
        for inner in value.values():
            yield from _groups(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _groups(inner)


def _wall(group: dict[str, Any], document: Any, number: int) -> Wall:  # noqa: ANN401 - JSON
    remarks: list[str] = []
    rules = [
        *_rules(group["securityRules"], document, remarks),
        *_rules(group.get("defaultSecurityRules"), document, []),
    ]
    named = {str(rule.get("name")) for rule in rules}
    rules += [_default(*one) for one in _DEFAULTS if one[0] not in named]
    flat = [{**rule, **_properties(rule)} for rule in rules]
    outbound = [rule for rule in flat if str(rule.get("direction")).lower() == "outbound"]
    openings = [one for rule in sorted(outbound, key=_priority) if (one := _opening(rule)) is not None]
    name = group.get("name")
    return Wall(
        name=name if isinstance(name, str) else f"network security group {number}",
        by=frozenset((Way.IP,)),
        openings=tuple(openings),
        default=Action.DENY,
        default_text="DenyAllOutBound",
        remarks=tuple(remarks),
    )


def _rules(value: Any, document: Any, remarks: list[str]) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    """List rules, those that a template's expression takes from variables and parameters too."""
    if isinstance(value, str):
        found = []
        for kind, name in _REFERENCE.findall(value):
            held = document.get(kind, {}).get(name) if isinstance(document, dict) else None
            listed = held.get("defaultValue") if kind == "parameters" and isinstance(held, dict) else held
            if kind == "parameters":
                remarks.append(f"rules handed in as the parameter {name} are not in the file")
            found += _rules(listed, document, remarks)
        return found
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise AuditError("securityRules: this is no list of rules")
    return value


def _properties(rule: dict[str, Any]) -> dict[str, Any]:
    inner = rule.get("properties") or {}
    if not isinstance(inner, dict):
        raise AuditError(f"rule {rule.get('name')}: properties: this is no object")
    return inner


def _default(name: str, priority: int, access: str, destination: str) -> dict[str, Any]:
    return {
        "name": name,
        "priority": priority,
        "access": access,
        "direction": "Outbound",
        "protocol": "*",
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": destination,
        "destinationPortRange": "*",
    }


def _priority(rule: dict[str, Any]) -> int:
    priority = rule.get("priority")
    if not isinstance(priority, int):
        raise AuditError(f"rule {rule.get('name')}: priority: {priority!r} is no number")
    return priority


def _opening(rule: dict[str, Any]) -> Opening | None:
    where = f"rule {rule.get('name')} (priority {rule['priority']})"
    access, protocol = str(rule.get("access")), str(rule.get("protocol", "*"))
    if access.lower() not in _ACTIONS:
        raise AuditError(f"{where}: access: {access!r} is neither Allow nor Deny")
    if protocol.lower() not in {"tcp", *_ANY}:
        return None
    targets, ports = _both(rule, "destinationAddressPrefix"), _both(rule, "destinationPortRange")
    sources = _both(rule, "sourceAddressPrefix")
    addresses, tags = _addresses(targets, where)
    conditions = [f"{key} {json.dumps(rule[key])}" for key in _GROUPS if rule.get(key)]
    if not _ANY.issuperset(map(str.lower, _both(rule, "sourcePortRange") or ["*"])):
        conditions.append(f"sourcePortRange {', '.join(_both(rule, 'sourcePortRange'))}")
    clients, client_tags = _addresses(sources, where)
    # Whoever is asked about is in the network.
    if not sources or "virtualnetwork" in (one.lower() for one in client_tags):
        clients = EVERYTHING
    elif client_tags:
        conditions.append(f"source {', '.join(client_tags)}")
        clients = EVERYTHING
    some = ", ".join(targets[:3]) + (f" and {len(targets) - 3} more" if len(targets) > 3 else "")
    return Opening(
        action=_ACTIONS[access.lower()],
        addresses=addresses,
        tags=tags,
        ports=_ports(ports, where),
        sources=clients,
        conditions=tuple(conditions),
        where=where,
        text=f"{access} {protocol} to {some} port {', '.join(ports)}",
    )


def _both(rule: dict[str, Any], key: str) -> list[str]:
    """Read a field that there is for one value and, with another ending, for a list."""
    several = rule.get(f"{key}es" if key.endswith("Prefix") else f"{key}s") or []
    one = rule.get(key)
    values = [*(several if isinstance(several, list) else [several]), *([one] if one else [])]
    return [str(value) for value in values]


def _addresses(values: list[str], where: str) -> tuple[AddressSet, tuple[str, ...]]:
    ranges, tags = [], []
    for value in values:
        if value.lower() in _ANY:
            return EVERYTHING, ()
        if ":" in value or value[:1].isdigit():
            try:
                ranges.append(parse_range(value))
            except PrefixError as error:
                raise AuditError(f"{where}: {error}") from None
        else:
            tags.append(value)
    return AddressSet.union(ranges) if ranges else NOTHING, tuple(tags)


def _ports(values: list[str], where: str) -> Spans:
    if not _ANY.isdisjoint(values):
        return ALL_PORTS
    try:
        return ports_of(map(_pair, values))
    except ValueError as error:
        raise AuditError(f"{where}: {error}") from None


def _pair(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    try:
        return int(low), int(high or low)
    except ValueError:
        raise ValueError(f"{text!r} is no port or range of ports") from None
