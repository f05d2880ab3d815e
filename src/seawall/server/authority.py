"""A certificate authority of one's own, so that TLS works from the first minute and without anybody's help."""

from __future__ import annotations

import datetime
import ipaddress
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from seawall.durable import PRIVATE, replace_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["OwnAuthority"]

_AUTHORITY_DAYS: Final = 3650
_SERVER_DAYS: Final = 397
"""Longer-lived server certificates are refused by some clients."""
_RENEW_BEFORE: Final = datetime.timedelta(days=30)
_CLOCK_SLACK: Final = datetime.timedelta(hours=1)


class OwnAuthority:
    """The authority kept in one directory: ``ca.crt``, which clients trust, and ``ca.key``, which stays here.

    The directory also serves as a docker, podman or skopeo certificate directory, where ``*.crt`` is what to trust.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.certificate_file = directory / "ca.crt"
        self._key_file = directory.parent / "ca.key"

    def ensure(self) -> None:
        """Make the authority, if it is not there."""
        if self.certificate_file.exists() and self._key_file.exists():
            return
        self._directory.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Seawall own certificate authority")])
        now = _now()
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _CLOCK_SLACK)
            .not_valid_after(now + datetime.timedelta(days=_AUTHORITY_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(identifier, critical=False)
            .sign(key, hashes.SHA256())
        )
        replace_file(self._key_file, _pem(key), PRIVATE)
        replace_file(self.certificate_file, certificate.public_bytes(Encoding.PEM), PRIVATE)

    def certificate_for(self, names: Iterable[str], directory: Path) -> tuple[Path, Path]:
        """Return a certificate and key file for some host names, addresses or wildcards.

        Made anew when there are none, when they are for other names, or when they end within a month.
        """
        names = sorted(set(names))
        chain_file, key_file = directory / "server.crt", directory / "server.key"
        if key_file.exists() and chain_file.exists() and self._still_good(chain_file, key_file, names):
            return chain_file, key_file
        directory.mkdir(parents=True, exist_ok=True)
        authority = x509.load_pem_x509_certificate(self.certificate_file.read_bytes())
        authority_key = load_pem_private_key(self._key_file.read_bytes(), password=None)
        assert isinstance(authority_key, ec.EllipticCurvePrivateKey)
        key = ec.generate_private_key(ec.SECP256R1())
        now = _now()
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Seawall")]))
            .issuer_name(authority.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _CLOCK_SLACK)
            .not_valid_after(now + datetime.timedelta(days=_SERVER_DAYS))
            .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
            )
            .sign(authority_key, hashes.SHA256())
        )
        replace_file(key_file, _pem(key), PRIVATE)
        replace_file(chain_file, certificate.public_bytes(Encoding.PEM) + self.certificate_file.read_bytes(), PRIVATE)
        return chain_file, key_file

    def _still_good(self, chain_file: Path, key_file: Path, names: list[str]) -> bool:
        try:
            certificate = x509.load_pem_x509_certificate(chain_file.read_bytes())
            key = load_pem_private_key(key_file.read_bytes(), password=None)
            authority = x509.load_pem_x509_certificate(self.certificate_file.read_bytes())
            certificate.verify_directly_issued_by(authority)
            alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            # Damaged, or of an authority that is gone: made anew.
            return False
        same = sorted(str(name.value) for name in alternative) == names and key.public_key() == certificate.public_key()
        return same and certificate.not_valid_after_utc - _RENEW_BEFORE > _now()


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
