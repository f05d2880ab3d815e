"""Signed links: what the login door's redirect points at and the data door honours.

A link says *who* was let in to read *which blob* through *which repository*, at *which host* and until *when*. All of
it is under the signature together with the method, so a link works at one host, for one blob, for reading only. It is
good for 20 to 30 minutes: it ends on a ten-minute mark, so that within ten minutes the same client gets the same link
and may keep what it fetched under it. (Lifetime: Azure Container Registry documentation, "Dedicated data endpoints".)
"""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from seawall.blobs.digest import Digest, parse_digest
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
    """Write a link's path and query: the key's name, what the link says, and the signature, parted by dots."""
    said = _encode(json.dumps((link.repository, *link.identity, link.expires)).encode())
    return f"{_PREFIX}{link.digest}?{key.name}.{said}.{_sign(link.host, link.registry, link.digest, said, key)}"


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
    if not path.startswith(_PREFIX) or len(query) > _LONGEST_QUERY:
        raise LinkError("there is nothing here but blobs, by the links that the login server gives")
    try:
        digest = parse_digest(path.removeprefix(_PREFIX))
        name, said, signature = query.decode("ascii").split(".")
        key = next(key for key in keys if key.name == name)
    except (ValueError, StopIteration):
        raise LinkError("this is not a whole link; ask the login server for one") from None
    # What the link says is read only after it is known to be ours.
    if not hmac.compare_digest(_sign(host, registry, digest, said, key), signature):
        raise LinkError("this link was not made for this host and blob; ask the login server for another")
    repository, subject, credential, expires = json.loads(_decode(said))
    if expires <= now:
        raise LinkError("this link is over; ask the login server for another")
    if expires > now + _LONGEST_SECONDS + _STEP_SECONDS:
        raise LinkError("this link is not valid yet; is a clock wrong?")
    return Link(host, registry, repository, digest, Identity(subject, credential), expires)


def _sign(host: Host, registry: str, digest: Digest, said: str, key: SigningKey) -> str:
    fields = (_METHOD, host.role, host.registry, host.region, host.account, registry, digest, said)
    # None of these can hold a line break, so no two links share a text.
    text = "\n".join(fields).encode()
    return _encode(hmac.digest(key.secret, text, "sha256"))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
