"""Signing in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seawall.identity.gate import SignInError
from seawall.portal import paths

if TYPE_CHECKING:
    from starlette.responses import Response

    from seawall.portal.visit import Visit

__all__ = ["sign_in", "sign_out"]

_LONGEST = 200


async def sign_in(visit: Visit) -> Response:
    """Show where to sign in, or do it."""
    if visit.request.method != "POST":
        return _page(visit, visit.asked("to"))
    fields = await visit.form()
    name, secret = fields.get("name", "").strip(), fields.get("secret", "").strip()
    aim = fields.get("to", "")
    response = visit.go(aim if paths.is_own(aim) and aim != paths.SIGN_IN else paths.ROOT)
    try:
        await visit.services.sessions.begin(response, name, secret)
    except SignInError:
        # Not 401: that would have to name a way of signing in that browsers know by themselves (RFC 9110).
        return _page(visit, aim, name, status=403)
    return response


async def sign_out(visit: Visit) -> Response:
    """End a session in this browser."""
    await visit.form()
    response = visit.go(paths.SIGN_IN)
    visit.services.sessions.end(response)
    return response


def _page(visit: Visit, aim: str, name: str = "", *, status: int = 200) -> Response:
    return visit.page(
        "sign-in.html",
        status,
        aim=aim if paths.is_own(aim) else "",
        name=name[:_LONGEST],
        wrong=status != 200,
        host=visit.request.headers["host"],
    )
