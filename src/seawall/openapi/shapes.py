"""JSON Schemas, put together from a few kinds of them. Pure.

Source: JSON Schema draft 2020-12, as OpenAPI 3.1 takes it over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "NO_NUL",
    "Schema",
    "array",
    "choice",
    "integer",
    "maybe",
    "open_record",
    "record",
    "schema",
    "switch",
    "text",
    "texts_by_name",
]

Schema: TypeAlias = dict[str, Any]
"""What a value may be."""

NO_NUL: Final = r"^[^\u0000]*$"
"""A pattern: any text without the character that PostgreSQL cannot keep."""


def schema(name: str) -> Schema:
    """Refer to one of the document's own schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def text(description: str = "", **limits: Any) -> Schema:  # noqa: ANN401 - a keyword's value is of its own type
    """Describe a text; ``limits`` are keywords such as ``maxLength`` and ``pattern``."""
    return _told({"type": "string", **limits}, description)


def choice(*values: str, description: str = "") -> Schema:
    """Describe a text that is one of a few."""
    return _told({"type": "string", "enum": list(values)}, description)


def integer(description: str = "", **limits: Any) -> Schema:  # noqa: ANN401 - a keyword's value is of its own type
    """Describe a whole number."""
    return _told({"type": "integer", **limits}, description)


def switch(description: str = "") -> Schema:
    """Describe what is true or false."""
    return _told({"type": "boolean"}, description)


def array(items: Schema, description: str = "", **limits: Any) -> Schema:  # noqa: ANN401 - as above
    """Describe a list."""
    return _told({"type": "array", "items": items, **limits}, description)


def maybe(one: Schema) -> Schema:
    """Let a value also be null; in a request that is as if it were left out."""
    return {"anyOf": [one, {"type": "null"}]}


def record(members: Mapping[str, Schema], description: str = "", /, **optional: Schema) -> Schema:
    """Describe an object with these members and no others.

    Args:
        members: What it always has.
        description: What it is.
        optional: What it may have.
    """
    return _told(_object({**members, **optional}, members) | {"additionalProperties": False}, description)


def open_record(members: Mapping[str, Schema], description: str = "", /, **optional: Schema) -> Schema:
    """Describe an object with these members, and with others that mean nothing."""
    return _told(_object({**members, **optional}, members), description)


def texts_by_name(description: str = "", value: Schema | None = None, **limits: Any) -> Schema:  # noqa: ANN401 - as above
    """Describe an object whose members may be called anything, and are texts."""
    return _told({"type": "object", "additionalProperties": value or text(), **limits}, description)


def _object(members: Mapping[str, Schema], required: Mapping[str, Schema]) -> Schema:
    described: Schema = {"type": "object", "properties": dict(members)}
    return described | {"required": list(required)} if required else described


def _told(one: Schema, description: str) -> Schema:
    return one | {"description": description} if description else one
