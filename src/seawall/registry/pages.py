"""Listing page by page: the ``n`` and ``last`` parameters and the ``Link`` header.

Source: OCI distribution specification, "Listing Tags"; RFC 8288 for the header.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from seawall.errors import ApiError

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["Page", "next_link", "requested_page"]


class Page(NamedTuple):
    """At most ``limit`` entries behind ``last``."""

    last: str
    limit: int


def requested_page(request: Request, most: int) -> Page:
    """Read ``n`` and ``last``; without ``n``, or with a larger one, a page has ``most`` entries.

    Raises:
        ApiError: 400, if ``n`` is not a number.
    """
    query = request.query_params
    text = query.get("n")
    last = query.get("last", "")
    if text is not None and not (text.isascii() and text.isdigit()):
        raise ApiError(400, "PAGINATION_NUMBER_INVALID", f"n={text[:40]!r} must be a whole number from 0")
    if "\0" in last:
        raise ApiError(400, "PAGINATION_NUMBER_INVALID", "last must not contain NUL")
    # Numbers of absurd length are as good as the largest page.
    limit = most if text is None or len(text) > 9 else min(int(text), most)
    return Page(last, limit)


def next_link(path: str, last: str, limit: int, **more: str) -> dict[str, str]:
    """Write the header that leads to the next page."""
    return {"Link": f'<{path}?{urlencode({"last": last, "n": limit, **more})}>; rel="next"'}
