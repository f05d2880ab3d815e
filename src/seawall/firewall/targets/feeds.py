"""Lists that a firewall fetches by itself: one entry a line and nothing else. Pure.

Such a list has no ports and often no comments; the rule that refers to it says what ports it is for. So one list must
not hold what is for different ports: it would open all of it on all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seawall.firewall.targets.contract import CannotExpressError

if TYPE_CHECKING:
    from seawall.firewall.rules import RuleSet

__all__ = ["address_feed", "check_one_port"]


def check_one_port(rules: RuleSet) -> None:
    """Go on only if all flows have the same port.

    Raises:
        CannotExpressError: They have not.
    """
    if len(rules.ports) > 1:
        ports = " and ".join(map(str, rules.ports))
        raise CannotExpressError(
            f"a list has no ports, and these rules are for {ports}: all of it would be open on both. Leave out "
            "--revocation, or write rules that have ports, which is this target's usual format"
        )


def address_feed(rules: RuleSet) -> str:
    """Write all ranges, a line each.

    Raises:
        CannotExpressError: There are names, or several ports.
    """
    named = [name for port in rules.ports for name in rules.names(port)]
    if named:
        raise CannotExpressError(
            f"this list holds addresses, and {named[0]} is a name; write it --by ip, or in this target's usual format"
        )
    check_one_port(rules)
    return "".join(f"{prefix}\n" for port in rules.ports for prefix in rules.addresses(port).cidrs)
