"""An authority of one's own: clients that trust it are satisfied, its keys are nobody else's, and it renews in time."""

from __future__ import annotations

import datetime
import os
import ssl
import stat
from typing import TYPE_CHECKING, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from seawall.server.authority import OwnAuthority
from seawall.server.certificates import check_pair, wildcards

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

from seawall.naming import Cloud

NAMES: Final = ["localhost", "127.0.0.1", "::1", *wildcards(Cloud.own("registry.example"), "eastus")]


@pytest.fixture
def authority(tmp_path: Path) -> OwnAuthority:
    made = OwnAuthority(tmp_path / "ca")
    made.ensure()
    return made


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Let whatever is made without care be open to all."""
    before = os.umask(0)
    yield
    os.umask(before)


def handshake(authority: OwnAuthority, pair: tuple[Path, Path], host: str) -> None:
    """Let a strict client that trusts the authority alone speak to a server, in memory."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*pair)
    client = ssl.create_default_context(cafile=str(authority.certificate_file))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=host),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(10):
        for end in list(ends):
            try:
                end.do_handshake()
                ends.remove(end)
            except ssl.SSLWantReadError:
                pass
        if not ends:
            return
    raise AssertionError("no end of the handshake")


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.0.0.1",
        "::1",
        "registry.example",
        "myregistry.registry.example",
        "myregistry.eastus.data.registry.example",
        "myregistry.eastus.geo.registry.example",
        "account1.blob.registry.example",
        "MYREGISTRY.Registry.Example",
    ],
)
def test_a_client_that_trusts_the_authority_is_satisfied(authority: OwnAuthority, tmp_path: Path, host: str) -> None:
    handshake(authority, authority.certificate_for(NAMES, tmp_path / "tls"), host)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.2", "evil.example", "a.b.registry.example", "myregistry.westus.data.registry.example", "xlocalhost"],
)
def test_it_is_not_satisfied_elsewhere(authority: OwnAuthority, tmp_path: Path, host: str) -> None:
    pair = authority.certificate_for(NAMES, tmp_path / "tls")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(authority, pair, host)


def test_a_client_that_trusts_another_authority_is_not_satisfied(authority: OwnAuthority, tmp_path: Path) -> None:
    other = OwnAuthority(tmp_path / "other" / "ca")
    other.ensure()
    pair = authority.certificate_for(NAMES, tmp_path / "tls")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(other, pair, "localhost")


def test_the_authority_is_made_once(authority: OwnAuthority, tmp_path: Path) -> None:
    before = authority.certificate_file.read_bytes()
    for one in (authority, OwnAuthority(tmp_path / "ca")):
        one.ensure()
        assert authority.certificate_file.read_bytes() == before


def test_the_directory_that_clients_are_given_holds_no_key(authority: OwnAuthority) -> None:
    directory = authority.certificate_file.parent
    assert [path.name for path in directory.iterdir()] == ["ca.crt"]
    assert b"PRIVATE" not in authority.certificate_file.read_bytes()


@pytest.mark.usefixtures("open_umask")
def test_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    authority = OwnAuthority(tmp_path / "ca")
    authority.ensure()
    authority.certificate_for(NAMES, tmp_path / "tls")
    with_keys = [path for path in tmp_path.rglob("*") if path.is_file() and b"PRIVATE" in path.read_bytes()]
    assert len(with_keys) == 2
    for path in with_keys:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_good_certificate_is_kept(authority: OwnAuthority, tmp_path: Path) -> None:
    certificate, key = authority.certificate_for(NAMES, tmp_path / "tls")
    before = certificate.read_bytes(), key.read_bytes()
    for names in (NAMES, NAMES[::-1], NAMES * 2, iter(NAMES)):
        assert OwnAuthority(tmp_path / "ca").certificate_for(names, tmp_path / "tls") == (certificate, key)
        assert (certificate.read_bytes(), key.read_bytes()) == before


