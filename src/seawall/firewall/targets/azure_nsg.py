"""Azure network security groups: outbound rules by service tag or by range. Pure.

By default a group lets everything out to the Internet, so the rules here end in one that refuses the rest on their
ports. A service tag stands alone in its rule: lists hold ranges only, and those of one family.

``arm``, ``bicep`` and ``terraform`` write a whole group in one step; rules of one's own are handed in with it, or they
would be gone. ``az`` changes a group that is there, rule by rule.

Source: Microsoft, "Network security groups" and "Azure subscription limits".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from seawall.firewall.rules import Way
from seawall.firewall.targets.azure_names import rule_name
from seawall.firewall.targets.azure_template import Code, Parameter, Template, write_arm, write_bicep
from seawall.firewall.targets.contract import Ability, CannotExpressError, Target
from seawall.firewall.targets.grounds import address_grounds, tag_grounds
from seawall.firewall.targets.nsg_script import script
from seawall.firewall.targets.nsg_terraform import terraform
from seawall.firewall.targets.words import comment, reasons, summary
from seawall.servicetags.prefixes import V4

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seawall.firewall.rules import RuleSet

__all__ = ["TARGETS", "security_rules"]

MOST_RANGES: Final = 4000
"""Ranges in one rule."""

_FIRST: Final = 1000
_LAST: Final = 2000
"""Priorities: the first rule that allows, and the one that refuses; 100 to 999 are left to rules of one's own. With
no more than these a group stays within its 1,000 rules."""

_LONGEST_WHY: Final = 140
_VERSION: Final = "2024-05-01"


def security_rules(rules: RuleSet) -> list[dict[str, Any]]:
    """List the rules of a group as Azure's interface has them.

    Raises:
        CannotExpressError: They are more than a group holds.
    """
    allowed = list(_allowed(rules))
    if len(allowed) > _LAST - _FIRST - 1:
        raise CannotExpressError(
            f"a network security group holds 1,000 rules, and these are {len(allowed) + 1}. Name the registry's "
            "regions (--region) to need fewer, or write them --by tag"
        )
    refused = _rule(
        "seawall-deny-rest", "Nothing else on these ports", rules.ports, {"destinationAddressPrefix": "Internet"}
    )
    refused["properties"]["access"] = "Deny"
    for priority, rule in enumerate(allowed, _FIRST):
        rule["properties"]["priority"] = priority
    refused["properties"]["priority"] = _LAST
    return [*allowed, refused]


def _allowed(rules: RuleSet) -> Iterator[dict[str, Any]]:
    for port in rules.ports:
        for tag, why in tag_grounds(rules, port, _LONGEST_WHY).items():
            # In a list, and in another spelling, Azure refuses a tag.
            yield _rule(rule_name("seawall-allow", port, tag), why, (port,), {"destinationAddressPrefix": tag})
        opened = rules.addresses(port)
        why = address_grounds(rules, port, _LONGEST_WHY)
        for spans in (opened.v4, opened.v6):
            prefixes = spans.cover()
            for number, start in enumerate(range(0, len(prefixes), MOST_RANGES), 1):
                name = rule_name("seawall-allow", port, "ipv4" if spans.family == V4 else "ipv6", number)
                some = prefixes[start : start + MOST_RANGES]
                yield _rule(name, why, (port,), {"destinationAddressPrefixes": some})


def _rule(name: str, why: str, ports: tuple[int, ...], where: dict[str, Any]) -> dict[str, Any]:
    to = [str(port) for port in ports]
    return {
        "name": name,
        "properties": {
            "description": why,
            "priority": 0,
            "direction": "Outbound",
            "access": "Allow",
            "protocol": "Tcp",
            "sourceAddressPrefix": "*",
            "sourcePortRange": "*",
            **where,
            **({"destinationPortRange": to[0]} if len(to) == 1 else {"destinationPortRanges": to}),
        },
    }


def _template(rules: RuleSet) -> Template:
    name = Parameter(name="name", kind="string", why="The group; one of this name is replaced.", default="seawall")
    location = Parameter(
        name="location",
        kind="string",
        why="The Azure region it is in.",
        default=Code("resourceGroup().location", "resourceGroup().location"),
    )
    others = Parameter(
        name="otherRules",
        kind="array",
        why="Rules of your own to keep; their priorities are 100 to 999, or above 2000.",
        default=[],
    )
    return Template(
        parameters=(name, location, others),
        variables={"rules": security_rules(rules)},
        kind="Microsoft.Network/networkSecurityGroups",
        version=_VERSION,
        body={
            "name": name.code,
            "location": location.code,
            "properties": {
                "securityRules": Code(
                    "concat(variables('rules'), parameters('otherRules'))", "concat(rules, otherRules)"
                )
            },
        },
        words=(*summary(rules), *reasons(rules)),
    )


def render_arm(rules: RuleSet) -> str:
    """Write an ARM template of the group."""
    return write_arm(_template(rules))


def render_bicep(rules: RuleSet) -> str:
    """Write a Bicep file of the group."""
    return write_bicep(_template(rules), "group")


def render_terraform(rules: RuleSet) -> str:
    """Write the group for Terraform's provider azurerm."""
    return f"{comment(rules)}\n{terraform(security_rules(rules))}"


def render_az(rules: RuleSet) -> str:
    """Write a shell script that puts the rules into a group that is there."""
    return script(comment(rules), security_rules(rules))


_NSG: Final = Target(
    name="nsg",
    title="an Azure network security group",
    ability=Ability(
        ways=(Way.TAG, Way.IP),
        atomic="arm, bicep and terraform replace the group in one step; az goes rule by rule",
        checker="az deployment group validate --resource-group GROUP --template-file FILE",
        caveats=(
            "Knows no host names: a tag or a range lets through everybody's registries and storage there.",
            "arm, bicep and terraform replace the whole group; hand in rules of your own (otherRules, other_rules).",
            "az: while a rule moves to another priority, new connections to it are refused for a moment.",
            "What is refused is the Internet; private endpoints and peered networks are not.",
        ),
        source="https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview",
    ),
    formats={"arm": render_arm, "bicep": render_bicep, "terraform": render_terraform, "az": render_az},
    suffix={"arm": ".json", "bicep": ".bicep", "terraform": ".tf", "az": ".sh"},
)

TARGETS: Final = {_NSG.name: _NSG}
"""By name."""
