"""Saying things: tables and colours for people, JSON for programs, errors on standard error."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CANNOT_EXPRESS", "INTERRUPTED", "examples", "fail", "say", "say_json", "say_table", "warn"]

USAGE_ERROR = 2
CANNOT_EXPRESS = 3
"""Exit code when a firewall cannot say what is needed."""
INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""

_UNCUT = 10_000
"""Columns of a table that is read by a program."""


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
    """Print a table; where nobody looks at a terminal, one that nothing is cut off from."""
    from rich.console import Console  # noqa: PLC0415 - slow to import, not always needed
    from rich.table import Column, Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(*(Column(name, overflow="fold") for name in columns), box=None, pad_edge=False, header_style="bold")
    for row in rows:
        # As text, or an address such as fd00:ab:1:: would be taken for an emoji's name.
        table.add_row(*map(Text, row))
    Console(width=None if sys.stdout.isatty() else _UNCUT).print(table)


def warn(message: str) -> None:
    """Say something on standard error that does not keep the command from its work."""
    for line in message.splitlines():
        print(f"seawall: {line}", file=sys.stderr)


def fail(message: str, code: int = USAGE_ERROR) -> NoReturn:
    """Say on standard error what went wrong, and end."""
    warn(message)
    raise SystemExit(code)
