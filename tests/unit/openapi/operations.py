"""The operations of a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from seawall.openapi.document import Object

METHODS: Final = ("get", "put", "post", "patch", "delete")


class Operation(NamedTuple):
    """What a method does at a path.

    Attributes:
        identifier: Its name.
        path: The path, with names in braces.
        method: The method, in lower case.
        takes: Whether it has a body, or parameters of its own behind the path.
    """

    identifier: str
    path: str
    method: str
    takes: bool


def operations(document: Object) -> list[Operation]:
    """List a document's operations."""
    return [
        Operation(item[method]["operationId"], path, method, bool(item[method].keys() & {"requestBody", "parameters"}))
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]
