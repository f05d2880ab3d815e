"""Which page of a list a client asks for, and where the next one is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from seawall.errors import ApiError
from seawall.metadata import paging
from seawall.metadata.paging import Order, Span
from seawall.registry.pages import next_link, requested_page

if TYPE_CHECKING:
    from seawall.registry.call import Call

__all__ = ["next_page", "requested_span"]

_USUAL: Final = 100
_MOST: Final = 1000
_BY_NAME: Final = frozenset(("", "none"))
"""How clients ask for no order in particular."""


async def requested_span(call: Call) -> Span:
    """Read ``n``, ``last``, ``orderby``, and ``at``, which is this registry's own and stands in its links.

    Raises:
        ApiError: 400, if they mean nothing.
    """
    page = requested_page(call.request, _MOST)
    query = call.request.query_params
    asked = query.get("orderby", "")
    try:
        order = Order.NAME if asked in _BY_NAME else Order(asked)
    except ValueError:
        known = " or ".join(order for order in Order if order)
        raise ApiError(400, "UNSUPPORTED", f"orderby={asked[:40]!r} must be {known}") from None
    limit = page.limit if "n" in query else _USUAL
    return Span(order, page.last, await _at(call, order, page.last), limit)


async def _at(call: Call, order: Order, last: str) -> int:
    if order is Order.NAME or not last:
        return 0
    at = call.request.query_params.get("at", "")
    if at.isascii() and at.isdigit() and len(at) < len(str(2**63)):
        return int(at)
    # Somebody who did not follow a link.
    found = await call.services.database.read(paging.last_write, call.repository, last)
    if found is None:
        raise ApiError(
            400, "PAGINATION_NUMBER_INVALID", f"there is no {last[:200]!r} to list by time what is behind it"
        )
    return found


def next_page(path: str, span: Span, last: str, at: int, **more: str) -> dict[str, str]:
    """Write the header that leads to the next page, behind an entry and the time of its last write."""
    placed = {"at": str(at)} if span.order is not Order.NAME else {}
    return next_link(path, last, span.limit, orderby=span.order.value, **placed, **more)
