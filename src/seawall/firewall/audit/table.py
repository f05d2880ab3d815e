"""Every reader by the name of its format, and which format a text has. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from seawall.firewall.audit.contract import AuditError
from seawall.firewall.audit.iptables import read_iptables
from seawall.firewall.audit.nft import read_nft
from seawall.firewall.audit.nsg import read_nsg
from seawall.firewall.audit.plain import read_list
from seawall.firewall.audit.squid import read_squid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seawall.firewall.audit.contract import Reader

__all__ = ["READERS", "guess_format"]

READERS: Final[Mapping[str, Reader]] = {
    "nft": read_nft,
    "iptables": read_iptables,
    "squid": read_squid,
    "nsg": read_nsg,
    "list": read_list,
}
"""By name."""

_SQUID: Final = re.compile(r"^\s*(?:acl|http_access|ssl_bump|http_port)\s", re.MULTILINE)
_IPTABLES: Final = re.compile(r"^\*(?:filter|raw|mangle|nat|security)\s*$", re.MULTILINE)
_NFT: Final = re.compile(r"^\s*table\s+(?:inet|ip6?|arp|bridge|netdev)\s", re.MULTILINE)


def guess_format(text: str) -> str:
    """Say which format a text has.

    Raises:
        AuditError: It is one that has to be written otherwise first.
    """
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith("{"):
        return "nft" if '"nftables"' in start[:200] else "nsg"
    if start.startswith("["):
        return "nsg"
    if _NFT.search(text):
        raise AuditError("this is a rule set as nft writes it for people; write it with: nft -j list ruleset")
    if _IPTABLES.search(text):
        return "iptables"
    return "squid" if _SQUID.search(text) else "list"
