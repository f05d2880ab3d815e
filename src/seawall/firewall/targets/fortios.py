"""FortiOS (FortiGate): objects, groups and a policy for each port; or a list of ranges that it fetches. Pure.

IPv4 and IPv6 are different kinds of objects and groups, which one policy refers to. ``set member`` replaces a group's
members, so what is no longer needed drops out. The policies have numbers of their own, far from those that FortiOS
gives out, so that reading the text a second time changes them and adds none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.firewall.need import HTTP, HTTPS
from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import Ability, Target, Wildcard
from seawall.firewall.targets.feeds import address_feed
from seawall.firewall.targets.objects import chunks, object_name, plain, why
from seawall.firewall.targets.words import comment
from seawall.servicetags.prefixes import V4, V6

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seawall.firewall.rules import RuleSet

__all__ = ["POLICY", "TARGETS"]

POLICY: Final = 5_300_000
"""The number of a port's policy is this and the port."""

_START: Final = {V4: "seawall-", V6: "seawall6-"}
_NAME: Final = 79
_COMMENT: Final = 255
_MEMBERS: Final = 250
"""Members of one group; the groups are members of one in turn, since models differ in how many they take."""


def render(rules: RuleSet) -> str:
    """Write commands for the command line or a script."""
    families = [(V4, _members(rules, V4)), (V6, _members(rules, V6))]
    lines: list[str] = []
    for family, members in families:
        if any(members.values()):
            lines += _addresses(rules, family)
            lines += _groups(family, members)
    lines += _services(rules)
    lines += _policies(rules, dict(families))
    return comment(rules) + "".join(f"{line}\n" for line in lines)


def _members(rules: RuleSet, family: int) -> dict[int, list[str]]:
    """Name the objects of a family, by port."""
    return {
        port: [_object(one, family) for one in (*_names(rules, port, family), *_ranges(rules, port, family))]
        for port in rules.ports
    }


def _object(what: str, family: int) -> str:
    return object_name(what, _NAME, _START[family])


def _names(rules: RuleSet, port: int, family: int) -> tuple[str, ...]:
    # An object of one family holds no addresses of the other, so a name on both needs two.
    return rules.names(port) if family == V4 or rules.need.dual_stack else ()


def _ranges(rules: RuleSet, port: int, family: int) -> list[str]:
    return rules.addresses(port).family(family).cover()


def _addresses(rules: RuleSet, family: int) -> Iterator[str]:
    yield "config firewall address" if family == V4 else "config firewall address6"
    for port in rules.ports:
        for name in _names(rules, port, family):
            fqdn = ("set type fqdn", f'set fqdn "{name}"', f'set comment "{plain(why(rules, port, name), _COMMENT)}"')
            yield from _edit(f'"{_object(name, family)}"', *fqdn)
        for prefix in _ranges(rules, port, family):
            # "subnet" wants a mask or a length; the length is the same for both families.
            kind = ("set type ipmask", f"set subnet {prefix}") if family == V4 else (f"set ip6 {prefix}",)
            yield from _edit(f'"{_object(prefix, family)}"', *kind)
    yield "end"


def _groups(family: int, members: dict[int, list[str]]) -> Iterator[str]:
    yield "config firewall addrgrp" if family == V4 else "config firewall addrgrp6"
    for port, all_members in members.items():
        if not all_members:
            continue
        pieces = list(chunks(all_members, _MEMBERS))
        for number, piece in enumerate(pieces, 1):
            yield from _edit(f'"{_START[family]}{port}-{number}"', f"set member {_list(piece)}")
        parts = [f"{_START[family]}{port}-{number}" for number in range(1, len(pieces) + 1)]
        yield from _edit(f'"{_START[family]}{port}"', f"set member {_list(parts)}")
    yield "end"


def _services(rules: RuleSet) -> Iterator[str]:
    yield "config firewall service custom"
    for port in rules.ports:
        yield from _edit(f'"seawall-tcp-{port}"', f"set tcp-portrange {port}")
    yield "end"


def _policies(rules: RuleSet, families: dict[int, dict[int, list[str]]]) -> Iterator[str]:
    yield "config firewall policy"
    # A port that is no longer needed must not stay open.
    yield from (f"    delete {POLICY + port}" for port in (HTTP, HTTPS) if port not in rules.ports)
    for port in rules.ports:
        settings = [f'set name "seawall-{port}"', 'set srcintf "any"', 'set dstintf "any"']
        for family, suffix in ((V4, ""), (V6, "6")):
            if families[family][port]:
                settings += [f'set srcaddr{suffix} "all"', f'set dstaddr{suffix} "{_START[family]}{port}"']
            else:
                settings += [f"unset srcaddr{suffix}", f"unset dstaddr{suffix}"]
        settings += ["set action accept", 'set schedule "always"', f'set service "seawall-tcp-{port}"']
        settings.append(f'set comments "{plain(why(rules, port), _COMMENT)}"')
        yield from _edit(str(POLICY + port), *settings)
    yield "end"


def _edit(what: str, *settings: str) -> Iterator[str]:
    yield f"    edit {what}"
    yield from (f"        {setting}" for setting in settings)
    yield "    next"


def _list(names: Sequence[str]) -> str:
    return " ".join(f'"{name}"' for name in names)


_FORTIOS: Final = Target(
    name="fortios",
    title="FortiOS (FortiGate)",
    ability=Ability(
        ways=(Way.NAME, Way.IP),
        wildcard=Wildcard.LABELS,
        most_ranges=131_072,
        atomic="none: block by block; a feed is fetched as a whole",
        caveats=(
            (
                "A wildcard is empty until a DNS answer for a name under it crosses the FortiGate: clients must ask a "
                "DNS server through it, unencrypted. It holds 1,000 addresses at most, and how many labels it covers "
                "is not documented, so reckon with any number."
            ),
            (
                "An exact name holds what the FortiGate itself is told by DNS, on IPv4 unless --dual-stack is said: "
                "use the same DNS server as the clients."
            ),
            (
                "Policies are made at the end, for any interface and without NAT: move them above what refuses, and "
                "set both. Reading the text again sets the interfaces back to any."
            ),
            "Objects that are no longer needed stay, in no policy; so do policies for other ports than 80 and 443.",
            "Deleting a policy that is not there is answered with an error, which does no harm.",
            (
                "A feed (external resource of type address) has no ports; the policy that uses it has. What is beyond "
                "the model's limit is left out without an error."
            ),
        ),
        source="https://docs.fortinet.com/document/fortigate/6.2.0/cookbook/217973/"
        "using-wildcard-fqdn-addresses-in-firewall-policies",
    ),
    formats={"config": render, "feed": address_feed},
    suffix={"config": ".conf"},
)

TARGETS: Final = {_FORTIOS.name: _FORTIOS}
"""By name."""
