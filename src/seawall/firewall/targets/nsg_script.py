"""The rules of a network security group as a shell script of ``az`` commands. Pure.

Rules of an earlier run that have gone, or have another priority now, are removed first: two rules must not have the
same. A rule that stays is changed where it is, and the one that refuses comes last.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["script"]

_HEAD: Final = """\
set -euo pipefail
resource_group=${1:?"usage: $0 RESOURCE-GROUP NSG"}
nsg=${2:?"usage: $0 RESOURCE-GROUP NSG"}

"""
_REMOVE: Final = """
# What an earlier run left here and is wanted no more, or elsewhere.
az network nsg rule list --resource-group "$resource_group" --nsg-name "$nsg" \\
  --query "[?starts_with(name, 'seawall-')].[name, to_string(priority)]" --output tsv |
while read -r name priority; do
  case "$wanted" in
    *" $name=$priority "*) ;;
    *) az network nsg rule delete --resource-group "$resource_group" --nsg-name "$nsg" --name "$name" </dev/null ;;
  esac
done
"""
_OPTIONS: Final = {
    "priority": "--priority",
    "direction": "--direction",
    "access": "--access",
    "protocol": "--protocol",
    "sourceAddressPrefix": "--source-address-prefixes",
    "sourcePortRange": "--source-port-ranges",
    "destinationAddressPrefix": "--destination-address-prefixes",
    "destinationAddressPrefixes": "--destination-address-prefixes",
    "destinationPortRange": "--destination-port-ranges",
    "destinationPortRanges": "--destination-port-ranges",
    "description": "--description",
}


def script(words: str, rules: Sequence[Mapping[str, Any]]) -> str:
    """Write the script.

    Args:
        words: Comment lines to begin with.
        rules: The rules as Azure's interface has them, in order of priority.
    """
    wanted = " ".join(f"{rule['name']}={rule['properties']['priority']}" for rule in rules)
    return f"#!/bin/bash\n{words}{_HEAD}wanted=' {wanted} '\n{_REMOVE}{''.join(map(_create, rules))}"


def _create(rule: Mapping[str, Any]) -> str:
    lines = ["", 'az network nsg rule create --resource-group "$resource_group" --nsg-name "$nsg" \\']
    lines.append(f"  --name {shlex.quote(rule['name'])} \\")
    properties = rule["properties"]
    for key, option in _OPTIONS.items():
        value = properties.get(key)
        if value is None:
            continue
        every = value if isinstance(value, list) else [str(value)]
        lines.append(f"  {option} {shlex.join(every)} \\")
    lines.append("  --output none")
    return "\n".join(lines) + "\n"
