"""Azure Firewall: a rule collection group of a policy, by name, service tag or range. Pure.

Names are application rules, which read the name in the TLS hello or the HTTP request; tags and ranges are network
rules, which come first whatever the priorities are. The firewall refuses what no rule allows, so none refuses here.

A wildcard must be ``*.x``: in ``*x`` the star stands for anything to the left, and lets ``evilx`` through.

Source: Microsoft, "Azure Firewall policy rule sets" and "Azure Firewall FAQ".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from seawall.firewall.need import HTTP
from seawall.firewall.rules import Way
from seawall.firewall.targets.azure_names import rule_name
from seawall.firewall.targets.azure_template import Code, Parameter, Template, write_arm, write_bicep
from seawall.firewall.targets.contract import Ability, Target, Wildcard
from seawall.firewall.targets.grounds import address_grounds, tag_grounds
from seawall.firewall.targets.hcl import Block, write_blocks
from seawall.firewall.targets.hcl import Code as HclCode
from seawall.firewall.targets.words import comment, reasons, summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seawall.firewall.rules import RuleSet

__all__ = ["TARGETS", "application_rules", "network_rules"]

_PRIORITY: Final = 500
_NETWORK_PRIORITY: Final = 100
_APPLICATION_PRIORITY: Final = 200
_LONGEST_WHY: Final = 500
_VERSION: Final = "2024-05-01"
_GROUP: Final = "seawall"
_POLICY_WHY: Final = "The firewall policy that the group is put into."
_SOURCES_WHY: Final = "Addresses of the clients."
_PRIORITY_WHY: Final = "When the group is looked at; 100 is first."


def application_rules(rules: RuleSet) -> list[dict[str, Any]]:
    """List the rules by name."""
    found: dict[str, dict[str, Any]] = {}
    for rule in rules.rules:
        port = rule.flow.port
        for host in rule.names:
            name = rule_name("allow", port, host)
            found[name] = {
                "name": name,
                "description": rule.flow.why,
                "protocols": [{"protocolType": "Http" if port == HTTP else "Https", "port": port}],
                "targetFqdns": [host],
            }
    return list(found.values())


def network_rules(rules: RuleSet) -> list[dict[str, Any]]:
    """List the rules by tag and by range."""
    return list(_network_rules(rules))


def _network_rules(rules: RuleSet) -> Iterator[dict[str, Any]]:
    for port in rules.ports:
        for tag, why in tag_grounds(rules, port, _LONGEST_WHY).items():
            yield _network_rule(rule_name("allow", port, tag), why, port, [tag])
        prefixes = rules.addresses(port).v4.cover()
        if prefixes:
            why = address_grounds(rules, port, _LONGEST_WHY)
            yield _network_rule(rule_name("allow", port, "ipv4"), why, port, prefixes)


def _network_rule(name: str, why: str, port: int, destinations: list[str]) -> dict[str, Any]:
    return {
        "name": name,
        "description": why,
        "ipProtocols": ["TCP"],
        "destinationAddresses": destinations,
        "destinationPorts": [str(port)],
    }


def _collection(kind: str, priority: int, rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not rules:
        return []
    return [
        {
            "ruleCollectionType": "FirewallPolicyFilterRuleCollection",
            "name": f"{_GROUP}-{kind.lower()}",
            "priority": priority,
            "action": {"type": "Allow"},
            "rules": [
                {
                    "ruleType": f"{kind}Rule",
                    **rule,
                    "sourceAddresses": Code("parameters('sourceAddresses')", "sourceAddresses"),
                }
                for rule in rules
            ],
        }
    ]


def _template(rules: RuleSet) -> Template:
    policy = Parameter(name="policyName", kind="string", why=_POLICY_WHY)
    priority = Parameter(name="priority", kind="int", why=_PRIORITY_WHY, default=_PRIORITY)
    sources = Parameter(name="sourceAddresses", kind="array", why=_SOURCES_WHY, default=["*"])
    return Template(
        parameters=(policy, priority, sources),
        kind="Microsoft.Network/firewallPolicies/ruleCollectionGroups",
        version=_VERSION,
        body={
            "name": Code(f"concat(parameters('policyName'), '/{_GROUP}')", f"'${{policyName}}/{_GROUP}'"),
            "properties": {
                "priority": priority.code,
                "ruleCollections": [
                    *_collection("Network", _NETWORK_PRIORITY, network_rules(rules)),
                    *_collection("Application", _APPLICATION_PRIORITY, application_rules(rules)),
                ],
            },
        },
        words=(*summary(rules), *reasons(rules)),
    )


def render_arm(rules: RuleSet) -> str:
    """Write an ARM template of the rule collection group."""
    return write_arm(_template(rules))


def render_bicep(rules: RuleSet) -> str:
    """Write a Bicep file of the rule collection group."""
    return write_bicep(_template(rules), "ruleCollectionGroup")


def render_terraform(rules: RuleSet) -> str:
    """Write the rule collection group for Terraform's provider azurerm."""
    body: dict[str, Any] = {
        "name": _GROUP,
        "firewall_policy_id": HclCode("var.firewall_policy_id"),
        "priority": HclCode("var.priority"),
    }
    for kind, priority, every in (
        ("network", _NETWORK_PRIORITY, network_rules(rules)),
        ("application", _APPLICATION_PRIORITY, application_rules(rules)),
    ):
        if every:
            head: dict[str, Any] = {"name": f"{_GROUP}-{kind}", "priority": priority, "action": "Allow"}
            body[kind] = Block(f"{kind}_rule_collection", (), head | {"rule": tuple(map(_terraform_rule, every))})
    variables: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
        ("firewall_policy_id", _POLICY_WHY, "string", {}),
        ("priority", _PRIORITY_WHY, "number", {"default": _PRIORITY}),
        ("source_addresses", _SOURCES_WHY, "list(string)", {"default": ["*"]}),
    )
    blocks = [
        Block("variable", (name,), {"description": why, "type": HclCode(kind), **default})
        for name, why, kind, default in variables
    ]
    group = Block("resource", ("azurerm_firewall_policy_rule_collection_group", _GROUP), body)
    return f"{comment(rules)}\n{write_blocks((*blocks, group))}"


