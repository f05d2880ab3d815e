"""Reading a weekly file, and asking it."""

from __future__ import annotations

import pytest

from seawall.servicetags.prefixes import AddressSet
from seawall.servicetags.snapshot import Snapshot, TagMissingError, read_snapshot
from tests.support.weekly import SMALL, document, encoded, record, weekly


@pytest.fixture(scope="module")
def small() -> Snapshot:
    return read_snapshot(weekly(), "small.json")


def read(content: object) -> Snapshot:
    return read_snapshot(encoded(content), "some.json")


def test_what_is_written_is_read(small: Snapshot) -> None:
    assert (small.cloud, small.change) == ("Public", 374)
    assert {name: tag.prefixes for name, tag in small.tags.items()} == {n: tuple(p) for n, p in SMALL.items()}
    for name, prefixes in SMALL.items():
        assert small.tag(name).name == name
        assert small.tag(name).service == name.partition(".")[0]
        assert small.addresses(name) == AddressSet.of(prefixes)


@pytest.mark.parametrize("cloud", ["Public", "China", "AzureGovernment", "AzureGermany"])
def test_every_cloud_is_read(cloud: str) -> None:
    assert read(document(cloud=cloud)).cloud == cloud


def test_ipv6_is_kept_apart(small: Snapshot) -> None:
    found = small.addresses("AzureContainerRegistry")
    assert found.v4.cover() == ["20.0.0.0/22"]
    assert found.v6.cover() == ["2603:1000::/46"]
    assert found.v6.size == 2**82
    assert [tag.name for tag in small.lookup("2603:1000:1::1")] == [
        "AzureContainerRegistry.GermanyWestCentral",
        "AzureContainerRegistry",
        "AzureCloud",
    ]


# Regions.


@pytest.mark.parametrize(
    ("name", "region"),
    [
        ("AzureContainerRegistry.EastUS", "eastus"),
        # The file says germanywc and, by a slip, isrealcentral.
        ("AzureContainerRegistry.GermanyWestCentral", "germanywestcentral"),
        ("AzureContainerRegistry.IsraelCentral", "israelcentral"),
        ("StorageSyncService.EastUS", "eastus"),
        # AzureCloud has the file's spelling behind the dot.
        ("AzureCloud.eastus", "eastus"),
        ("AzureCloud.germanywc", "germanywestcentral"),
        ("AzureContainerRegistry", ""),
        ("AzureCloud", ""),
        ("AzureFrontDoor.FirstParty", ""),
        ("AzureFrontDoor.Frontend", ""),
        ("AzureActiveDirectory.ServiceEndpoint", ""),
    ],
)
def test_a_tag_has_the_region_of_host_names(small: Snapshot, name: str, region: str) -> None:
    assert small.tag(name).region == region


def test_what_stands_behind_a_dot_is_not_taken_for_a_region() -> None:
    # As in the Government's file: a region is said, and what stands behind the dot is none.
    tags = {**SMALL, "AppService.AzureAppServiceUx": ("20.4.0.0/28",)}
    content = document(tags)
    content["values"][-1]["properties"]["region"] = "eastus"
    assert read(content).tag("AppService.AzureAppServiceUx").region == "eastus"
    assert "azureappserviceux" not in read(content).regions


@pytest.mark.parametrize("backwards", [False, True])
def test_a_stage_region_does_not_take_the_place_of_the_real_one(backwards: bool) -> None:
    # As in the real files, where the two stages say that they are in the region they are a stage of.
    names = ("EastUS2", "EastUS2Stage")
    values = [record(f"Storage.{name}", [f"20.1.{at}.0/24"], region="eastus2") for at, name in enumerate(names)]
    values.append(record("AzureCloud.eastus2", ["20.1.0.0/24"], region="eastus2"))
    values.append(record("Sql.EastUS2", ["20.5.0.0/24"], region="eastus2"))
    snapshot = read({**document(), "values": values[::-1] if backwards else values})
    assert {tag.name: tag.region for tag in snapshot.tags.values()} == {
        "Storage.EastUS2": "eastus2",
        "Storage.EastUS2Stage": "eastus2stage",
        "AzureCloud.eastus2": "eastus2",
        "Sql.EastUS2": "eastus2",
    }


def test_the_regions_of_a_file(small: Snapshot) -> None:
    assert dict(small.regions) == {
        "eastus": "EastUS",
        "germanywestcentral": "GermanyWestCentral",
        "israelcentral": "IsraelCentral",
    }


