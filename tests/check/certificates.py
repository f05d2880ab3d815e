"""Certificates as an authority makes them, and as nobody should."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Authority", "days", "self_signed"]

_KEY: Final = ec.generate_private_key(ec.SECP256R1())
_PEM: Final = _KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def days(count: float) -> datetime.datetime:
    """A time so many days from now."""
    return datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=count)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) if name else x509.Name([])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Authority:
    """Somebody who vouches for hosts."""

    def __init__(self, name: str = "Authority of the tests") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.subject = _named(name)
        builder = self._builder(self.subject, self._key, days(-1), days(100))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.pem = builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()

    def trust(self, *others: Authority) -> ssl.SSLContext:
        """What a client that trusts this authority, and perhaps others, checks with."""
        # Nobody else: reading all the authorities of a machine takes longer than most of the tests.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        for one in (self, *others):
            context.load_verify_locations(cadata=one.pem)
        return context

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, begins: datetime.datetime, ends: datetime.datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
        )

    def server(
        self,
        names: Iterable[str] = (),
        *,
        begins: datetime.datetime | None = None,
        ends: datetime.datetime | None = None,
        subject: str = "server",
        more: Iterable[x509.ExtensionType] = (),
        mangled: Callable[[bytes], bytes] = bytes,
    ) -> ssl.SSLContext:
        """What a server with these names shows.

        Args:
            names: Host names and addresses.
            begins: From when it holds.
            ends: Until when.
            subject: Whose it is.
            more: More extensions.
            mangled: Changes the finished certificate.
        """
        builder = self._builder(_named(subject), _KEY, begins or days(-1), ends or days(90))
        if names:
            alternative = x509.SubjectAlternativeName([_general(name) for name in names])
            builder = builder.add_extension(alternative, critical=not subject)
        for extension in more:
            builder = builder.add_extension(extension, critical=False)
        made = builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.DER)
        return serving(ssl.DER_cert_to_PEM_cert(mangled(made)))


def self_signed(names: Iterable[str], subject: str = "nobody") -> ssl.SSLContext:
    """What a server shows that vouches for itself."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(subject))
        .issuer_name(_named(subject))
        .public_key(_KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(days(-1))
        .not_valid_after(days(90))
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
    )
    return serving(builder.sign(_KEY, hashes.SHA256()).public_bytes(Encoding.PEM).decode())


def serving(pem: str) -> ssl.SSLContext:
    """A server's side of TLS with a certificate of the tests' key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as directory:
        chain = Path(directory, "both.pem")
        chain.write_bytes(pem.encode() + _PEM)
        context.load_cert_chain(chain)
    return context