def _terraform_rule(rule: dict[str, Any]) -> Block:
    body: dict[str, Any] = {
        "name": rule["name"],
        "description": rule["description"],
        "source_addresses": HclCode("var.source_addresses"),
    }
    if "targetFqdns" in rule:
        body["destination_fqdns"] = rule["targetFqdns"]
        body["protocols"] = tuple(
            Block("protocols", (), {"type": one["protocolType"], "port": one["port"]}) for one in rule["protocols"]
        )
    else:
        body["protocols"] = rule["ipProtocols"]
        body["destination_addresses"] = rule["destinationAddresses"]
        body["destination_ports"] = rule["destinationPorts"]
    return Block("rule", (), body)


_AZURE_FIREWALL: Final = Target(
    name="azure-firewall",
    title="Azure Firewall",
    ability=Ability(
        ways=(Way.NAME, Way.TAG, Way.IP),
        wildcard=Wildcard.LABELS,
        ipv6=False,
        most_ranges=20_000,
        atomic="the rule collection group is replaced in one step",
        checker="az deployment group validate --resource-group GROUP --template-file FILE",
        caveats=(
            "A wildcard stands for any number of labels: *.blob.core.windows.net covers a.b.blob.core.windows.net too.",
            "Network rules come before application rules, of all groups: a wider one elsewhere lets more through.",
            "Carries no IPv6.",
            "A registry's name has to resolve for the firewall itself, which looks it up anew.",
        ),
        source="https://learn.microsoft.com/azure/firewall/policy-rule-sets",
    ),
    formats={"arm": render_arm, "bicep": render_bicep, "terraform": render_terraform},
    suffix={"arm": ".json", "bicep": ".bicep", "terraform": ".tf"},
)

TARGETS: Final = {_AZURE_FIREWALL.name: _AZURE_FIREWALL}
"""By name."""