# Missing is not empty.


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("azurecontainerregistry.eastus", "AzureContainerRegistry.EastUS"),
        ("AzureContainerRegistry.EastUs", "AzureContainerRegistry.EastUS"),
        ("AzureContainerRegistry.germanywc", "AzureContainerRegistry.GermanyWestCentral"),
        ("Storrage", "Storage"),
        ("AzureFrontDoor.FirstPart", "AzureFrontDoor.FirstParty"),
    ],
)
def test_a_tag_that_is_not_there_is_an_error_with_a_hint(small: Snapshot, name: str, hint: str) -> None:
    for ask in (small.tag, small.addresses):
        with pytest.raises(TagMissingError) as caught:
            ask(name)
        assert repr(name) in str(caught.value)
        assert "Public file number 374" in str(caught.value)
        assert hint in str(caught.value).rpartition("; is it ")[2]


@pytest.mark.parametrize("name", ["", ".", "Nothing.Like.It", "MicrosoftContainerRegistry.WestEurope2" * 50, "\n"])
def test_a_tag_like_no_other_is_an_error_too(small: Snapshot, name: str) -> None:
    with pytest.raises(TagMissingError):
        small.addresses(name)


def test_a_region_that_has_vanished_is_missing(small: Snapshot) -> None:
    fewer = {name: prefixes for name, prefixes in SMALL.items() if name != "AzureContainerRegistry.IsraelCentral"}
    assert small.addresses("AzureContainerRegistry.IsraelCentral")
    with pytest.raises(TagMissingError):
        read(document(fewer)).addresses("AzureContainerRegistry.IsraelCentral")


def test_the_beginning_of_a_name_is_not_the_name(small: Snapshot) -> None:
    assert small.addresses("Storage").cidrs == ("20.1.0.0/16",)
    assert small.addresses("StorageSyncService").cidrs == ("20.2.0.0/24",)
    assert small.tag("StorageSyncService.EastUS").service == "StorageSyncService"
    lonely = read(document({"StorageSyncService": ("20.2.0.0/24",)}))
    with pytest.raises(TagMissingError):
        lonely.tag("Storage")


# Which content it is.


def test_the_fingerprint_is_of_the_content_alone(small: Snapshot) -> None:
    backwards = dict(reversed([(name, list(reversed(prefixes))) for name, prefixes in SMALL.items()]))
    crlf = weekly().replace(b"\n", b"\r\n")
    plain = document()
    for value in plain["values"]:
        value["properties"].update(networkFeatures=None, systemService="", changeNumber=99)
    same = {
        "a byte order mark": b"\xef\xbb\xbf" + weekly(),
        "other line endings": crlf,
        "another order": weekly(backwards),
        "another number": weekly(change=375),
        "other remarks": encoded(plain),
        "no indentation": encoded(document()).replace(b"\n", b" "),
    }
    assert crlf != weekly()
    for what, data in same.items():
        assert read_snapshot(data, what).fingerprint == small.fingerprint, what


@pytest.mark.parametrize(
    "tags",
    [
        {**SMALL, "Storage": (*SMALL["Storage"], "20.9.0.0/32")},
        {**SMALL, "Storage": ("20.1.0.0/17",)},
        {name: prefixes for name, prefixes in SMALL.items() if name != "Storage"},
        {**SMALL, "New": ("20.9.0.0/32",)},
        {**SMALL, "Storage": SMALL["StorageSyncService"], "StorageSyncService": SMALL["Storage"]},
    ],
)
def test_a_number_published_twice_does_not_hide_other_content(small: Snapshot, tags: dict[str, list[str]]) -> None:
    other = read(document(tags))
    assert other.change == small.change
    assert other.fingerprint != small.fingerprint


def test_the_same_tags_of_another_cloud_are_other_content(small: Snapshot) -> None:
    assert read(document(cloud="China")).fingerprint != small.fingerprint


# What real files have, and is no fault.


@pytest.mark.parametrize("features", [None, [], ["", "NSG"], ["FW", "UDR", "API", "NSG"]])
def test_features_may_be_anything(features: object) -> None:
    content = {**document(), "values": [record("Storage", ["20.1.0.0/16"], networkFeatures=features)]}
    assert read(content).addresses("Storage").v4.size == 1 << 16


def test_fields_that_are_not_used_may_be_missing_or_new() -> None:
    value = {
        "name": "Storage",
        "properties": {"changeNumber": 3, "region": "", "addressPrefixes": ["20.1.0.0/16"], "news": {"a": [1]}},
        "news": None,
    }
    snapshot = read({"changeNumber": 1, "cloud": "Public", "news": True, "values": [value]})
    assert snapshot.tag("Storage").change == 3


def test_single_addresses_and_overlaps_are_read() -> None:
    snapshot = read(document({"Odd": ["20.0.0.1", "20.0.0.1/32", "20.0.0.0/31", "::1", "20.0.0.2/31"]}))
    assert snapshot.addresses("Odd").cidrs == ("20.0.0.0/30", "::1/128")
