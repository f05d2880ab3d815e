"""What a private endpoint takes: addresses of its subnet, and records in its own DNS zone. Pure.

Source: Azure Container Registry documentation, "Connect privately to a registry using Private Link".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seawall.firewall.need import Purpose, flows

if TYPE_CHECKING:
    from seawall.firewall.need import Need

__all__ = ["private_records", "private_zone"]


def private_zone(need: Need) -> str:
    """Name the DNS zone that leads clients to private endpoints."""
    return need.cloud.private_zone


def private_records(need: Need) -> tuple[str, ...]:
    """Name the A records in the zone: one, and one address, for the login server and for each endpoint of a replica."""
    own = {Purpose.LOGIN, Purpose.REGIONAL, Purpose.DATA}
    hosts = (flow.host for flow in flows(need) if flow.purpose in own)
    return tuple(host.removesuffix(f".{need.cloud.domain}") for host in hosts)
