"""Errors as Azure Resource Manager words them.

Shape: Azure REST API guidelines, "Error response": ``{"error":{"code","message"}}``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ManagementError", "not_found"]


class ManagementError(Exception):
    """A refusal, as a value: status, code, and a message that says what to do."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    def response(self) -> JSONResponse:
        """Render the error for the client."""
        body = {"error": {"code": self.code, "message": self.message}}
        return JSONResponse(body, status_code=self.status, headers=self.headers)


def not_found(kind: str, name: str, group: str) -> ManagementError:
    """Say that there is no such resource, as the service does."""
    words = f"The Resource 'Microsoft.ContainerRegistry/{kind}/{name}' under resource group '{group}' was not found."
    return ManagementError(404, "ResourceNotFound", words)
