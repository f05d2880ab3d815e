"""Which hosts a certificate is for is known before a client has to find out."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
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


def test_a_key_that_somebody_would_have_to_unlock(authority: OwnAuthority, tmp_path: Path) -> None:
    certificate, key = authority.certificate_for(["a.example"], tmp_path / "tls")
    opened = serialization.load_pem_private_key(key.read_bytes(), password=None)
    locked = tmp_path / "locked.key"
    locked.write_bytes(
        opened.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    # Were it asked for at a terminal, a service would wait for ever.
    with pytest.raises(CertificateError, match=str(locked)):
        check_pair(certificate, locked)


@pytest.mark.parametrize(("days", "fits"), [(-400, False), (-1, False), (1, True), (400, True)])
def test_a_certificate_that_has_ended(tmp_path: Path, days: int, fits: bool) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a.example")])
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
    made = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=end - datetime.timedelta(days=1000),
        not_valid_after=end,
    ).sign(key, hashes.SHA256())
    pair = tmp_path / "a.crt", tmp_path / "a.key"
    pair[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pair[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    if fits:
        check_pair(*pair)
    else:
        with pytest.raises(CertificateError, match=r"a\.crt ended"):
            check_pair(*pair)
