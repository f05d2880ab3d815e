"""Making tokens that the real issuer would not make."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import lru_cache
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from seawall.metadata.keys import SigningKey

AUDIENCE: Final = "myregistry.azurecr.io"


@lru_cache
def key(name: str) -> SigningKey:
    """A token key; the same for the same name."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return SigningKey(name, pem, 0.0)


def private(signing: SigningKey) -> rsa.RSAPrivateKey:
    return jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256).prepare_key(signing.secret.decode())  # type: ignore[return-value]


def public_pem(signing: SigningKey) -> bytes:
    return private(signing).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def public_jwk(signing: SigningKey) -> dict[str, Any]:
    return dict(json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private(signing).public_key())))


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A token's header and claims."""
    return jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})


def signed(
    claims: dict[str, Any], by: SigningKey, *, without: str = "", header: dict[str, Any] | None = None, **changes: Any
) -> str:
    """A token with a good signature and some claims or headers changed; a header of ``None`` is left out."""
    changed = {name: value for name, value in {**claims, **changes}.items() if name != without}
    return jwt.encode(changed, private(by), "RS256", headers={"kid": by.name, **(header or {})})


def unsigned(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    return f"{_part(header)}.{_part(claims)}.{_text(signature)}"


def signed_with_text(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    """A token signed as if the secret were shared: HS256."""
    text = f"{_part(header)}.{_part(claims)}"
    return f"{text}.{_text(hmac.digest(secret, text.encode(), hashlib.sha256))}"


def _part(value: dict[str, Any]) -> str:
    return _text(json.dumps(value).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
