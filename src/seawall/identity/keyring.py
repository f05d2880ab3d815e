"""The keys that tokens and links are signed with, made on first use and changed without logging anybody out.

The key that admin users' passwords are made with is never changed: a password can be shown for as long as its key is
here.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from seawall.metadata import keys

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from seawall.metadata.database import Database
    from seawall.metadata.keys import SigningKey
    from seawall.metadata.rows import Writer

__all__ = ["ensure_keys", "lacks_keys", "load_private_key", "password_key", "rotate"]

_RSA_BITS: Final = 2048
_SECRET_BYTES: Final = 32
# The longest that anything signed stays valid is a day's work at the portal, eight hours; keep a wide margin.
_KEEP_SECONDS: Final = 24 * 3600


def lacks_keys(connection: Connection) -> bool:
    """Say whether there are no keys yet, or not all: an older Seawall made fewer."""
    return not all(keys.newest_first(connection, purpose) for purpose in (keys.TOKEN, keys.LINK, keys.PASSWORD))


def ensure_keys(writer: Writer) -> None:
    """Make the first keys, as far as there are none."""
    if not keys.newest_first(writer.connection, keys.TOKEN):
        _add_token_key(writer)
    if not keys.newest_first(writer.connection, keys.LINK):
        _add_secret(writer, keys.LINK)
    password_key(writer)


def password_key(writer: Writer) -> SigningKey:
    """Return the key that passwords are made with now; make it, if there is none."""
    if not keys.newest_first(writer.connection, keys.PASSWORD):
        _add_secret(writer, keys.PASSWORD)
    return keys.newest_first(writer.connection, keys.PASSWORD)[0]


def rotate(database: Database) -> int:
    """Sign with new keys from now on; keys that nothing valid can be signed with any more are removed.

    Passwords stay what they are, and so does their key.

    Returns:
        How many old keys were removed.
    """
    with database.writing() as writer:
        _add_token_key(writer)
        _add_secret(writer, keys.LINK)
        unused_since = time.time() - _KEEP_SECONDS
        return sum(keys.remove_superseded(writer, purpose, unused_since) for purpose in (keys.TOKEN, keys.LINK))


@lru_cache(maxsize=32)
def load_private_key(pem: bytes) -> rsa.RSAPrivateKey:
    """Read a token key; reading is slow and the keys are few."""
    key = load_pem_private_key(pem, password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def _add_token_key(writer: Writer) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    keys.add(writer, keys.TOKEN, _key_name(key), pem)


def _add_secret(writer: Writer, purpose: str) -> None:
    keys.add(writer, purpose, secrets.token_hex(4), secrets.token_bytes(_SECRET_BYTES))


def _key_name(key: rsa.RSAPrivateKey) -> str:
    # libtrust's fingerprint, which registry clients and servers know: 12 groups of base32 of 240 bits of SHA-256.
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    text = base64.b32encode(hashlib.sha256(der).digest()[:30]).decode("ascii")
    return ":".join(text[start : start + 4] for start in range(0, len(text), 4))
