"""Our own addresses as a service-tag file, in the form in which Azure publishes its own every week. Pure.

There is one tag for the cloud and one for each region. As with Azure's, a tag's number rises when its content changes,
and the file's with any of them; whoever follows it should compare contents all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from seawall.servicetags.prefixes import AddressSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["SERVICE", "Addresses", "service_tags"]

SERVICE: Final = "Seawall"
"""The name of the tag; a region's has the region's behind a dot."""


class Addresses(NamedTuple):
    """Where a region's hosts are.

    Attributes:
        region: The region.
        addresses: Its addresses.
        changed: When they were last changed, in milliseconds since 1970.
    """

    region: str
    addresses: tuple[str, ...]
    changed: int


def service_tags(cloud: str, regions: Iterable[Addresses]) -> dict[str, Any]:
    """Write the file.

    Args:
        cloud: What the cloud is called: its domain.
        regions: Its regions.
    """
    known = sorted(regions)
    newest = max((one.changed for one in known), default=0)
    everything = [address for one in known for address in one.addresses]
    values = [_tag("", newest, everything), *(_tag(one.region, one.changed, one.addresses) for one in known)]
    # Azure publishes no tag without addresses, and readers take one for a broken download.
    return {"changeNumber": newest, "cloud": cloud, "values": [one for one in values if one is not None]}


def _tag(region: str, change: int, addresses: Sequence[str]) -> dict[str, Any] | None:
    if not addresses:
        return None
    name = f"{SERVICE}.{region}" if region else SERVICE
    return {
        "name": name,
        "id": name,
        "properties": {
            "changeNumber": change,
            "region": region,
            "regionId": 0,
            "platform": SERVICE,
            "systemService": SERVICE,
            "addressPrefixes": list(AddressSet.of(addresses).cidrs),
            "networkFeatures": ["NSG", "FW"],
        },
    }
