"""How regions' nodes know each other.

A node trusts another by its TLS certificate, whose authority it was given when the two met; the other trusts it by a
token that only the holder of its private key can make. A token names both regions, so nobody can pass on one that was
shown to him. It does not end: clocks of regions may be wrong, and TLS keeps it from being seen. A region that is
removed takes its public key along.
"""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seawall.metadata.regions import Region

__all__ = ["make_token", "new_node_key", "public_half", "sender_of"]

_ALGORITHM: Final = "EdDSA"
_LONGEST: Final = 2048


def new_node_key() -> bytes:
    """Make a private key (32 octets)."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())


def public_half(secret: bytes) -> str:
    """Return the public half of a private key, in base64."""
    public = Ed25519PrivateKey.from_private_bytes(secret).public_key()
    return base64.b64encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode("ascii")


@lru_cache(maxsize=64)
def make_token(secret: bytes, sender: str, receiver: str) -> str:
    """Make the token by which one region shows another who it is."""
    key = Ed25519PrivateKey.from_private_bytes(secret)
    return jwt.encode({"iss": sender, "aud": receiver}, key, _ALGORITHM)


def sender_of(token: str, receiver: str, regions: Iterable[Region]) -> str | None:
    """Return which of some regions made a token for this one; ``None`` if none did."""
    if len(token) > _LONGEST:
        return None
    return _sender_of(token, receiver, tuple((region.name, region.key) for region in regions))


# A handful of tokens, shown with every request.
@lru_cache(maxsize=64)
def _sender_of(token: str, receiver: str, regions: tuple[tuple[str, str], ...]) -> str | None:
    try:
        said = jwt.decode(token, options={"verify_signature": False})
        key = dict(regions)[said["iss"]]
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key, validate=True))
        claims = jwt.decode(
            token, public, algorithms=[_ALGORITHM], audience=receiver, options={"require": ["iss", "aud"]}
        )
    except (jwt.PyJWTError, KeyError, ValueError, TypeError):
        return None
    return str(claims["iss"])
