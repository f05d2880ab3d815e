"""Addresses that a stranger wrote: read strictly, or not at all."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from seawall.check.addresses import is_address, is_host

__all__ = ["Url", "read_url"]

_HTTPS = 443


class Url(NamedTuple):
    """Where something is.

    Attributes:
        scheme: In lower case.
        host: In lower case; an address of IPv6 without brackets.
        port: TCP port; 443 where none is written.
        path: At least a slash.
        query: Without the question mark; empty if there is none.
    """

    scheme: str
    host: str
    port: int
    path: str
    query: str

    @property
    def target(self) -> str:
        """Path and query, as they are asked for."""
        return f"{self.path}?{self.query}" if self.query else self.path


def read_url(text: str, base: str = "") -> Url | None:
    """Read an address, as seen from another one; ``None`` if there is anything odd about it.

    Odd is whatever programs read in different ways: blanks, control characters and letters beyond ASCII, user names,
    numbers for addresses, brackets around anything but an address of IPv6.
    """
    if not text or " " in text or not text.isascii() or not text.isprintable():
        return None
    try:
        parts = urlsplit(urljoin(base, text))
        host, port = (parts.hostname or "").rstrip("."), parts.port or _HTTPS
    except ValueError:
        return None
    bracketed = "[" in parts.netloc and not is_address(host)
    if not is_host(host) or bracketed or "@" in parts.netloc:
        return None
    return Url(parts.scheme, host, port, parts.path or "/", parts.query)
