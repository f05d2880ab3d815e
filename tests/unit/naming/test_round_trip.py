"""Every host can be written as a name, and read back from it, in every cloud."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seawall.naming import CHINA, CLOUDS, PUBLIC, US_GOVERNMENT, Cloud, Host, NamingError, Role, normalise
from tests.unit.strategies import accounts, hosts, regions, registries

clouds = st.sampled_from(
    [
        PUBLIC,
        CHINA,
        US_GOVERNMENT,
        Cloud.own("registry.example"),
        Cloud.own("registry.example", "storage.example"),
        Cloud.own("example.com", "storage.example.com"),
        Cloud.own("registry.example.com", "example.com"),
        Cloud.own("localdomain"),
    ]
)


@given(clouds, hosts)
def test_a_name_reads_back_as_the_host_it_was_written_for(cloud: Cloud, host: Host) -> None:
    assert cloud.parse(cloud.host(host)) == host


@given(clouds, hosts, st.sampled_from(["", "."]), st.data())
def test_case_and_one_trailing_dot_do_not_matter(cloud: Cloud, host: Host, dot: str, data: st.DataObject) -> None:
    name = cloud.host(host)
    upper = data.draw(st.sets(st.integers(0, len(name) - 1)))
    written = "".join(letter.upper() if place in upper else letter for place, letter in enumerate(name))
    assert cloud.parse(written + dot) == host


@given(clouds, st.text(st.sampled_from("abcdehilmoprstuvxyz012.-_*:/@\0"), max_size=60))
def test_a_name_that_is_read_is_written_the_same(cloud: Cloud, text: str) -> None:
    for name in (text, f"{text}.{cloud.domain}", f"{text}.blob.{cloud.storage}"):
        try:
            host = cloud.parse(name)
        except NamingError:
            continue
        assert cloud.host(host) == normalise(name)


@given(st.text(max_size=300))
def test_text_is_a_host_or_refused_and_nothing_else(text: str) -> None:
    for name in (text, f"{text}.azurecr.io"):
        with contextlib.suppress(NamingError):
            assert PUBLIC.host(PUBLIC.parse(name)) == name.lower().removesuffix(".")


# Suffixes that meet: whichever of them a cloud accepts, no name may stand for two hosts.
meeting_suffixes = st.lists(st.sampled_from(["blob", "data", "geo", "eastus", "example"]), min_size=1, max_size=4).map(
    ".".join
)


@given(
    meeting_suffixes,
    meeting_suffixes,
    hosts
    | st.builds(Host, st.just(Role.DATA), registry=registries, region=st.just("blob"))
    | st.builds(Host, st.just(Role.BLOB), account=st.sampled_from(["eastus", "example"])),
)
@example("example", "data.example", Host(Role.DATA, registry="myregistry", region="blob"))
@example("blob.example", "example", Host(Role.LOGIN, registry="myregistry"))
def test_no_cloud_that_is_accepted_has_ambiguous_names(domain: str, storage: str, host: Host) -> None:
    try:
        cloud = Cloud.own(domain, storage)
    except NamingError:
        return  # refusing such a pair is one way to keep the promise
    assert cloud.parse(cloud.host(host)) == host


@given(st.lists(st.text(st.sampled_from("ab"), min_size=1, max_size=63), min_size=1, max_size=8), registries, regions)
@example(["a" * 63] * 3 + ["a" * 61], "myregistry", "eastus")
def test_no_name_is_longer_than_a_name_may_be(labels: list[str], registry: str, region: str) -> None:
    domain = ".".join(labels)
    try:
        name = Cloud.own(domain).data(registry, region)
    except NamingError:
        return
    assert len(name) <= 253


@pytest.mark.parametrize(
    ("cloud", "login", "blob"),
    [
        (PUBLIC, "myregistry.azurecr.io", "abc123.blob.core.windows.net"),
        (CHINA, "myregistry.azurecr.cn", "abc123.blob.core.chinacloudapi.cn"),
        (US_GOVERNMENT, "myregistry.azurecr.us", "abc123.blob.core.usgovcloudapi.net"),
        (Cloud.own("Registry.Example."), "myregistry.registry.example", "abc123.blob.registry.example"),
    ],
)
def test_the_documented_forms(cloud: Cloud, login: str, blob: str) -> None:
    assert cloud.login("myregistry") == login
    assert cloud.data("myregistry", "eastus") == login.replace(".", ".eastus.data.", 1)
    assert cloud.regional("myregistry", "eastus") == login.replace(".", ".eastus.geo.", 1)
    assert cloud.blob("abc123") == blob
    assert cloud.blob_wildcard == blob.replace("abc123", "*")
    assert cloud.apex == login.partition(".")[2]


def test_clouds_have_short_names() -> None:
    assert {"public": PUBLIC, "china": CHINA, "usgov": US_GOVERNMENT} == CLOUDS


@given(accounts, st.sampled_from(["azurecr.io", "azurecr.cn"]))
def test_a_cloud_does_not_read_the_names_of_another(account: str, domain: str) -> None:
    cloud = US_GOVERNMENT
    for name in (domain, f"myregistry.{domain}", f"{account}.blob.core.windows.net"):
        with pytest.raises(NamingError):
            cloud.parse(name)


@pytest.mark.parametrize("suffix", ["", "azurecr.IO", "azurecr.io.", "*.azurecr.io", "azurecr.io:443", "10.0.0.1"])
def test_a_cloud_with_a_suffix_that_is_no_host_name_is_refused(suffix: str) -> None:
    with pytest.raises(NamingError):
        Cloud("mine", suffix, "storage.example")
    with pytest.raises(NamingError):
        Cloud("mine", "registry.example", suffix)
