"""Saying things: tables and colours for people, JSON for programs, errors on standard error."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["examples", "fail", "say", "say_json", "say_table"]

USAGE_ERROR = 2


def examples(*lines: str) -> str:
    """Write the examples at the end of a command's help; the first character keeps them from being wrapped."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def say(text: str = "") -> None:
    """Print a line."""
    print(text)


def say_json(value: Any) -> None:  # noqa: ANN401 - JSON
    """Print a value as one line of JSON."""
    print(json.dumps(value), flush=True)


def say_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table."""
    from rich.console import Console  # noqa: PLC0415 - slow to import, not always needed
    from rich.table import Table  # noqa: PLC0415

    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def fail(message: str, code: int = USAGE_ERROR) -> NoReturn:
    """Say on standard error what went wrong, and end."""
    for line in message.splitlines():
        print(f"seawall: {line}", file=sys.stderr)
    raise SystemExit(code)
