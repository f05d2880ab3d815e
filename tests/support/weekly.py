"""Weekly service-tag files: small ones made up for a test, and where the real ones are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CHECKOUT: Final = Path(__file__).resolve().parents[2]
REAL_FILES: Final = CHECKOUT.parent / "shared" / "data" / "servicetags.tar.xz"

REGIONS: Final = {"EastUS": "eastus", "GermanyWestCentral": "germanywc", "IsraelCentral": "isrealcentral"}
"""Regions of the small file: the spelling behind the dot, and the file's own (one with Microsoft's slip)."""

SMALL: Final[Mapping[str, Sequence[str]]] = {
    "AzureContainerRegistry": ("20.0.0.0/22", "2603:1000::/46"),
    "AzureContainerRegistry.EastUS": ("20.0.0.0/24", "2603:1000::/48"),
    "AzureContainerRegistry.GermanyWestCentral": ("20.0.1.0/24", "2603:1000:1::/48"),
    "AzureContainerRegistry.IsraelCentral": ("20.0.2.0/24",),
    "Storage": ("20.1.0.0/16",),
    "Storage.EastUS": ("20.1.0.0/18", "20.1.64.0/24"),
    "Storage.GermanyWestCentral": ("20.1.128.0/20",),
    "StorageSyncService": ("20.2.0.0/24",),
    "StorageSyncService.EastUS": ("20.2.0.0/28",),
    "MicrosoftContainerRegistry": ("20.3.0.0/24",),
    "MicrosoftContainerRegistry.EastUS": ("20.3.0.0/28",),
    "AzureCloud": ("20.0.0.0/8", "2603:1000::/36"),
    "AzureCloud.eastus": ("20.0.0.0/24", "20.1.0.0/17"),
    "AzureCloud.germanywc": ("20.0.1.0/24", "20.1.128.0/20"),
    "AzureFrontDoor.FirstParty": ("21.0.0.0/24", "2620:1ec:32::/48"),
    "AzureFrontDoor.Frontend": ("21.1.0.0/24",),
    "AzureActiveDirectory": ("22.0.0.0/24",),
    "AzureActiveDirectory.ServiceEndpoint": ("22.0.0.0/28",),
}
"""Tags of a small file, shaped as the real ones are."""


def record(name: str, prefixes: Iterable[object], change: int = 1, **properties: object) -> dict[str, Any]:
    """Write one tag as the real files do."""
    service, _, suffix = name.partition(".")
    spelled = {**REGIONS, **{own: own for own in REGIONS.values()}}
    said: dict[str, Any] = {
        "changeNumber": change,
        "region": spelled.get(suffix, ""),
        "regionId": 0,
        "platform": "Azure",
        "systemService": service,
        "addressPrefixes": list(prefixes),
        "networkFeatures": ["API", "NSG", "UDR", "FW"],
    }
    return {"name": name, "id": name, "properties": {**said, **properties}}


def document(
    tags: Mapping[str, Iterable[object]] = SMALL, *, cloud: object = "Public", change: object = 374
) -> dict[str, Any]:
    """Write a whole file, not yet as text."""
    values = [record(name, prefixes) for name, prefixes in tags.items()]
    return {"changeNumber": change, "cloud": cloud, "values": values}


def encoded(content: object) -> bytes:
    """Write JSON the way Microsoft indents it."""
    return json.dumps(content, indent=2).encode()


def weekly(tags: Mapping[str, Iterable[object]] = SMALL, *, cloud: str = "Public", change: int = 374) -> bytes:
    """Write a whole file."""
    return encoded(document(tags, cloud=cloud, change=change))
