"""Passwords that Seawall makes; nobody chooses one, so none is weak and none is the default."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Final

from seawall.metadata.principals import Credential

if TYPE_CHECKING:
    from seawall.metadata.principals import Principal

__all__ = ["matching_credential", "new_password"]

_BYTES: Final = 32
_NOBODY: Final = Credential("", hashlib.sha256(secrets.token_bytes(_BYTES)).hexdigest())


def new_password() -> tuple[str, Credential]:
    """Make a password; return it, to be shown once, and what is kept of it."""
    password = secrets.token_urlsafe(_BYTES)
    return password, Credential(secrets.token_hex(8), _hash(password))


def matching_credential(principal: Principal | None, password: str) -> Credential | None:
    """Find which of a principal's passwords this is.

    Takes as long for a user there is not as for a wrong password.
    """
    actual = _hash(password)
    candidates = list(principal.credentials.values()) if principal is not None and principal.enabled else []
    found = None
    for credential in candidates or [_NOBODY]:
        if hmac.compare_digest(credential.sha256, actual):
            found = credential
    return found if candidates else None


def _hash(password: str) -> str:
    return hashlib.sha256(password.encode("utf-8", "surrogatepass")).hexdigest()
