"""Registry tokens: JSON Web Tokens signed with RS256.

Claims and lifetimes: Azure Container Registry documentation, "AAD OAuth". Besides the documented ones each token
carries ``cid``, the identifier of the password it goes back to, so that replacing a password ends everything signed in
with it.

The key is chosen by ``kid`` among our own and the algorithm is fixed; whatever else a token's header says about keys
(``jwk``, ``jku``, ``x5c``, ``alg``) is never looked at (RFC 8725 sections 3.1 and 3.10).
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import jwt

from seawall.identity.keyring import load_private_key
from seawall.identity.scopes import Grant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seawall.metadata.keys import SigningKey

__all__ = ["ANONYMOUS", "SIGN_IN_AUDIENCE", "Claims", "TokenError", "TokenKind", "Verifier", "issue"]

ANONYMOUS: Final = "acr_anon_pull"
"""Subject of tokens that anybody can have."""

SIGN_IN_AUDIENCE: Final = "registry:{}"
"""Audience of sign-in tokens, which are for a registry under whatever host it is reached; ``*`` for all of them."""

_ISSUER: Final = "Azure Container Registry"
_ALGORITHM: Final = "RS256"
_LONGEST: Final = 128 * 1024
"""Octets of the longest token looked at; ours with 256 scopes stay below."""
_REMEMBERED: Final = 4096
_LONGEST_REMEMBERED: Final = 4096
_NOT_BEFORE_SLACK: Final = 60


class TokenKind(StrEnum):
    """What a token is good for; the value is its ``grant_type`` claim."""

    ACCESS = "access_token"
    REFRESH = "refresh_token"
    SIGN_IN = "sign_in"
    MANAGEMENT = "management"
    PORTAL = "portal"


LIFETIME_SECONDS: Final = {
    TokenKind.ACCESS: 75 * 60,
    TokenKind.REFRESH: 3 * 3600,
    TokenKind.SIGN_IN: 3600,
    TokenKind.MANAGEMENT: 3600,
    TokenKind.PORTAL: 8 * 3600,
}
ANONYMOUS_LIFETIME_SECONDS: Final = 20 * 60


class TokenError(ValueError):
    """A token is not ours, not for here, or not valid now."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says.

    Attributes:
        subject: The user name, or :data:`ANONYMOUS`.
        credential: The password the token goes back to; empty for anonymous ones.
        expires: Seconds since 1970.
        grant: What an access token allows.
    """

    subject: str
    credential: str
    expires: float
    grant: Grant


def issue(
    key: SigningKey,
    kind: TokenKind,
    audience: str,
    subject: str,
    credential: str = "",
    grant: Grant | None = None,
) -> tuple[str, int]:
    """Sign a token.

    Returns:
        The token, and its lifetime in seconds.
    """
    now = int(time.time())
    lifetime = ANONYMOUS_LIFETIME_SECONDS if subject == ANONYMOUS else LIFETIME_SECONDS[kind]
    claims: dict[str, Any] = {
        "jti": secrets.token_hex(16),
        "sub": subject,
        "nbf": now - _NOT_BEFORE_SLACK,
        "exp": now + lifetime,
        "iat": now,
        "iss": _ISSUER,
        "aud": audience,
        "version": "1.0",
        "grant_type": kind.value,
        "cid": credential,
        "roles": [],
    }
    if kind is TokenKind.ACCESS:
        claims["access"] = (grant or Grant({})).claim()
    else:
        claims["permissions"] = {"actions": ["read", "write", "delete"], "notActions": []}
    return jwt.encode(claims, load_private_key(key.secret), _ALGORITHM, headers={"kid": key.name}), lifetime


class Verifier:
    """Verifies tokens, each one's signature once."""

    def __init__(self) -> None:
        self._verified: OrderedDict[tuple[str, TokenKind, str], tuple[str, Claims]] = OrderedDict()

    def verify(self, token: str, kind: TokenKind, audience: str, keys: Sequence[SigningKey]) -> Claims:
        """Check a token's signature, kind, audience and times.

        A sign-in token for all registries is one for each.

        Raises:
            TokenError: Without a word about the token's content.
        """
        remembered = self._verified.get((token, kind, audience))
        if remembered is not None:
            name, claims = remembered
            # The signature holds for ever, but time passes and keys are removed.
            if claims.expires > time.time() and any(key.name == name for key in keys):
                return claims
            del self._verified[token, kind, audience]
        name, claims = _verify(token, kind, audience, keys)
        if len(token) <= _LONGEST_REMEMBERED:
            self._verified[token, kind, audience] = (name, claims)
        if len(self._verified) > _REMEMBERED:
            self._verified.popitem(last=False)
        return claims


def _verify(token: str, kind: TokenKind, audience: str, keys: Sequence[SigningKey]) -> tuple[str, Claims]:
    if len(token) > _LONGEST:
        raise TokenError("the token is too long to be ours")
    try:
        name = jwt.get_unverified_header(token).get("kid")
        key = next((key for key in keys if key.name == name), None)
        if key is None:
            raise TokenError("the token was signed with a key that is not, or no longer, ours")
        claims = jwt.decode(
            token,
            load_private_key(key.secret).public_key(),
            algorithms=[_ALGORITHM],
            audience=(audience, SIGN_IN_AUDIENCE.format("*")) if kind is TokenKind.SIGN_IN else audience,
            issuer=_ISSUER,
            options={"require": ["exp", "iat", "nbf", "sub", "aud", "iss"]},
        )
        if claims.get("grant_type") != kind.value:
            raise TokenError(f"the token is no {kind.value}")
        if not isinstance(claims["sub"], str) or not isinstance(claims["cid"], str):
            raise TokenError("the token is not valid here")
        return key.name, Claims(
            claims["sub"], claims["cid"], float(claims["exp"]), Grant.of_claim(claims.get("access", ()))
        )
    except jwt.ExpiredSignatureError:
        raise TokenError("the token has expired") from None
    except (jwt.PyJWTError, KeyError, ValueError, TypeError, RecursionError) as error:
        if isinstance(error, TokenError):
            raise
        raise TokenError("the token is not valid here") from None
