"""What was deleted and could be restored: nothing, for nothing of it is kept. Clients that ask see empty lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from seawall.errors import ApiError
from seawall.naming import NamingError, check_repository

if TYPE_CHECKING:
    from starlette.responses import Response

    from seawall.registry.call import Call

__all__ = ["get_manifests", "get_repositories", "get_tags", "restore"]


async def get_repositories(call: Call) -> Response:  # noqa: ARG001 - handlers are alike
    """List repositories with something that could be restored."""
    return JSONResponse({"repositories": []})


async def get_tags(call: Call) -> Response:
    """List tags that could be restored.

    Raises:
        ApiError: 400, for a name that is none.
    """
    return JSONResponse({**_head(call), "tags": []})


async def get_manifests(call: Call) -> Response:
    """List manifests that could be restored.

    Raises:
        ApiError: 400, for a name that is none.
    """
    return JSONResponse({**_head(call), "manifests": []})


async def restore(call: Call) -> Response:
    """Refuse to restore a manifest.

    Raises:
        ApiError: 405, always.
    """
    detail = {"reference": call.route.argument}
    raise ApiError(405, "UNSUPPORTED", "what is deleted is gone: this registry has no soft delete", detail=detail)


def _head(call: Call) -> dict[str, str]:
    try:
        name = check_repository(call.route.repository)
    except NamingError as error:
        raise ApiError(400, "NAME_INVALID", str(error)) from None
    return {"registry": call.site.authority, "imageName": name}
