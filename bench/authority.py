"""Certificates and signed tokens for the peers, of the kinds that Seawall makes for itself."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from typing import TYPE_CHECKING

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

LIFE = dt.timedelta(days=2)


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed P-256 certificate for localhost: the paths of the certificate and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    return _write_pair(folder, "tls", key)


def _write_pair(folder: Path, stem: str, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> tuple[Path, Path]:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - LIFE)
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{stem}.crt", folder / f"{stem}.key"
    paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths


class Issuer:
    """Signs the bearer tokens that a peer verifies: RS256 with 2,048 bits, as Seawall signs its own.

    The key is named by `kid`, which both versions of distribution look up in the certificates they trust.
    That is the cheapest token for them to verify: an `x5c` chain would cost a second signature check.
    """

    name = "bench"

    def __init__(self, folder: Path) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.certificate, _ = _write_pair(folder, "issuer", self._key)

    def libtrust_id(self) -> str:
        """The key's name in distribution 2: 240 bits of a SHA-256 of the key in groups of four letters."""
        spki = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        text = base64.b32encode(hashlib.sha256(spki).digest()[:30]).decode()
        return ":".join(text[at : at + 4] for at in range(0, len(text), 4))

    def thumbprint(self) -> str:
        """The key's name in distribution 3: the thumbprint of RFC 7638."""
        members = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        text = json.dumps({name: members[name] for name in ("e", "kty", "n")}, separators=(",", ":"))
        return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")

    def token(self, kid: str, service: str, repository: str) -> str:
        """A token for pulling and pushing, good for as long as the benchmark may last."""
        now = dt.datetime.now(dt.UTC)
        claims = {
            "iss": self.name,
            "sub": "bench",
            "aud": service,
            "iat": now,
            "nbf": now,
            "exp": now + LIFE,
            "jti": "bench",
            "access": [{"type": "repository", "name": repository, "actions": ["pull", "push"]}],
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": kid})
