"""Palo Alto Networks: commands for PAN-OS, and lists that it fetches by itself. Pure.

Entries of URL lists end with ``/``. Without it, and with "Append Ending Token" off, as it was by default up to PAN-OS
10.1, an entry goes on to the right: ``azurecr.io`` would let ``azurecr.io.evil.xyz`` through.

FQDN objects know no wildcards, so these become a URL category, in a rule of their own: destination and category of one
rule must both match.

The command line of PAN-OS has no comments; descriptions carry the reasons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.firewall.need import HTTP, HTTPS
from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import Ability, CannotExpressError, Target, Wildcard
from seawall.firewall.targets.feeds import address_feed, check_one_port
from seawall.firewall.targets.objects import object_name, plain, split_names, why

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seawall.firewall.rules import RuleSet

__all__ = ["TARGETS"]

_NAME: Final = 63
_DESCRIPTION: Final = 255
_MEMBERS: Final = 2_500
"""The most objects in an address group."""


def render_set(rules: RuleSet) -> str:
    """Write commands for the configuration mode: objects, groups, and a rule for each port.

    Raises:
        CannotExpressError: There are more objects than fit into a group.
    """
    lines = list(_clean(rules))
    for port in rules.ports:
        exact, patterns = split_names(rules, port)
        ranges = rules.addresses(port).cidrs
        if len(exact) + len(ranges) > _MEMBERS:
            raise CannotExpressError(
                f"a PAN-OS address group holds {_MEMBERS} objects, and these are {len(exact) + len(ranges)}; have the "
                "firewall fetch a list instead: paloalto:edl-ip"
            )
        lines.append(f"set service seawall-tcp-{port} protocol tcp port {port}")
        lines += _objects(rules, port, exact, ranges)
        if exact or ranges:
            lines += _rule(f"seawall-{port}", port, f"destination seawall-{port}", why(rules, port))
        if patterns:
            lines += _category(rules, port, patterns)
            reasons = "; ".join(why(rules, port, one) for one in patterns)
            lines += _rule(f"seawall-{port}-url", port, f"destination any category seawall-{port}", reasons)
    return "".join(f"{line}\n" for line in lines)


def render_urls(rules: RuleSet) -> str:
    """Write an external dynamic list of type URL.

    Raises:
        CannotExpressError: There are addresses, or several ports.
    """
    if any(rule.addresses for rule in rules.rules):
        raise CannotExpressError(
            "a URL list holds names, and there are addresses; write paloalto:edl-ip or paloalto:set"
        )
    check_one_port(rules)
    return "".join(f"{name}/\n" for port in rules.ports for name in rules.names(port))


def render_addresses(rules: RuleSet) -> str:
    """Write an external dynamic list of type IP, each line with the hosts it is for."""
    lines = address_feed(rules).splitlines()
    hosts = plain(", ".join(dict.fromkeys(rule.flow.host for rule in rules.rules)), _DESCRIPTION)
    return "".join(f"{line} {hosts}\n" for line in lines)


def _clean(rules: RuleSet) -> Iterator[str]:
    """Take away what an earlier text has made, or its ranges would stay: "set" adds to a group.

    In the order of references: nothing can go that is still referred to. All happens in the candidate configuration.
    """
    for port in sorted({HTTP, HTTPS, *rules.ports}):
        yield f"delete rulebase security rules seawall-{port}"
        yield f"delete rulebase security rules seawall-{port}-url"
        yield f"delete address-group seawall-{port}"
        yield f"delete profiles custom-url-category seawall-{port}"


def _objects(rules: RuleSet, port: int, exact: list[str], ranges: tuple[str, ...]) -> Iterator[str]:
    for host in exact:
        name = object_name(host, _NAME)
        yield f"set address {name} fqdn {host}"
        yield f'set address {name} description "{plain(why(rules, port, host), _DESCRIPTION)}"'
        yield f"set address-group seawall-{port} static {name}"
    for prefix in ranges:
        name = object_name(prefix, _NAME)
        yield f"set address {name} ip-netmask {prefix}"
        yield f"set address-group seawall-{port} static {name}"


def _category(rules: RuleSet, port: int, patterns: list[str]) -> Iterator[str]:
    reasons = plain("; ".join(why(rules, port, one) for one in patterns), _DESCRIPTION)
    start = f"set profiles custom-url-category seawall-{port}"
    yield f'{start} type "URL List"'
    yield f'{start} description "{reasons}"'
    for pattern in patterns:
        yield f"{start} list {pattern}/"


def _rule(name: str, port: int, match: str, reason: str) -> Iterator[str]:
    start = f"set rulebase security rules {name}"
    yield f'{start} description "{plain(reason, _DESCRIPTION)}"'
    yield f"{start} from any to any source any {match}"
    yield f"{start} application any service seawall-tcp-{port} action allow"


_PALOALTO: Final = Target(
    name="paloalto",
    title="Palo Alto Networks (PAN-OS)",
    ability=Ability(
        ways=(Way.NAME, Way.IP),
        wildcard=Wildcard.LABELS,
        most_names=50_000,
        most_ranges=50_000,
        atomic="one commit (set); lists are fetched as a whole, without commit",
        checker="validate full",
        caveats=(
            (
                "The rules are made anew at the end of the rule base: move them above what refuses, then commit. "
                "Narrow zones and sources there."
            ),
            "A rule with a URL category lets every connection on its port begin, until the TLS hello names the host.",
            "An FQDN object holds what the firewall itself is told by DNS, which need not be what clients are told.",
            (
                "Deleting what is not there yet is answered with an error, which does no harm. Rules for other ports "
                "than 80 and 443 stay when they are no longer needed."
            ),
            (
                "Lists: the rule that uses one says the port. When the list's server fails to authenticate itself, "
                "PAN-OS stops using the list; when it is unreachable, the last good copy stays."
            ),
        ),
        source="https://docs.paloaltonetworks.com/advanced-url-filtering/administration/configuring-url-filtering/"
        "url-category-exceptions",
    ),
    formats={"set": render_set, "edl-url": render_urls, "edl-ip": render_addresses},
)

TARGETS: Final = {_PALOALTO.name: _PALOALTO}
"""By name."""
