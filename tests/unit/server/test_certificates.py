"""Which hosts a certificate is for is known before a client has to find out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.naming import PUBLIC, Cloud
from seawall.server.authority import OwnAuthority
from seawall.server.certificates import (
    CertificateError,
    check_pair,
    names_of,
    names_to_serve,
    uncovered,
    wildcards,
)
from seawall.topology import Registry, Replica
from tests.unit.test_topology import premium_registries

if TYPE_CHECKING:
    from pathlib import Path

MINE: Final = Registry("myregistry", "eastus", (Replica("eastus", "account1"), Replica("westus", "account2")))
clouds = st.sampled_from([PUBLIC, Cloud.own("registry.example"), Cloud.own("registry.example", "storage.example")])


@pytest.fixture
def authority(tmp_path: Path) -> OwnAuthority:
    made = OwnAuthority(tmp_path / "ca")
    made.ensure()
    return made


def test_a_node_answers_for_the_hosts_of_its_region() -> None:
    elsewhere = Registry("another", "westus", (Replica("westus", "account3"),))
    assert names_to_serve(PUBLIC, "eastus", [MINE, elsewhere]) == [
        "azurecr.io",
        "myregistry.azurecr.io",
        "myregistry.eastus.geo.azurecr.io",
        "myregistry.eastus.data.azurecr.io",
        "account1.blob.core.windows.net",
    ]
    assert names_to_serve(PUBLIC, "northeurope", [MINE]) == ["azurecr.io"]


@settings(max_examples=20)
@given(cloud=clouds, registries=st.lists(premium_registries(), min_size=1, max_size=3))
def test_the_wildcards_cover_whatever_a_region_serves(
    authority: OwnAuthority, tmp_path: Path, cloud: Cloud, registries: list[Registry]
) -> None:
    region = registries[0].home
    certificate, _ = authority.certificate_for(wildcards(cloud, region), tmp_path / "tls")
    assert uncovered(names_to_serve(cloud, region, registries), [certificate]) == []


def test_a_wildcard_stands_for_one_label_only(authority: OwnAuthority, tmp_path: Path) -> None:
    certificate, _ = authority.certificate_for(["*.azurecr.io"], tmp_path / "tls")
    assert uncovered(names_to_serve(PUBLIC, "eastus", [MINE]), [certificate]) == [
        "azurecr.io",
        "myregistry.eastus.geo.azurecr.io",
        "myregistry.eastus.data.azurecr.io",
        "account1.blob.core.windows.net",
    ]


def test_several_certificates_are_added_up(authority: OwnAuthority, tmp_path: Path) -> None:
    some, _ = authority.certificate_for(["azurecr.io", "*.azurecr.io"], tmp_path / "some")
    others, _ = authority.certificate_for(["*.eastus.geo.azurecr.io", "*.eastus.data.azurecr.io"], tmp_path / "others")
    names = names_to_serve(PUBLIC, "eastus", [MINE])
    assert uncovered(names, [some, others]) == ["account1.blob.core.windows.net"]
    assert uncovered(names, []) == names
    assert uncovered([], [some]) == []


def test_the_names_are_those_of_the_first_certificate(authority: OwnAuthority, tmp_path: Path) -> None:
    certificate, _ = authority.certificate_for(["b.example", "*.a.example", "127.0.0.1"], tmp_path / "tls")
    assert sorted(names_of(certificate)) == ["*.a.example", "b.example"]
    assert names_of(authority.certificate_file) == []


def test_a_certificate_and_its_key(authority: OwnAuthority, tmp_path: Path) -> None:
    check_pair(*authority.certificate_for(["a.example"], tmp_path / "tls"))


def test_what_is_no_certificate_and_its_key(authority: OwnAuthority, tmp_path: Path) -> None:
    certificate, key = authority.certificate_for(["a.example"], tmp_path / "tls")
    _, other_key = authority.certificate_for(["b.example"], tmp_path / "other")
    garbage, empty, missing = tmp_path / "garbage", tmp_path / "empty", tmp_path / "missing"
    garbage.write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    empty.touch()
    for pair in (
        (certificate, other_key),
        (key, certificate),
        (certificate, certificate),
        (garbage, key),
        (certificate, garbage),
        (empty, key),
        (certificate, empty),
        (tmp_path, key),
        (certificate, tmp_path),
    ):
        with pytest.raises(CertificateError) as caught:
            check_pair(*pair)
        assert str(pair[0]) in str(caught.value)
        assert str(pair[1]) in str(caught.value)
    for pair in ((missing, key), (certificate, missing)):
        with pytest.raises(CertificateError, match=r"missing does not exist"):
            check_pair(*pair)
