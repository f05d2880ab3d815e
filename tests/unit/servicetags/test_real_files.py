"""Every real weekly file there is: read, and asked about what is known of it."""

from __future__ import annotations

import ipaddress
import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from seawall.naming import CHINA, PUBLIC, US_GOVERNMENT, Cloud
from seawall.servicetags.feed import read_file
from seawall.servicetags.prefixes import AddressSet
from seawall.servicetags.regions import known_region, regions_of
from tests.unit.servicetags.real import NAMES, NEWEST

if TYPE_CHECKING:
    from pathlib import Path

    from seawall.servicetags.snapshot import Snapshot

REGISTRIES: Final = ("AzureContainerRegistry", "Storage", "MicrosoftContainerRegistry")

# Spellings of the file itself that differ from those of host names, as measured over all files of five years.
ODD_REGIONS: Final = {
    "germanywc": "germanywestcentral",
    "germanyn": "germanynorth",
    "centralfrance": "francecentral",
    "southfrance": "francesouth",
    "norwaye": "norwayeast",
    "norwayw": "norwaywest",
    "switzerlandn": "switzerlandnorth",
    "switzerlandw": "switzerlandwest",
    "brazilse": "brazilsoutheast",
    "chilec": "chilecentral",
    "isrealcentral": "israelcentral",
    "usstagee": "eastusstg",
    "usstagec": "southcentralusstg",
}


@pytest.fixture(scope="session", params=NEWEST)
def newest(request: pytest.FixtureRequest, real_files: Path) -> Snapshot:
    return read_file(real_files / f"{NEWEST[request.param]}.json")


@pytest.fixture(scope="session")
def public(real_files: Path) -> Snapshot:
    return read_file(real_files / f"{NEWEST['Public']}.json")


def raw(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def test_all_of_them_are_known_here(real_files: Path) -> None:
    assert sorted(path.stem for path in real_files.glob("*.json")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_real_file_is_read(real_files: Path, name: str) -> None:
    path = real_files / f"{name}.json"
    snapshot = read_file(path)
    cloud, _, number = name.split("_")
    assert snapshot.cloud == cloud
    assert snapshot.change == int(number.removeprefix("cn"))
    values = raw(path)["values"]
    assert {one["name"]: tuple(one["properties"]["addressPrefixes"]) for one in values} == {
        tag.name: tag.prefixes for tag in snapshot.tags.values()
    }
    for one in values:
        tag, said = snapshot.tag(one["name"]), one["properties"]["region"]
        assert tag.change == one["properties"]["changeNumber"]
        assert not tag.region or said
        assert tag.region in {"", *snapshot.regions}
        suffix = one["name"].partition(".")[2].lower()
        if said and suffix in snapshot.regions:
            assert tag.region == suffix
        elif said in ODD_REGIONS and ODD_REGIONS[said] in snapshot.regions:
            assert tag.region == ODD_REGIONS[said]


@pytest.mark.parametrize("name", NAMES)
def test_regions_are_part_of_the_whole(real_files: Path, name: str) -> None:
    snapshot = read_file(real_files / f"{name}.json")
    for service in REGISTRIES:
        if service not in snapshot.tags:
            # The Government's file and China's have no MCR of their own, or not always.
            assert snapshot.cloud != "Public"
            continue
        everywhere = snapshot.addresses(service)
        regional = [tag.name for tag in snapshot.tags.values() if tag.service == service and tag.name != service]
        assert regional
        for one in regional:
            assert snapshot.addresses(one) <= everywhere, one
            assert snapshot.addresses(one), one
        joined = AddressSet.union(map(snapshot.addresses, regional))
        # The whole is never made from its regions: it has addresses in none of them.
        assert joined <= everywhere


def test_the_whole_is_more_than_its_regions(public: Snapshot) -> None:
    for service in ("AzureContainerRegistry", "Storage"):
        regional = [tag.name for tag in public.tags.values() if tag.service == service and tag.region]
        assert public.addresses(service) - AddressSet.union(map(public.addresses, regional))


def test_the_three_services_never_overlap(newest: Snapshot) -> None:
    sets = [newest.addresses(service) for service in REGISTRIES if service in newest.tags]
    assert AddressSet.union(sets).v4.size == sum(one.v4.size for one in sets)
    assert AddressSet.union(sets).v6.size == sum(one.v6.size for one in sets)


@pytest.mark.parametrize("service", [*REGISTRIES, "AzureFrontDoor.FirstParty", "AzureCloud"])
def test_the_standard_library_finds_the_same_addresses(public: Snapshot, service: str) -> None:
    nets = [ipaddress.ip_network(prefix) for prefix in public.tag(service).prefixes]
    v4 = ipaddress.collapse_addresses(one for one in nets if isinstance(one, ipaddress.IPv4Network))
    v6 = ipaddress.collapse_addresses(one for one in nets if isinstance(one, ipaddress.IPv6Network))
    assert list(map(ipaddress.ip_network, public.addresses(service).cidrs)) == [*v4, *v6]


@pytest.mark.parametrize(
    ("address", "first", "all_of"),
    [
        # An address of MCR that a user met (microsoft/containerregistry#67).
        (
            "13.69.64.80",
            "MicrosoftContainerRegistry.WestEurope",
            {"MicrosoftContainerRegistry", "AzureCloud.westeurope", "AzureCloud"},
        ),
        (
            "20.41.69.130",
            "AzureContainerRegistry.KoreaCentral",
            {"AzureContainerRegistry", "AzureCloud.koreacentral", "AzureCloud"},
        ),
        # "Not in the tags" (Azure/kubernetes-keyvault-flexvol#167): in this one, and not even in AzureCloud.
        ("204.79.197.219", "AzureFrontDoor.FirstParty", set()),
        ("127.0.0.1", None, set()),
        ("8.8.8.8", None, set()),
    ],
)
def test_known_addresses(public: Snapshot, address: str, first: str | None, all_of: set[str]) -> None:
    names = [tag.name for tag in public.lookup(address)]
    assert names[:1] == ([first] if first else [])
    assert set(names[1:]) == all_of
    linear = {
        tag.name
        for tag in public.tags.values()
        for prefix in tag.prefixes
        if ":" not in prefix and ipaddress.ip_address(address) in ipaddress.ip_network(prefix)
    }
    assert set(names) == linear


@pytest.mark.parametrize("cloud", [PUBLIC, CHINA, US_GOVERNMENT], ids=lambda cloud: cloud.domain)
def test_the_table_of_regions_knows_those_of_the_newest_file(real_files: Path, cloud: Cloud) -> None:
    tags = {PUBLIC.domain: "Public", CHINA.domain: "China", US_GOVERNMENT.domain: "AzureGovernment"}[cloud.domain]
    path = real_files / f"{NEWEST[tags]}.json"
    suffixes = {
        one["name"].partition(".")[2]
        for one in raw(path)["values"]
        if one["name"].partition(".")[0] in {"AzureContainerRegistry", "Storage"} and one["properties"]["region"]
    } - {""}
    # Two are for trying things out, and nobody has a registry there.
    suffixes -= {"EastUS2Stage", "NorthCentralUSStage"}
    assert len(suffixes) > 4
    table = regions_of(cloud)
    assert suffixes <= set(table.values())
    assert {suffix.lower(): suffix for suffix in suffixes}.items() <= table.items()
    assert all(known_region(cloud, suffix) == suffix.lower() for suffix in suffixes)
    assert {suffix.lower(): suffix for suffix in suffixes}.items() <= read_file(path).regions.items()
