"""Passwords that Seawall makes; nobody chooses one, so none is weak and none is the default.

Those of tokens and operators are random, and shown once. Those of admin users are derived from a key that all regions
share, so that they can be shown again, as Azure Container Registry does, without being kept: HMAC-SHA256 (RFC 2104) of
registry, slot and the credential's random identifier. Of both only the hash is kept, and it alone says which password
is the right one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from typing import TYPE_CHECKING, Final

from seawall.metadata.principals import Credential

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seawall.metadata.keys import SigningKey
    from seawall.metadata.principals import Principal

__all__ = ["derived_password", "matching_credential", "new_password", "shown_password"]

_BYTES: Final = 32
_NOBODY: Final = Credential("", hashlib.sha256(secrets.token_bytes(_BYTES)).hexdigest())


def new_password(*, created: float | None = None, expires: float | None = None) -> tuple[str, Credential]:
    """Make a password; return it, to be shown once, and what is kept of it."""
    password = secrets.token_urlsafe(_BYTES)
    return password, Credential(secrets.token_hex(8), _hash(password), created, expires)


def derived_password(
    key: SigningKey, registry: str, slot: str, *, created: float | None = None
) -> tuple[str, Credential]:
    """Make a password that can be shown again; return it, and what is kept of it."""
    identifier = secrets.token_hex(8)
    password = _derive(key, registry, slot, identifier)
    return password, Credential(identifier, _hash(password), created)


def shown_password(ring: Iterable[SigningKey], registry: str, slot: str, credential: Credential) -> str | None:
    """Show a password again.

    Args:
        ring: The keys that there are; regions that met later may each have had one of their own.
        registry: The registry whose admin user has it.
        slot: Which of the two it is.
        credential: What is kept of it.

    Returns:
        The password; ``None`` if it was made in another way, by an older Seawall for one.
    """
    candidates = (_derive(key, registry, slot, credential.identifier) for key in ring)
    return next((one for one in candidates if hmac.compare_digest(credential.sha256, _hash(one))), None)


def matching_credential(principal: Principal | None, password: str) -> Credential | None:
    """Find which of a principal's passwords this is, of those that count now.

    Takes as long for a user there is not as for a wrong password.
    """
    actual = _hash(password)
    known = principal.credentials.values() if principal is not None and principal.enabled else ()
    now = time.time()
    candidates = [credential for credential in known if credential.counts(now)]
    found = None
    for credential in candidates or [_NOBODY]:
        if hmac.compare_digest(credential.sha256, actual):
            found = credential
    return found if candidates else None


def _derive(key: SigningKey, registry: str, slot: str, identifier: str) -> str:
    # None of the three can hold a line feed, so no two of them run together.
    told = "\n".join((registry, slot, identifier)).encode("utf-8", "surrogatepass")
    return base64.urlsafe_b64encode(hmac.digest(key.secret, told, "sha256")).rstrip(b"=").decode("ascii")


def _hash(password: str) -> str:
    return hashlib.sha256(password.encode("utf-8", "surrogatepass")).hexdigest()
