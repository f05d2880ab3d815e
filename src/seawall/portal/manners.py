"""How answers tell browsers to behave, and which requests are believed to come from our own pages.

Sources: Content Security Policy Level 3; Fetch Metadata Request Headers; RFC 6265bis for the cookies' ``__Host-``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["comes_from_us", "guarded"]

# Nothing but our own files, and nothing inline: whatever an image's annotations say, no browser runs it.
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        *(f"{kind} 'self'" for kind in ("style-src", "script-src", "img-src", "form-action", "connect-src")),
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def guarded(response: Response) -> Response:
    """Add what every answer of the portal carries; only what says so itself is kept by browsers."""
    for name, value in _HEADERS.items():
        response.headers[name] = value
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def comes_from_us(request: Request) -> bool:
    """Say whether a form was sent by a page of ours.

    Browsers say where a request comes from, and no page can make them say otherwise. Those too old for
    ``Sec-Fetch-Site`` say it by ``Origin``; with neither nothing is believed.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    # The authority has been looked up before; here it is only compared.
    ours = f"https://{request.headers.get('host', '')}".lower()
    if site is None:
        return origin is not None and origin.lower() == ours
    # As our pages ask for no referrer, browsers write "null" for the origin.
    return site == "same-origin" and (origin is None or origin.lower() in {"null", ours})
