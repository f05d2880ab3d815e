"""One Azure resource, written as an ARM template and as Bicep from the same description. Pure.

In ARM a text that begins with ``[`` is an expression, in Bicep ``${...}`` within a text is; neither can happen to a
text by accident here.

Source: Microsoft, "Understand the structure and syntax of ARM templates" and "Bicep file structure and syntax".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Code", "Parameter", "Template", "write_arm", "write_bicep"]

_SCHEMA: Final = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


@dataclass(frozen=True, slots=True)
class Code:
    """An expression that is evaluated when the template is applied, in both languages."""

    arm: str
    bicep: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """Something that whoever applies the template says.

    Attributes:
        name: Its name.
        kind: ``string``, ``int`` or ``array``.
        why: What it is.
        default: What it is when nothing is said; ``None`` when it must be said.
    """

    name: str
    kind: str
    why: str
    default: Any = None

    @property
    def code(self) -> Code:
        """Its value."""
        return Code(f"parameters('{self.name}')", self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A template of one resource.

    Attributes:
        parameters: What has to be said.
        variables: Values by name; :func:`variable` refers to them.
        kind: The resource's type.
        version: The version of its interface.
        body: Its fields.
        words: What stands above it, a line each.
    """

    parameters: tuple[Parameter, ...]
    kind: str
    version: str
    body: Mapping[str, Any]
    words: tuple[str, ...]
    variables: Mapping[str, Any] = field(default_factory=dict)


def write_arm(template: Template) -> str:
    """Write an ARM template. JSON knows no comments, so the words are its metadata."""
    document = {
        "$schema": _SCHEMA,
        "contentVersion": "1.0.0.0",
        "metadata": {"description": list(template.words)},
        "parameters": {one.name: _arm_parameter(one) for one in template.parameters},
        "variables": template.variables,
        "resources": [{"type": template.kind, "apiVersion": template.version, **template.body}],
    }
    return json.dumps(_arm(document), indent=2, ensure_ascii=False) + "\n"


def _arm_parameter(parameter: Parameter) -> dict[str, Any]:
    default = {} if parameter.default is None else {"defaultValue": parameter.default}
    return {"type": parameter.kind, **default, "metadata": {"description": parameter.why}}


def _arm(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Code):
        return f"[{value.arm}]"
    if isinstance(value, str):
        return f"[{value}" if value.startswith("[") else value
    if isinstance(value, Mapping):
        return {key: _arm(one) for key, one in value.items()}
    return [_arm(one) for one in value] if isinstance(value, Sequence) else value


def write_bicep(template: Template, symbol: str) -> str:
    """Write a Bicep file.

    Args:
        template: What to write.
        symbol: What the resource is called within the file.
    """
    parts = ["".join(f"// {line}\n" for line in template.words)]
    for one in template.parameters:
        default = "" if one.default is None else f" = {_joined(one.default)}"
        parts.append(f"@description({_bicep_text(one.why)})\nparam {one.name} {one.kind}{default}\n")
    parts += [f"var {name} = {_joined(value)}\n" for name, value in template.variables.items()]
    parts.append(f"resource {symbol} '{template.kind}@{template.version}' = {_joined(template.body)}\n")
    return "\n".join(parts)


def _joined(value: Any) -> str:  # noqa: ANN401 - JSON
    return "\n".join(_bicep(value))


def _bicep(value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    if isinstance(value, Code):
        yield value.bicep
    elif isinstance(value, str):
        yield _bicep_text(value)
    elif isinstance(value, Mapping) and value:
        yield "{"
        for key, one in value.items():
            first, *more = _bicep(one)
            yield from _indented((f"{key}: {first}", *more))
        yield "}"
    elif isinstance(value, Sequence) and value:
        yield "["
        for one in value:
            yield from _indented(_bicep(one))
        yield "]"
    else:
        yield json.dumps(value)


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


def _bicep_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${").replace("\n", "\\n")
    return f"'{escaped}'"
