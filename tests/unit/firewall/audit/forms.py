"""Small configurations of every format, and what a wall does to one address or name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from seawall.firewall.audit.passage import Passage, pass_addresses, pass_name
from seawall.firewall.audit.tags import with_addresses
from seawall.servicetags.prefixes import NOTHING, AddressSet

if TYPE_CHECKING:
    from seawall.firewall.audit.contract import Wall

SQUID = """\
acl SSL_ports port 443
acl Safe_ports port 80 443\t\t# both
acl ours dstdomain .blob.core.windows.net \\
    myregistry.azurecr.io
acl ours dstdomain azurecr.io
acl star dstdomain *.mcr.microsoft.com
acl lan src 10.0.0.0/255.0.0.0
acl office time 09:00-17:00
http_access deny !Safe_ports
http_access deny CONNECT !SSL_ports
"""

LIST = """\
# what the proxy lets through
MyRegistry.azurecr.io.   # trailing dot and comment
*.blob.core.windows.net
.mcr.microsoft.com
192.0.2.0/24
198.51.100.1-198.51.100.9
203.0.113.7
2001:db8::/32
"""


def to(wall: Wall, where: str, port: int = 443) -> Passage:
    if where[-1].isdigit():
        return pass_addresses(with_addresses(wall, None), port, AddressSet.of([where]), NOTHING)
    return pass_name(wall, where, port, NOTHING)


def saved(*rules: str, policy: str = "DROP", chains: str = "") -> str:
    return "\n".join(["*filter", f":OUTPUT {policy} [0:0]", *filter(None, [chains]), *rules, "COMMIT"]) + "\n"


def ruleset(*expressions: list[Any], policy: str = "drop", family: str = "inet", **sets: list[Any]) -> str:
    place = {"family": family, "table": "t"}
    objects: list[Any] = [{"metainfo": {}}, {"table": {"family": family, "name": "t"}}]
    objects += [{"set": {**place, "name": name, "elem": elements}} for name, elements in sets.items()]
    hook = {"type": "filter", "hook": "output", "policy": policy}
    objects.append({"chain": {**place, "name": "out", **hook}})
    objects += [{"rule": {**place, "chain": "out", "handle": at, "expr": one}} for at, one in enumerate(expressions, 1)]
    return json.dumps({"nftables": objects})


def match(left: Any, right: Any, op: str = "==") -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"match": {"op": op, "left": left, "right": right}}


DADDR = {"payload": {"protocol": "ip", "field": "daddr"}}
DPORT = {"payload": {"protocol": "tcp", "field": "dport"}}
ACCEPT: dict[str, Any] = {"accept": None}
NET = {"prefix": {"addr": "192.0.2.0", "len": 24}}


def security_rule(priority: int, access: str, to: str | list[str], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    several = {"destinationAddressPrefixes": to} if isinstance(to, list) else {"destinationAddressPrefix": to}
    common = {"direction": "Outbound", "protocol": "*", "sourceAddressPrefix": "*", "destinationPortRange": "*"}
    return {"name": f"r{priority}", "priority": priority, "access": access, **common, **several, **more}
