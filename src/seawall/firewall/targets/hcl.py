"""HCL, the language of Terraform: blocks and values, laid out as ``terraform fmt`` does. Pure.

A text that is put between quotes as it stands may end early or be evaluated (``${...}``, ``%{...}``); here none can.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Block", "Code", "Value", "write_blocks"]


@dataclass(frozen=True, slots=True)
class Code:
    """An expression to be evaluated, such as ``var.name``."""

    text: str


Value: TypeAlias = "str | int | Code | Sequence[str] | Sequence[int]"


@dataclass(frozen=True, slots=True)
class Block:
    """A block.

    Attributes:
        kind: Such as ``resource``.
        labels: What stands in quotes behind.
        body: Attributes by name; a block, or several of one kind, under any name.
    """

    kind: str
    labels: tuple[str, ...]
    body: Mapping[str, Value | Block | tuple[Block, ...]]


def write_blocks(blocks: Iterable[Block]) -> str:
    """Write blocks with an empty line between them."""
    return "\n".join("".join(f"{line}\n" for line in _block(block)) for block in blocks)


def _block(block: Block) -> Iterator[str]:
    labels = "".join(f" {_quote(label)}" for label in block.labels)
    yield f"{block.kind}{labels} {{"
    for line in _body(block.body):
        yield f"  {line}" if line else ""
    yield "}"


def _body(body: Mapping[str, Value | Block | tuple[Block, ...]]) -> Iterator[str]:
    # Attributes of one line that follow one another have their signs below one another.
    row: dict[str, str] = {}
    begun = False
    for name, value in body.items():
        inner = (value,) if isinstance(value, Block) else value
        if isinstance(inner, tuple) and all(isinstance(one, Block) for one in inner):
            yield from _aligned(row)
            row = {}
            for one in inner:
                if isinstance(one, Block):
                    yield from ([""] if begun else [])
                    yield from _block(one)
                    begun = True
            continue
        begun = True
        lines = _value(value)
        if len(lines) == 1:
            row[name] = lines[0]
            continue
        yield from _aligned(row)
        row = {}
        yield f"{name} = {lines[0]}"
        yield from lines[1:]
    yield from _aligned(row)


def _aligned(row: dict[str, str]) -> list[str]:
    width = max(map(len, row), default=0)
    return [f"{name.ljust(width)} = {value}" for name, value in row.items()]


def _value(value: object) -> list[str]:
    if isinstance(value, Code):
        return value.text.split("\n")
    if isinstance(value, str):
        return [_quote(value)]
    if isinstance(value, Sequence):
        items = [_value(one)[0] for one in value]
        if len(items) < 2:
            return [f"[{''.join(items)}]"]
        return ["[", *(f"  {item}," for item in items), "]"]
    return [str(value)]


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped.replace("${", "$${").replace("%{", "%%{")}"'
