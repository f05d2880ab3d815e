"""Making tokens that the real issuer would not make."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from functools import lru_cache
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from seawall.metadata.keys import SigningKey

Part = dict[str, Any]

AUDIENCE: Final = "myregistry.azurecr.io"


@lru_cache
def key(name: str) -> SigningKey:
    """A token key; the same for the same name."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return SigningKey(name, pem, 0.0)


@lru_cache
def private(signing: SigningKey) -> rsa.RSAPrivateKey:
    loaded = load_pem_private_key(signing.secret, password=None)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    return loaded


def public_pem(signing: SigningKey) -> bytes:
    return private(signing).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def public_jwk(signing: SigningKey) -> Part:
    numbers = private(signing).public_key().public_numbers()
    return {"kty": "RSA", "n": _text(numbers.n.to_bytes(256, "big")), "e": _text(numbers.e.to_bytes(3, "big"))}


def parts(token: str) -> tuple[Part, Part]:
    """A token's header and claims."""
    header, claims, _ = token.split(".")
    return _read(header), _read(claims)


def signed(header: Part, claims: Part, by: SigningKey) -> str:
    """A token with a good signature, whatever it says."""
    text = f"{_part(header)}.{_part(claims)}"
    return f"{text}.{_text(private(by).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def unsigned(header: Part, claims: Part, signature: bytes = b"") -> str:
    return f"{_part(header)}.{_part(claims)}.{_text(signature)}"


def signed_with_text(header: Part, claims: Part, secret: bytes) -> str:
    """A token signed as if the secret were shared: HS256."""
    text = f"{_part(header)}.{_part(claims)}"
    return f"{text}.{_text(hmac.digest(secret, text.encode(), hashlib.sha256))}"


def _part(value: Part) -> str:
    return _text(json.dumps(value).encode())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _read(text: str) -> Part:
    return dict(json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))
