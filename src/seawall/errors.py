"""Errors as the registry API words them.

Shape and codes: OCI distribution specification, "Error codes": ``{"errors":[{"code","message","detail"}]}``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ApiError"]


class ApiError(Exception):
    """A refusal, as a value: status, code, a message that says what to do, and headers to send with it."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        detail: Any = None,  # noqa: ANN401 - the specification leaves its shape open
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail
        self.headers = dict(headers or {})

    def __repr__(self) -> str:
        return f"ApiError({self.status}, {self.code!r}, {self.message!r})"

    def response(self) -> JSONResponse:
        """Render the error for the client."""
        body = {"errors": [{"code": self.code, "message": self.message, "detail": self.detail}]}
        return JSONResponse(body, status_code=self.status, headers=self.headers)
