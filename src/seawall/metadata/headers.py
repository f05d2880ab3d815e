"""Headers that webhooks send along with their events: which there may be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["check_headers"]

# RFC 9110 sections 5.1 and 5.5, without what only very old servers understand.
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_VALUE: Final = re.compile(r"(?:[!-~](?:[ \t!-~]*[!-~])?)?")
_MOST: Final = 50
_LENGTH: Final = 8192
# Those that say how a message is framed or whom it is for (RFC 9110 sections 7.2 and 7.6.1, RFC 9112), and our own.
_RESERVED: Final = frozenset(
    (
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-hub-signature-256",
    )
)


def check_headers(headers: Sequence[tuple[str, str]]) -> None:
    """Refuse headers that nobody may set, or that would be read as something else.

    Raises:
        ValueError: With what is wrong, and no value: it may be a secret.
    """
    names = [name.lower() for name, _ in headers]
    if len(headers) > _MOST or sum(len(name) + len(value) for name, value in headers) > _LENGTH:
        raise ValueError(f"a webhook has at most {_MOST} headers, of {_LENGTH} characters together")
    for (name, value), lower in zip(headers, names, strict=True):
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name[:80]!r} cannot be the name of a header")
        if lower in _RESERVED or lower.startswith("proxy-"):
            raise ValueError(f"the header {name!r} is Seawall's to set: choose another")
        if names.count(lower) > 1:
            raise ValueError(f"the header {name!r} is there twice")
        if not _VALUE.fullmatch(value):
            raise ValueError(f"the value of the header {name!r} must be printable ASCII, without spaces at its ends")
