"""What both documents share: how they begin, what an operation and an answer is, and what refusals look like. Pure.

Source: OpenAPI Specification 3.1.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from seawall.openapi.shapes import Schema

__all__ = [
    "JSON",
    "Object",
    "answer",
    "body",
    "document",
    "header",
    "in_path",
    "in_query",
    "operation",
    "parameter",
    "refusals",
]

Object: TypeAlias = dict[str, Any]
"""An object of the specification."""

JSON: Final = "application/json"

_VERSION: Final = "1"
"""Of the documents; it rises when something is taken away from them."""


def document(
    title: str,
    description: str,
    paths: Mapping[str, Object],
    components: Mapping[str, Mapping[str, Object]],
    security: Sequence[Mapping[str, list[str]]],
) -> Object:
    """Write a whole document.

    Args:
        title: What it describes.
        description: The same in more words.
        paths: By path, what can be done there.
        components: What is referred to, by kind and name.
        security: In which ways one may be signed in, where an operation says nothing else.
    """
    return {
        "openapi": "3.1.1",
        "info": {
            "title": title,
            "description": description,
            "version": _VERSION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        # Wherever the document was fetched from: a node does not know all the names it is reached by.
        "servers": [{"url": "/"}],
        "security": [dict(one) for one in security],
        "paths": dict(paths),
        "components": {kind: dict(named) for kind, named in components.items()},
    }


def operation(
    identifier: str,
    summary: str,
    answers: Mapping[str, Object],
    *,
    parameters: Iterable[Object] = (),
    sends: Object | None = None,
    public: bool = False,
) -> Object:
    """Describe what a method does.

    Args:
        identifier: Its name, by which generated clients call it.
        summary: What it does.
        answers: By status.
        parameters: What it takes beside those of its path.
        sends: Its request's body.
        public: Whether anybody may, signed in or not.
    """
    described: Object = {"operationId": identifier, "summary": summary}
    taken = list(parameters)
    if taken:
        described["parameters"] = taken
    if sends is not None:
        described["requestBody"] = sends
    described["responses"] = dict(sorted(answers.items()))
    if public:
        described["security"] = []
    return described


def answer(
    description: str, shape: Schema | None = None, *, headers: Mapping[str, Object] | None = None, kind: str = JSON
) -> Object:
    """Describe an answer; one without a shape has no content."""
    described: Object = {"description": description}
    if headers:
        described["headers"] = dict(headers)
    if shape is not None:
        described["content"] = {kind: {"schema": shape}}
    return described


def body(shape: Schema, kind: str = JSON) -> Object:
    """Describe the body of a request; the media type that a client says it has is not looked at."""
    return {"required": True, "content": {kind: {"schema": shape}}}


def header(description: str, shape: Schema, *, always: bool = True) -> Object:
    """Describe a header of an answer."""
    return {"description": description, "required": always, "schema": shape}


def in_path(name: str, description: str, shape: Schema) -> Object:
    """Describe a part of a path."""
    return {"name": name, "in": "path", "required": True, "description": description, "schema": shape}


def in_query(name: str, description: str, shape: Schema) -> Object:
    """Describe a parameter behind a path, which may be left out."""
    return {"name": name, "in": "query", "description": description, "schema": shape}


def parameter(name: str) -> Object:
    """Refer to one of the document's own parameters."""
    return {"$ref": f"#/components/parameters/{name}"}


def refusals(*statuses: int) -> dict[str, Object]:
    """Refer to the document's own answers for some statuses."""
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses}
