"""Needs as people have them, and weekly files to go with them, for properties."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final

from hypothesis import strategies as st

from seawall.firewall.need import Need
from seawall.naming import CHINA, PUBLIC, US_GOVERNMENT, Cloud
from seawall.servicetags.regions import regions_of
from seawall.servicetags.snapshot import Snapshot, read_snapshot
from seawall.topology import Replica
from tests.unit.strategies import accounts, registries

OWN: Final = Cloud.own("registry.test")
MICROSOFT: Final = (PUBLIC, CHINA, US_GOVERNMENT)
TAGS: Final = {PUBLIC: "Public", CHINA: "China", US_GOVERNMENT: "AzureGovernment"}
REGIONAL: Final = ("AzureContainerRegistry", "Storage", "MicrosoftContainerRegistry")
GLOBAL: Final = (*REGIONAL, "AzureFrontDoor.FirstParty", "AzureActiveDirectory")

clouds = st.sampled_from((*MICROSOFT, OWN))


def regions_in(cloud: Cloud) -> st.SearchStrategy[str]:
    """Regions that a cloud has; for one's own, names like them."""
    return st.sampled_from(sorted(regions_of(cloud)) or ["eastus", "here", "there2", "onprem", "berlin"])


@st.composite
def needs(
    draw: st.DrawFn,
    cloud: Cloud | None = None,
    *,
    registry: bool = True,
    known: bool | None = None,
    placed: bool = False,
) -> Need:
    """Anything that may be needed.

    Args:
        draw: Draws.
        cloud: The cloud, if not any.
        registry: Whether there must be a registry in it.
        known: Whether accounts are known, if not any.
        placed: Whether there must be a region.
    """
    place = cloud or draw(clouds)
    microsoft = place in MICROSOFT
    mcr, sign_in, revocation = (microsoft and draw(st.booleans()) for _ in range(3))
    if microsoft and not registry and draw(st.booleans()):
        return Need(cloud=place, mcr=True, sign_in=sign_in, revocation=revocation)
    where = sorted(draw(st.sets(regions_in(place), min_size=int(placed), max_size=4)))
    told = draw(st.booleans()) if known is None else known
    names = (
        draw(st.lists(accounts, min_size=len(where), max_size=len(where), unique=True)) if told else [""] * len(where)
    )
    dedicated = bool(where) and draw(st.booleans())
    private = microsoft and bool(where) and draw(st.booleans())
    return Need(
        cloud=place,
        registry=draw(registries),
        replicas=tuple(map(Replica, where, names)),
        data_endpoints=dedicated,
        regional_endpoints=bool(where) and draw(st.booleans()),
        private_link=private,
        dual_stack=dedicated and not private and draw(st.booleans()),
        push=draw(st.booleans()),
        mcr=mcr,
        sign_in=sign_in,
        revocation=revocation,
    )


_v4 = st.builds(
    lambda address, length: f"{_text(address >> (32 - length) << (32 - length))}/{length}",
    st.integers(0, 2**32 - 1),
    st.integers(8, 32),
)
_v6 = st.builds(
    lambda block, length: f"{0x2603:x}:{block >> (16 - length) << (16 - length):x}::/{16 + length}",
    st.integers(0, 2**16 - 1),
    st.integers(1, 16),
)


def without_data_endpoints(need: Need) -> Need:
    """The same with layers from shared storage."""
    return replace(need, data_endpoints=False, private_link=False, dual_stack=False)


shared_needs = needs(placed=True).map(without_data_endpoints)

# Every tag there is has IPv4 ranges.
prefixes = st.builds(lambda first, more: [first, *more], _v4, st.lists(st.one_of(_v4, _v6), max_size=3)).map(
    lambda listed: list(dict.fromkeys(listed))
)


def _text(address: int) -> str:
    return ".".join(str(address >> shift & 255) for shift in (24, 16, 8, 0))


def weekly_file(cloud: Cloud, tags: dict[str, list[str]]) -> Snapshot:
    """A weekly file with these tags."""
    values = [
        {
            "name": name,
            "id": name,
            "properties": {
                "changeNumber": 1,
                "region": name.partition(".")[2].lower() if name.partition(".")[0] in REGIONAL else "",
                "platform": "Azure",
                "systemService": name.partition(".")[0],
                "addressPrefixes": listed,
                "networkFeatures": [],
                "regionId": 0,
            },
        }
        for name, listed in tags.items()
    ]
    document = {"changeNumber": 1, "cloud": TAGS[cloud], "values": values}
    return read_snapshot(json.dumps(document).encode(), "a test")


@st.composite
def weekly_files(draw: st.DrawFn, cloud: Cloud, regions: tuple[str, ...]) -> Snapshot:
    """A weekly file that has some regions, its global ranges holding those of the regions as the real ones do."""
    tags: dict[str, list[str]] = {}
    for service in GLOBAL:
        everywhere = draw(prefixes)
        for region in regions if service in REGIONAL else ():
            inside = draw(prefixes)
            tags[f"{service}.{regions_of(cloud)[region]}"] = inside
            everywhere = [*everywhere, *inside]
        tags[service] = list(dict.fromkeys(everywhere))
    return weekly_file(cloud, tags)
