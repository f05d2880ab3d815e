"""Google Cloud: rules of a global network firewall policy, by exact name or by range. Pure.

A network lets everything out by default, so the rules here end in two that refuse the rest on their ports, for IPv4 and
IPv6. Rules are told by their priority alone; names, ranges and refusals each have a stretch of their own, so that a
rule changed in place never has both names and ranges, which would have to be met at once.

Source: Google, "Firewall policy rules", "FQDN objects" and the interface of networkFirewallPolicies.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import Ability, CannotExpressError, Target, Wildcard
from seawall.firewall.targets.grounds import address_grounds
from seawall.firewall.targets.hcl import Block, Code, write_blocks
from seawall.firewall.targets.words import comment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seawall.firewall.rules import RuleSet

__all__ = ["TARGETS", "PolicyRule", "policy_rules"]

MOST_RANGES: Final = 1000
"""Ranges in one rule. Google takes 5,000, but one argument of a command must stay below 128 KiB."""

_NAMES: Final = 10_000
_RANGES: Final = 11_000
_REFUSALS: Final = 12_000
"""Where the priorities of each kind begin."""

_MARK: Final = "seawall: "
"""How the descriptions of these rules begin; the script touches no others."""

_LONGEST_WHY: Final = 500
_PROGRAM: Final = "gcloud compute network-firewall-policies"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRule:
    """A rule of a policy.

    Attributes:
        priority: Its number; lower ones are looked at first.
        action: ``allow`` or ``deny``.
        why: What it is for.
        ports: TCP ports.
        names: Host names; none in a rule that has ranges.
        ranges: Address ranges, all of one family.
    """

    priority: int
    action: str
    why: str
    ports: tuple[int, ...]
    names: tuple[str, ...] = ()
    ranges: tuple[str, ...] = ()


def policy_rules(rules: RuleSet) -> list[PolicyRule]:
    """List the rules in order of their priorities.

    Raises:
        CannotExpressError: They are more than there are priorities for.
    """
    names = list(_by_name(rules))
    ranges = list(_by_range(rules))
    if len(names) > _RANGES - _NAMES or len(ranges) > _REFUSALS - _RANGES:
        raise CannotExpressError(
            "these are more than 1,000 rules; name the registry's regions (--region) to need fewer"
        )
    refused = [
        PolicyRule(
            priority=_REFUSALS + number,
            action="deny",
            why="nothing else on these ports",
            ports=rules.ports,
            ranges=(all_of,),
        )
        for number, all_of in enumerate(("0.0.0.0/0", "::/0"))
    ]
    return [*names, *ranges, *refused]


def _by_name(rules: RuleSet) -> Iterator[PolicyRule]:
    for number, rule in enumerate((one for one in rules.rules if one.names), _NAMES):
        yield PolicyRule(priority=number, action="allow", why=rule.flow.why, ports=(rule.flow.port,), names=rule.names)


def _by_range(rules: RuleSet) -> Iterator[PolicyRule]:
    priority = _RANGES
    for port in rules.ports:
        opened = rules.addresses(port)
        why = address_grounds(rules, port, _LONGEST_WHY)
        for spans in (opened.v4, opened.v6):
            prefixes = spans.cover()
            for start in range(0, len(prefixes), MOST_RANGES):
                some = tuple(prefixes[start : start + MOST_RANGES])
                yield PolicyRule(priority=priority, action="allow", why=why, ports=(port,), ranges=some)
                priority += 1


_HEAD: Final = f"""\
set -euo pipefail
policy=${{1:?"usage: $0 POLICY (a global network firewall policy that is there)"}}

# What is there now: priority, a tab, description.
there=$({_PROGRAM} describe "$policy" --global \\
  --flatten='rules[]' --format='value(rules.priority,rules.description)')

# Print how a priority is taken: not at all, by an earlier run, or by somebody else.
holder() {{
  local priority description
  while IFS=$'\\t' read -r priority description; do
    if [ "$priority" = "$1" ]; then
      case "$description" in '{_MARK}'*) echo earlier ;; *) echo other ;; esac
      return
    fi
  done <<<"$there"
  echo nobody
}}