def assert_renewed(authority: OwnAuthority, directory: Path, names: list[str], before: bytes) -> None:
    pair = authority.certificate_for(names, directory)
    assert pair[0].read_bytes() != before
    check_pair(*pair)
    handshake(authority, pair, names[0])


@pytest.mark.parametrize(
    "names", [[*NAMES, "new.example"], NAMES[1:], ["other.example"]], ids=["more", "fewer", "other"]
)
def test_other_names_need_another_certificate(authority: OwnAuthority, tmp_path: Path, names: list[str]) -> None:
    certificate, _ = authority.certificate_for(NAMES, tmp_path / "tls")
    assert_renewed(authority, tmp_path / "tls", names, certificate.read_bytes())


def with_end(authority: OwnAuthority, directory: Path, end: datetime.datetime) -> bytes:
    """Replace the certificate by one that is the same but for its end."""
    certificate_file, _ = authority.certificate_for(NAMES, directory)
    old = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    key = serialization.load_pem_private_key((directory.parent / "ca.key").read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    builder = x509.CertificateBuilder(
        issuer_name=old.issuer,
        subject_name=old.subject,
        public_key=old.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=end - datetime.timedelta(days=397),
        not_valid_after=end,
    )
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    made = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    certificate_file.write_bytes(made + authority.certificate_file.read_bytes())
    return certificate_file.read_bytes()


@pytest.mark.parametrize("days", [-1, 0, 1, 7, 29])
def test_a_certificate_that_ends_within_a_month_is_renewed(authority: OwnAuthority, tmp_path: Path, days: int) -> None:
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
    assert_renewed(authority, tmp_path / "tls", NAMES, with_end(authority, tmp_path / "tls", end))


def test_a_certificate_that_ends_later_is_not(authority: OwnAuthority, tmp_path: Path) -> None:
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=31)
    before = with_end(authority, tmp_path / "tls", end)
    assert authority.certificate_for(NAMES, tmp_path / "tls")[0].read_bytes() == before


def test_no_certificate_is_good_for_longer_than_clients_like(authority: OwnAuthority, tmp_path: Path) -> None:
    certificate, _ = authority.certificate_for(NAMES, tmp_path / "tls")
    made = x509.load_pem_x509_certificate(certificate.read_bytes())
    assert made.not_valid_before_utc <= datetime.datetime.now(datetime.UTC)
    assert made.not_valid_after_utc - made.not_valid_before_utc <= datetime.timedelta(days=398)


@pytest.mark.parametrize("lost", ["ca.key", "ca/ca.crt"])
def test_a_certificate_of_an_authority_that_was_lost_is_replaced(
    authority: OwnAuthority, tmp_path: Path, lost: str
) -> None:
    certificate, _ = authority.certificate_for(NAMES, tmp_path / "tls")
    before = certificate.read_bytes()
    (tmp_path / lost).unlink()
    authority.ensure()
    assert_renewed(authority, tmp_path / "tls", NAMES, before)


@pytest.mark.parametrize("damage", ["lost", "empty", "cut short", "garbage", "of another"])
@pytest.mark.parametrize("file", ["server.crt", "server.key"])
def test_a_file_that_was_damaged_is_replaced(authority: OwnAuthority, tmp_path: Path, file: str, damage: str) -> None:
    # As a crash or a full disk leaves them.
    certificate, _ = authority.certificate_for(NAMES, tmp_path / "tls")
    authority.certificate_for(NAMES, tmp_path / "another")
    damaged = tmp_path / "tls" / file
    content = damaged.read_bytes()
    if damage == "lost":
        damaged.unlink()
    else:
        contents = {
            "empty": b"",
            "cut short": content[: len(content) // 4],
            "garbage": b"\0" * 100,
            "of another": (tmp_path / "another" / file).read_bytes(),
        }
        damaged.write_bytes(contents[damage])
    pair = authority.certificate_for(NAMES, tmp_path / "tls")
    check_pair(*pair)
    handshake(authority, pair, "localhost")
    assert certificate == pair[0]
