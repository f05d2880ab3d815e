"""Tokens as an attacker, or a broken clock, would write them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seawall.metadata.keys import SigningKey


_RS256 = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256)


def claims_of(token: str) -> dict[str, Any]:
    """Read a token without checking it."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def sign(key: SigningKey, claims: Mapping[str, Any], **header: Any) -> str:  # noqa: ANN401 - JSON
    """Sign with the registry's own key, whatever is claimed."""
    head = {"typ": "JWT", "alg": "RS256", "kid": key.name, **header}
    signed = f"{_part(head)}.{_part(claims)}"
    private = load_pem_private_key(key.secret, password=None)
    assert isinstance(private, rsa.RSAPrivateKey)
    return f"{signed}.{_base64(_RS256.sign(signed.encode(), private))}"


def forgeries(token: str, key: SigningKey) -> dict[str, str]:
    """Write every kind of token that must not be believed, from one that is and the key behind it."""
    claims = claims_of(token)
    head, body, signature = token.split(".")
    now = int(time.time())
    strangers = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = strangers.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(strangers.public_key()))
    own = load_pem_private_key(key.secret, password=None).public_key()
    public = own.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    stranger = type(key)(key.name, pem, key.created)
    without = {name: {k: v for k, v in claims.items() if k != name} for name in claims}
    return {
        "signed by a stranger": sign(stranger, claims),
        "with the stranger's key inside": sign(stranger, claims, jwk=jwk),
        "with the stranger's key elsewhere": sign(
            stranger, claims, jku="https://127.0.0.1:1/keys", x5u="https://127.0.0.1:1/"
        ),
        "with the stranger's certificate inside": sign(stranger, claims, x5c=[_base64(pem)]),
        "key named by a path": sign(key, claims, kid="../../../../dev/null"),
        "key named by a number": sign(key, claims, kid=1),
        "key named by a list": sign(key, claims, kid=[key.name]),
        "key not named": sign(key, claims, kid=None),
        "algorithm none": f"{_part({'alg': 'none', 'kid': key.name})}.{body}.",
        "algorithm NONE with a signature": f"{_part({'alg': 'NONE', 'kid': key.name})}.{body}.{signature}",
        "public key as a shared secret": _hs256(body, key.name, public),
        "empty shared secret": _hs256(body, key.name, b""),
        "critical extension": sign(key, claims, crit=["exp-free"]),
        "another payload": f"{head}.{_part({**claims, 'sub': 'root'})}.{signature}",
        "no signature": f"{head}.{body}.",
        "two parts": f"{head}.{body}",
        "four parts": f"{token}.x",
        "dots": "..",
        "not base64": "a.b.c",
        "not JSON": f"{_base64(b'x')}.{_base64(b'x')}.{signature}",
        "nested deeply": f"{_base64(b'[' * 5000)}.{body}.{signature}",
        "a megabyte is too long": f"{head}.{'A' * 200_000}.{signature}",
        "another audience": sign(key, {**claims, "aud": "second.azurecr.test"}),
        "another audience among others": sign(key, {**claims, "aud": ["second.azurecr.test", "x"]}),
        "another issuer": sign(key, {**claims, "iss": "somebody"}),
        "over": sign(key, {**claims, "exp": now - 1}),
        "over since 1970": sign(key, {**claims, "exp": 0}),
        "not begun": sign(key, {**claims, "nbf": now + 600}),
        "issued in the future": sign(key, {**claims, "iat": now + 600}),
        "ends at no number": sign(key, {**claims, "exp": "never"}),
        "of another kind": sign(key, {**claims, "grant_type": "refresh_token"}),
        "of a new kind": sign(key, {**claims, "grant_type": "root"}),
        "subject is a list": sign(key, {**claims, "sub": [claims["sub"]]}),
        "subject unknown": sign(key, {**claims, "sub": "somebody"}),
        "subject anonymous": sign(key, {**claims, "sub": "acr_anon_pull"}),
        "password unknown": sign(key, {**claims, "cid": "0" * 16}),
        "password is a list": sign(key, {**claims, "cid": []}),
        "access is no list": sign(key, {**claims, "access": 1}),
        "access is a text": sign(key, {**claims, "access": "*"}),
        "access to no action": sign(
            key, {**claims, "access": [{"type": "repository", "name": "a", "actions": ["fly"]}]}
        ),
        "access without a name": sign(key, {**claims, "access": [{"type": "repository"}]}),
        **{
            f"no {name}": sign(key, without[name])
            for name in ("aud", "iss", "exp", "nbf", "iat", "sub", "cid", "grant_type")
        },
    }


def _hs256(body: str, kid: str, secret: bytes) -> str:
    signed = f"{_part({'alg': 'HS256', 'typ': 'JWT', 'kid': kid})}.{body}"
    return f"{signed}.{_base64(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def _part(value: object) -> str:
    return _base64(json.dumps(value).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
