"""Signed links: what the login door's redirect points at and the data door honours.

A link says *who* was let in to read *which blob* through *which repository*, at *which host* and until *when*. All of
it is under the signature together with the method, so a link works at one host, for one blob, for reading only. It is
good for 20 to 30 minutes: it ends on a ten-minute mark, so that within ten minutes the same client gets the same link
and may keep what it fetched under it. (Lifetime: Azure Container Registry documentation, "Dedicated data endpoints".)
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlencode

from seawall.blobs.digest import Digest, DigestError, parse_digest
from seawall.identity.gate import Identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seawall.metadata.keys import SigningKey
    from seawall.naming import Host

__all__ = ["Link", "LinkError", "read_link", "write_link"]

_STEP_SECONDS: Final = 600
_LONGEST_SECONDS: Final = 1800
_PREFIX: Final = "/blobs/"
_METHOD: Final = "GET"
"""A link is for reading: GET, and HEAD, which tells strictly less (RFC 9110 section 9.3.2)."""
_LONGEST_QUERY: Final = 4096


class LinkError(ValueError):
    """A link is not one of ours, is not for here, or is over. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a link says."""

    host: Host
    registry: str
    repository: str
    digest: Digest
    identity: Identity
    expires: int


def expiry(now: float) -> int:
    """Return when a link made now ends: 20 to 30 minutes later, in seconds since 1970."""
    return int(now) // _STEP_SECONDS * _STEP_SECONDS + _LONGEST_SECONDS


def write_link(link: Link, key: SigningKey) -> str:
    """Write a link's path and query."""
    query = urlencode(
        {
            "repo": link.repository,
            "sub": link.identity.subject,
            "cid": link.identity.credential,
            "se": link.expires,
            "kid": key.name,
            "sig": _sign(link, key),
        }
    )
    return f"{_PREFIX}{link.digest}?{query}"


def read_link(host: Host, registry: str, path: str, query: bytes, keys: Sequence[SigningKey], now: float) -> Link:
    """Read a link that was used at a host, and check it.

    Args:
        host: The host the request was sent to.
        registry: The registry that host belongs to.
        path: The request's path.
        query: The request's raw query.
        keys: The keys that links may be signed with.
        now: Seconds since 1970.

    Raises:
        LinkError: If it does not hold.
    """
    try:
        if not path.startswith(_PREFIX) or len(query) > _LONGEST_QUERY:
            raise LinkError("there is nothing here but blobs, by the links that the login server gives")
        digest = parse_digest(path.removeprefix(_PREFIX))
        values = dict(parse_qsl(query.decode("ascii"), keep_blank_values=True, strict_parsing=True))
        identity = Identity(values["sub"], values["cid"])
        link = Link(host, registry, values["repo"], digest, identity, int(values["se"]))
        key = next(key for key in keys if key.name == values["kid"])
        signature = values["sig"]
    except (KeyError, DigestError, StopIteration, UnicodeDecodeError) as error:
        raise LinkError("this is not a whole link; ask the login server for one") from error
    except ValueError as error:
        if isinstance(error, LinkError):
            raise
        raise LinkError("this is not a whole link; ask the login server for one") from error
    # Compared as bytes: compare_digest refuses text beyond ASCII, which a client may well send.
    if not hmac.compare_digest(_sign(link, key).encode(), signature.encode()):
        raise LinkError("this link was not made for this host and blob; ask the login server for another")
    if link.expires <= now:
        raise LinkError("this link is over; ask the login server for another")
    if link.expires > now + _LONGEST_SECONDS + _STEP_SECONDS:
        raise LinkError("this link is not valid yet; is a clock wrong?")
    return link


def _sign(link: Link, key: SigningKey) -> str:
    where = link.host
    fields = (
        _METHOD,
        where.role,
        where.registry,
        where.region,
        where.account,
        link.registry,
        link.repository,
        link.digest,
        *link.identity,
        str(link.expires),
    )
    # JSON keeps the fields apart whatever is in them, so no two links share a text.
    text = json.dumps(fields).encode()
    return base64.urlsafe_b64encode(hmac.digest(key.secret, text, hashlib.sha256)).rstrip(b"=").decode()
