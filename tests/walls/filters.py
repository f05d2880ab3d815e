"""What the wall's packet filter has around the rules of the product: default deny, a log, and ways to a proxy."""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from tests.walls.networks import CABLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.support.nets import Net

CLIENT: Final = f'"down{CABLES["client"]}"'
PROXY: Final = f'"down{CABLES["proxy"]}"'
FAMILIES: Final = {4: ("ip", "ipv4_addr"), 6: ("ip6", "ipv6_addr")}
WALL: Final = """\
table inet wall {
%(sets)s
	chain forward {
		type filter hook forward priority %(priority)d; policy accept;
		iifname != %(client)s accept
		ct state established,related accept
		meta l4proto { icmp, ipv6-icmp } accept
		%(allow)s
		%(end)s
	}
}
"""
REFUSE: Final = {"drop": "drop", "reject": "meta l4proto tcp reject with tcp reset\n\t\treject"}


def _log() -> str:
    """Note what the client begins, before any rule is asked and after all of them have let it pass."""
    sets, chains = [], []
    for verb, priority in (("tried", -100), ("passed", 100)):
        rules = []
        for version, (word, kind) in FAMILIES.items():
            sets.append(f"set {verb}_v{version} {{ type {kind} . inet_service; flags dynamic; size 65535; }}")
            rules.append(
                f"iifname {CLIENT} tcp flags & (syn | ack) == syn add @{verb}_v{version} {{ {word} daddr . tcp dport }}"
            )
        hook = f"type filter hook forward priority {priority}; policy accept;"
        chains.append(f"chain {verb} {{\n{hook}\n" + "\n".join(rules) + "\n}")
    return "table inet journal {\n" + "\n".join([*sets, *chains]) + "\n}\n"


LOG: Final = _log()
# Interception is set for itself and stays.
EMPTY: Final = "".join(
    f"table {table}\ndelete table {table}\n" for table in ("inet journal", "inet wall", "inet seawall", "inet lead")
)


def default_deny(how: str, allow: str = "", sets: str = "", priority: int = 0) -> str:
    """Let nothing of the client's through but what a statement allows."""
    values = {"sets": sets, "priority": priority, "client": CLIENT, "allow": allow, "end": REFUSE[how]}
    return WALL % values


def redirect(doors: Mapping[int, int], word: str = "") -> str:
    """Lead the client's connections to ports of the wall itself, in one family (`ip`) or both."""
    only = "meta nfproto ipv4 " if word == "ip" else ""
    rules = [
        f"iifname {CLIENT} {only}fib daddr type != local tcp dport {port} redirect to :{door}"
        for port, door in doors.items()
    ]
    hook = "type nat hook prerouting priority dstnat; policy accept;"
    return f"table inet lead {{\nchain arriving {{\n{hook}\n" + "\n".join(rules) + "\n}\n}\n"


def interception(addresses: Sequence[str], door: int) -> str:
    """Lead what goes to some addresses to a port of the wall itself, from the client and from the proxy."""
    rules = []
    for version, (word, _) in FAMILIES.items():
        if chosen := [one for one in addresses if ip_address(one).version == version]:
            rules.append(
                f"iifname {{ {CLIENT}, {PROXY} }} {word} daddr {{ {', '.join(chosen)} }} tcp dport 443"
                f" redirect to :{door}"
            )
    hook = "type nat hook prerouting priority dstnat - 10; policy accept;"
    table = f"table inet bump {{\nchain arriving {{\n{hook}\n" + "\n".join(rules) + "\n}\n}\n"
    return "table inet bump\ndelete table inet bump\n" + (table if rules else "")


def logged(wall: Net, verb: str) -> set[tuple[str, int]]:
    """Read what was noted: addresses and ports."""
    found = set()
    for version in FAMILIES:
        listed = json.loads(wall.run("nft", "-j", "list", "set", "inet", "journal", f"{verb}_v{version}"))
        (noted,) = (one["set"] for one in listed["nftables"] if "set" in one)
        for element in noted.get("elem", []):
            held = element.get("elem", {}).get("val", element) if isinstance(element, dict) else element
            address, port = held["concat"]
            found.add((str(address), int(port)))
    return found
