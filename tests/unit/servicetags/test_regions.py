"""The table of regions, and reading one that somebody typed."""

from __future__ import annotations

import pytest

from seawall.naming import CHINA, CLOUDS, PUBLIC, US_GOVERNMENT, Cloud, NamingError, check_region
from seawall.servicetags.regions import known_region, regions_of

OWN = Cloud.own("registry.example")


@pytest.mark.parametrize("cloud", CLOUDS.values(), ids=lambda cloud: cloud.domain)
def test_the_table_has_one_spelling_for_hosts_and_one_for_tags(cloud: Cloud) -> None:
    table = regions_of(cloud)
    assert table
    for host, tag in table.items():
        assert check_region(host) == host == tag.lower()
        assert known_region(cloud, host) == known_region(cloud, tag) == host


def test_no_region_is_in_two_clouds() -> None:
    every = [name for cloud in CLOUDS.values() for name in regions_of(cloud)]
    assert len(every) == len(set(every))


@pytest.mark.parametrize("text", ["eastus", "EastUS", "EASTUS", "East US", " east us ", "East\tUS"])
def test_a_region_may_be_typed_in_many_ways(text: str) -> None:
    assert known_region(PUBLIC, text) == "eastus"


@pytest.mark.parametrize(
    ("cloud", "text", "hint"),
    [
        (PUBLIC, "eastuss", "eastus"),
        (PUBLIC, "wetseurope", "westeurope"),
        (PUBLIC, "germanywestcentra", "germanywestcentral"),
        (CHINA, "chinaest2", "chinaeast2"),
        (US_GOVERNMENT, "usgovvirgina", "usgovvirginia"),
        # Another cloud's.
        (CHINA, "eastus", None),
        (PUBLIC, "usdodeast", None),
        (PUBLIC, "mars", None),
    ],
)
def test_an_unknown_region_is_refused_with_a_hint(cloud: Cloud, text: str, hint: str | None) -> None:
    with pytest.raises(NamingError) as caught:
        known_region(cloud, text)
    message = str(caught.value)
    assert message.startswith(f"{cloud.name} has no region {text!r}")
    if hint:
        assert f"; is it {hint}" in message
    # Two sentences, with something between them.
    assert message.partition(" A region newer")[0][-1] in ".?"


@pytest.mark.parametrize(
    "text",
    ["", " ", "east-us", "1eastus", "eastus.", "eastus\n*", "e" * 41, "\N{LATIN SMALL LETTER E WITH ACUTE}astus"],
)
def test_what_cannot_be_part_of_a_host_is_refused_everywhere(text: str) -> None:
    for cloud in (PUBLIC, OWN):
        with pytest.raises(NamingError):
            known_region(cloud, text)


def test_a_newer_file_brings_newer_regions() -> None:
    newer = {"marsnorth": "MarsNorth"}
    assert known_region(PUBLIC, "Mars North", newer) == "marsnorth"
    assert known_region(PUBLIC, "eastus", newer) == "eastus"
    with pytest.raises(NamingError, match="is it marsnorth"):
        known_region(PUBLIC, "marsnorht", newer)


def test_a_domain_of_ones_own_has_whatever_regions_it_likes() -> None:
    assert regions_of(OWN) == {}
    assert known_region(OWN, "cellar") == "cellar"
    # The regions of Microsoft's file say nothing about it.
    assert known_region(OWN, "cellar", {"eastus": "EastUS"}) == "cellar"
