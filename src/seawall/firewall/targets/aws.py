"""AWS Network Firewall by name, and managed prefix lists by range. Pure.

A domain list's ``.x`` covers ``x`` as well as all under it; so does ``dotprefix`` with ``.x`` in a Suricata rule, which
puts a dot before the name and compares its end. A name that is to be met exactly is bound at its start too.

Source: AWS, "Network Firewall: stateful domain list rule groups", "Suricata compatible rule strings" and "Managed
prefix lists".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from seawall.firewall.need import HTTP
from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import Ability, CannotExpressError, Target, Wildcard
from seawall.firewall.targets.grounds import address_grounds
from seawall.firewall.targets.suricata import suricata
from seawall.firewall.targets.words import reasons, summary
from seawall.servicetags.prefixes import V4

if TYPE_CHECKING:
    from seawall.firewall.rules import RuleSet

__all__ = ["TARGETS"]

MOST_ENTRIES: Final = 1000
"""Entries of one prefix list."""

SECURITY_GROUP: Final = 60
"""Rules of a security group, unless AWS was asked for more."""

_LONGEST_WHY: Final = 200
_LOGICAL: Final = {"TLS_SNI": "NamesTls", "HTTP_HOST": "NamesHttp"}
_CAPACITIES: Final = (100, 1000, 10_000, 30_000)
_PRIVATE: Final = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"


def render_domain_lists(rules: RuleSet) -> str:
    """Write a CloudFormation template of a domain list for TLS, and of one for HTTP where that is needed."""
    resources = {}
    # A list is for a protocol whatever the port, and refuses what is not in it: two for one would refuse each other's.
    for kind, ports in (
        ("TLS_SNI", [port for port in rules.ports if port != HTTP]),
        ("HTTP_HOST", [port for port in rules.ports if port == HTTP]),
    ):
        names = list(dict.fromkeys(name for port in ports for name in rules.names(port)))
        if names:
            resources[_LOGICAL[kind]] = _domain_list(rules, kind, names)
    parameters = {
        "HomeNet": {
            "Type": "CommaDelimitedList",
            "Default": _PRIVATE,
            "Description": "Addresses of the clients.",
        },
        "RuleOrder": {
            "Type": "String",
            "Default": "STRICT_ORDER",
            "AllowedValues": ["STRICT_ORDER", "DEFAULT_ACTION_ORDER"],
            "Description": "The order of the firewall policy that refers to the groups.",
        },
    }
    return _stack(rules, resources, parameters)


def _domain_list(rules: RuleSet, kind: str, names: list[str]) -> dict[str, Any]:
    # The capacity cannot be changed later, so it leaves room; one rule for each name and one that refuses the rest.
    capacity = next(one for one in _CAPACITIES if 2 * (len(names) + 1) <= one)
    return {
        "Type": "AWS::NetworkFirewall::RuleGroup",
        "Properties": {
            "RuleGroupName": {"Fn::Sub": f"${{AWS::StackName}}-{kind.replace('_', '-').lower()}"},
            "Description": rules.title,
            "Type": "STATEFUL",
            "Capacity": capacity,
            "RuleGroup": {
                "RuleVariables": {"IPSets": {"HOME_NET": {"Definition": {"Ref": "HomeNet"}}}},
                "RulesSource": {
                    "RulesSourceList": {
                        "GeneratedRulesType": "ALLOWLIST",
                        "TargetTypes": [kind],
                        "Targets": [name.removeprefix("*") for name in names],
                    }
                },
                "StatefulRuleOptions": {"RuleOrder": {"Ref": "RuleOrder"}},
            },
        },
    }


def render_prefix_lists(rules: RuleSet) -> str:
    """Write a CloudFormation template of a prefix list for each port and family.

    Raises:
        CannotExpressError: A list would have more entries than AWS allows.
    """
    resources = {}
    for port in rules.ports:
        opened = rules.addresses(port)
        for spans in (opened.v4, opened.v6):
            prefixes = spans.cover()
            if prefixes:
                family = "IPv4" if spans.family == V4 else "IPv6"
                why = address_grounds(rules, port, _LONGEST_WHY)
                resources[f"Port{port}{family}"] = _prefix_list(port, family, prefixes, why)
    return _stack(rules, resources, {}, _size_words(resources))


def _prefix_list(port: int, family: str, prefixes: list[str], why: str) -> dict[str, Any]:
    if len(prefixes) > MOST_ENTRIES:
        raise CannotExpressError(
            f"a prefix list holds {MOST_ENTRIES:,} entries, and there are {len(prefixes):,} {family} ranges. Name the "
            "registry's regions (--region) to need fewer, or use --to aws-network-firewall, which knows names"
        )
    return {
        "Type": "AWS::EC2::PrefixList",
        "Properties": {
            "PrefixListName": {"Fn::Sub": f"${{AWS::StackName}}-{port}-{family.lower()}"},
            "AddressFamily": family,
            # All of it counts against the rules of a security group, used or not; so it has no room to spare.
            "MaxEntries": len(prefixes),
            "Entries": [{"Cidr": prefix, "Description": f"TCP {port}"} for prefix in prefixes],
        },
        "Metadata": {"Reason": why},
    }


def _size_words(resources: dict[str, Any]) -> list[str]:
    sizes = {name: resource["Properties"]["MaxEntries"] for name, resource in resources.items()}
    total = sum(sizes.values())
    if total <= SECURITY_GROUP:
        return []
    return [
        f"These lists count as {total:,} rules; a security group holds {SECURITY_GROUP} unless AWS was asked for more."
    ]


def _stack(
    rules: RuleSet, resources: dict[str, Any], parameters: dict[str, Any], words: list[str] | None = None
) -> str:
    document = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": next(iter(summary(rules))),
        # JSON knows no comments.
        "Metadata": {"Seawall": [*summary(rules), *(words or []), *reasons(rules)]},
        **({"Parameters": parameters} if parameters else {}),
        "Resources": resources,
        "Outputs": {name: {"Value": {"Ref": name}} for name in resources},
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


_NETWORK_FIREWALL: Final = Target(
    name="aws-network-firewall",
    title="AWS Network Firewall",
    ability=Ability(
        ways=(Way.NAME,),
        wildcard=Wildcard.SUBTREE,
        most_names=10_000,
        atomic="a rule group is replaced in one step; traffic of before keeps its verdict",
        checker="aws cloudformation validate-template --template-body file://FILE",
        caveats=(
            "A wildcard covers the parent itself, too.",
            "cloudformation: a domain list looks at TLS or HTTP on any port, and refuses other names there.",
            "cloudformation: what is neither TLS nor HTTP gets the policy's default action; choose one that drops.",
            "suricata: for a rule group and a policy with strict order; the group's capacity cannot be raised later.",
            "What is read is the name in the TLS hello: clients must reach the servers directly.",
        ),
        source="https://docs.aws.amazon.com/network-firewall/latest/developerguide/stateful-rule-groups-domain-names.html",
    ),
    formats={"cloudformation": render_domain_lists, "suricata": suricata},
    suffix={"cloudformation": ".json", "suricata": ".rules"},
)

_PREFIX_LIST: Final = Target(
    name="aws-prefix-list",
    title="an AWS managed prefix list",
    ability=Ability(
        ways=(Way.IP,),
        atomic="a new version of each list, in one step",
        checker="aws cloudformation validate-template --template-body file://FILE",
        caveats=(
            "A list counts as MaxEntries rules against the 60 of a security group: one region fits, all do not.",
            "Only a list: refer to it in outbound rules of a security group for the port that its name says.",
            "A security group lets everything out until its outbound rule for 0.0.0.0/0 (and ::/0) is removed.",
            "A template of more than 51,200 bytes must be put into S3 first.",
        ),
        source="https://docs.aws.amazon.com/vpc/latest/userguide/managed-prefix-lists.html",
    ),
    formats={"cloudformation": render_prefix_lists},
    suffix={"cloudformation": ".json"},
)

TARGETS: Final = {_NETWORK_FIREWALL.name: _NETWORK_FIREWALL, _PREFIX_LIST.name: _PREFIX_LIST}
"""By name."""
