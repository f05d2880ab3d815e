"""What both services that hand out tokens do alike: signing them, and answering."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from seawall.identity.tokens import issue
from seawall.metadata import keys

if TYPE_CHECKING:
    from starlette.responses import Response

    from seawall.identity.gate import Identity
    from seawall.identity.scopes import Grant
    from seawall.identity.tokens import TokenKind
    from seawall.metadata.database import Database

__all__ = ["answer", "sign"]


async def sign(
    database: Database, kind: TokenKind, audience: str, identity: Identity, grant: Grant | None = None
) -> tuple[str, int]:
    """Sign a token for somebody; return it, and its lifetime in seconds."""
    ring = await database.cached(keys.newest_first, keys.TOKEN)
    # An RSA signature takes most of a millisecond: not on the event loop.
    return await database.run(lambda: issue(ring[0], kind, audience, identity.subject, identity.credential, grant))


def answer(content: dict[str, Any], status: int = 200) -> Response:
    """Answer with something that caches must not keep (RFC 6749 section 5.1)."""
    return JSONResponse(content, status, headers={"Cache-Control": "no-store"})
