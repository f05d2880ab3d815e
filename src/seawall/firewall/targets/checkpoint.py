"""Check Point: a script of mgmt_cli commands, or a list of ranges for a network feed. Pure.

Domain objects have two modes. In FQDN mode the gateway looks the name up: exact, and sound. Without it, the gateway
takes each connection's address and asks reverse DNS for its name. That is not used here, so there are no wildcards: an
address without a reverse name matches nothing, though it is storage; and a reverse name is written by whoever owns the
address, so anybody could claim one under ``blob.core.windows.net``, and would be let through.

All changes are one session, published at the end and discarded on any error.

Source: Check Point, Security Management Administration Guide, "Domains"; Management API Reference.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from seawall.firewall.need import HTTP, HTTPS
from seawall.firewall.rules import Way
from seawall.firewall.targets.contract import Ability, Target
from seawall.firewall.targets.feeds import address_feed
from seawall.firewall.targets.objects import chunks, object_name, plain, single, why
from seawall.firewall.targets.words import comment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seawall.firewall.rules import RuleSet

__all__ = ["TARGETS"]

_NAME: Final = 100
_COMMENTS: Final = 255
_MEMBERS: Final = 200
"""Members named in one command, to keep its line readable by all of its parts."""

_HEAD: Final = """\
set -euo pipefail
# The policy layer that the rules go into, at its top.
layer=${LAYER:-Network}
session=$(mktemp)
mgmt_cli login -r true session-description seawall > "$session"
leave() {
  code=$?
  if [ "$code" -ne 0 ]; then mgmt_cli discard -s "$session" > /dev/null || true; fi
  mgmt_cli logout -s "$session" > /dev/null || true
  rm -f "$session"
  exit "$code"
}
trap leave EXIT
exists() { mgmt_cli show "$@" -s "$session" > /dev/null 2>&1; }
# Makes an object whose name says all that is in it: one that is there is right.
once() {
  if ! exists "$1" name "$2"; then mgmt_cli add "$1" name "${@:2}" -s "$session" > /dev/null; fi
}
# Makes an object, or sets one that is there to these values.
put() {
  verb=add
  if exists "$1" name "$2"; then verb=set; fi
  mgmt_cli "$verb" "$1" name "${@:2}" -s "$session" > /dev/null
}
drop() {
  if exists access-rule layer "$layer" name "$1"; then
    mgmt_cli delete access-rule layer "$layer" name "$1" -s "$session" > /dev/null
  fi
}
rule() {
  if exists access-rule layer "$layer" name "$1"; then
    mgmt_cli set access-rule layer "$layer" name "$@" -s "$session" > /dev/null
  else
    mgmt_cli add access-rule layer "$layer" position top name "$@" -s "$session" > /dev/null
  fi
}
"""


def render(rules: RuleSet) -> str:
    """Write the script; it is run on the management server, as an administrator."""
    # A port that is no longer needed must not stay open.
    lines = [f"drop seawall-{port}" for port in (HTTP, HTTPS) if port not in rules.ports]
    for port in rules.ports:
        names, ranges = rules.names(port), rules.addresses(port).cidrs
        lines += [_domain(rules, port, name) for name in names]
        lines += map(_network, ranges)
        lines += _groups(port, ranges)
        lines.append(f"put service-tcp seawall-tcp-{port} port {port} match-for-any false")
        # A group of networks takes no domains, so the rule names them one by one.
        destinations = [f".{name}" for name in names] + ([f"seawall-{port}"] if ranges else [])
        lines.append(
            f"rule seawall-{port} {_numbered('destination', destinations)} service seawall-tcp-{port} "
            f"action Accept track.type Log comments {shlex.quote(plain(why(rules, port), _COMMENTS))}"
        )
    lines += ['mgmt_cli publish -s "$session" > /dev/null', 'echo "published; install the policy to enforce it"']
    return f"#!/bin/bash\n{comment(rules)}{_HEAD}" + "".join(f"{line}\n" for line in lines)


def _domain(rules: RuleSet, port: int, name: str) -> str:
    reason = shlex.quote(plain(why(rules, port, name), _COMMENTS))
    return f"put dns-domain .{name} is-sub-domain false comments {reason}"


def _network(prefix: str) -> str:
    name, address = object_name(prefix, _NAME), single(prefix)
    if address:
        return f"once host {name} ip-address {address}"
    start, _, length = prefix.partition("/")
    return f"once network {name} subnet {start} mask-length {length}"


def _groups(port: int, ranges: Sequence[str]) -> Iterator[str]:
    parts = []
    for number, piece in enumerate(chunks(ranges, _MEMBERS), 1):
        parts.append(f"seawall-{port}-{number}")
        yield f"put group {parts[-1]} {_numbered('members', [object_name(one, _NAME) for one in piece])}"
    if parts:
        yield f"put group seawall-{port} {_numbered('members', parts)}"


def _numbered(field: str, values: Sequence[str]) -> str:
    """Write a list the way mgmt_cli takes it; one value is a list of one only with its number."""
    return " ".join(f"{field}.{number} {shlex.quote(value)}" for number, value in enumerate(values, 1))


_CHECKPOINT: Final = Target(
    name="checkpoint",
    title="Check Point",
    ability=Ability(
        ways=(Way.NAME, Way.IP),
        atomic="one session, published as a whole; then one installation of the policy",
        checker="mgmt_cli verify-policy policy-package NAME",
        caveats=(
            (
                "No wildcards: for them Check Point asks reverse DNS, which need not know the names of storage and "
                "believes whoever owns an address."
            ),
            "Gateway and clients must use the same DNS servers; names need R80.10 or newer.",
            (
                "Every range is an object, made one at a time. For many, let the gateway fetch checkpoint:feed as a "
                "network feed (R81.20 or newer); the rule that uses it says the port."
            ),
            "Rules are made at the top of the layer 'Network' (LAYER=... for another), from any source: narrow that.",
            "Objects that are no longer needed stay, in no rule; so do rules for other ports than 80 and 443.",
        ),
        source="https://sc1.checkpoint.com/documents/R82/WebAdminGuides/EN/CP_R82_SecurityManagement_AdminGuide/"
        "Content/Topics-SECMG/Domains.htm",
    ),
    formats={"mgmt_cli": render, "feed": address_feed},
    suffix={"mgmt_cli": ".sh"},
)

TARGETS: Final = {_CHECKPOINT.name: _CHECKPOINT}
"""By name."""