put() {{
  local priority=$1 verb
  shift
  case $(holder "$priority") in
    nobody) verb=create ;;
    earlier) verb=update ;;
    *) echo "priority $priority of $policy has a rule that is not seawall's; move it first" >&2; exit 1 ;;
  esac
  {_PROGRAM} rules "$verb" "$priority" \\
    --firewall-policy="$policy" --global-firewall-policy --direction=EGRESS "$@" </dev/null
}}
"""
_REMOVE: Final = f"""
# What an earlier run left and is wanted no more.
while IFS=$'\\t' read -r priority description; do
  case "$description" in '{_MARK}'*) ;; *) continue ;; esac
  case "$wanted" in *" $priority "*) continue ;; esac
  {_PROGRAM} rules delete "$priority" --quiet \\
    --firewall-policy="$policy" --global-firewall-policy </dev/null
done <<<"$there"
"""


def render_gcloud(rules: RuleSet) -> str:
    """Write a shell script that puts the rules into a policy that is there."""
    every = policy_rules(rules)
    puts = "".join(map(_put, every))
    wanted = " ".join(str(rule.priority) for rule in every)
    return f"#!/bin/bash\n{comment(rules)}{_HEAD}{puts}\nwanted=' {wanted} '\n{_REMOVE}"


def _put(rule: PolicyRule) -> str:
    to = f"--dest-fqdns={','.join(rule.names)}" if rule.names else f"--dest-ip-ranges={','.join(rule.ranges)}"
    layers = ",".join(f"tcp:{port}" for port in rule.ports)
    options = (f"--action={rule.action}", f"--layer4-configs={layers}", to, f"--description={_MARK}{rule.why}")
    lines = " \\\n  ".join(shlex.quote(option) for option in options)
    return f"\nput {rule.priority} \\\n  {lines}\n"


def render_terraform(rules: RuleSet) -> str:
    """Write the rules for Terraform's provider google."""
    policy = Block(
        "variable",
        ("firewall_policy",),
        {
            "description": "The global network firewall policy that the rules are put into.",
            "type": Code("string"),
        },
    )
    return f"{comment(rules)}\n{write_blocks((policy, *map(_resource, policy_rules(rules))))}"


def _resource(rule: PolicyRule) -> Block:
    to: dict[str, Any] = {"dest_fqdns": rule.names} if rule.names else {"dest_ip_ranges": rule.ranges}
    layers = Block("layer4_configs", (), {"ip_protocol": "tcp", "ports": [str(port) for port in rule.ports]})
    return Block(
        "resource",
        ("google_compute_network_firewall_policy_rule", f"seawall_{rule.priority}"),
        {
            "firewall_policy": Code("var.firewall_policy"),
            "priority": rule.priority,
            "direction": "EGRESS",
            "action": rule.action,
            "description": f"{_MARK}{rule.why}",
            "match": Block("match", (), {**to, "layer4_configs": layers}),
        },
    )


_GCP: Final = Target(
    name="gcp",
    title="a Google Cloud network firewall policy",
    ability=Ability(
        ways=(Way.NAME, Way.IP),
        wildcard=Wildcard.NONE,
        most_names=1000,
        atomic="rule by rule; one that moves to another priority may be missing for a moment",
        caveats=(
            "Google looks names up now and then; a client whose own look-up gave other addresses is refused.",
            "At most 32 addresses of each family are opened for a name.",
            "A name that does not resolve is passed over in silence.",
            "Whoever shares an address with a name is let through, too.",
            "Refused on these ports are your own networks and Google's services too; allow those below priority 10000.",
        ),
        source="https://cloud.google.com/firewall/docs/fqdn-objects-overview",
    ),
    formats={"gcloud": render_gcloud, "terraform": render_terraform},
    suffix={"gcloud": ".sh", "terraform": ".tf"},
)

TARGETS: Final = {_GCP.name: _GCP}
"""By name."""
