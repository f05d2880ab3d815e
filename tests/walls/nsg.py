"""A network security group as a packet filter: a translation of its template, made without the product's help.

Rules count by priority, the lowest first, and whatever none of them fits may go to the internet, as in every group.
What a group denies is dropped. Microsoft, "Network security groups" and "How network security groups filter traffic".
"""

from __future__ import annotations

import json
from ipaddress import ip_network
from typing import Any, Final

from tests.walls.filters import CLIENT
from tests.walls.places import RANGES

PRIVATE: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8")
WORDS: Final = {4: "ip", 6: "ip6"}
VERDICTS: Final = {"Allow": "accept", "Deny": "drop"}


def translate(template: str) -> str:
    """Write the group of a template as a table."""
    rules = sorted(json.loads(template)["variables"]["rules"], key=lambda one: int(one["properties"]["priority"]))
    lines = [line for one in rules for line in _lines(one["properties"])]
    hook = "type filter hook forward priority filter; policy accept;"
    first = f"{hook}\niifname != {CLIENT} accept\nct state established,related accept\n"
    return f"table inet wall {{\nchain forward {{\n{first}" + "\n".join(lines) + "\n}\n}\n"


def _lines(rule: dict[str, Any]) -> list[str]:
    for key, only in (("direction", "Outbound"), ("sourceAddressPrefix", "*"), ("sourcePortRange", "*")):
        assert rule[key] == only, f"{key}: {rule[key]}"
    assert rule["protocol"] == "Tcp", rule["protocol"]
    ports = ", ".join(rule.get("destinationPortRanges") or [rule["destinationPortRange"]])
    end = f"tcp dport {{ {ports} }} {VERDICTS[rule['access']]}"
    listed = rule.get("destinationAddressPrefixes")
    if listed is None and rule["destinationAddressPrefix"] == "Internet":
        # Whatever is not of the network itself.
        return [f"{match} {end}" for match in _matches(PRIVATE, "!=")]
    return [f"{match} {end}" for match in _matches(listed or RANGES[rule["destinationAddressPrefix"]], "")]


def _matches(ranges: tuple[str, ...] | list[str], sign: str) -> list[str]:
    found = []
    for version, word in WORDS.items():
        if chosen := [one for one in ranges if ip_network(one).version == version]:
            found.append(f"{word} daddr {sign} {{ {', '.join(chosen)} }}".replace("  ", " "))
    return found
