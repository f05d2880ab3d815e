"""Every command about regions shows how it is used."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest
from typer.main import get_command

from seawall.cli.main import app

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.cli.conftest import Done

COMMANDS = [
    *(("region", name) for name in ("list", "invite", "join", "leave", "remove", "drain", "resume", "dns")),
    *(("replica", name) for name in ("list", "add", "remove")),
    *(("replication", name) for name in ("status", "image", "renew")),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_has_examples_that_can_be_read(run: Callable[..., Done], command: tuple[str, str]) -> None:
    told = run(*command, "--help").out
    _, _, shown = told.partition("Examples:\n")
    examples = [line.strip() for line in shown.splitlines() if f"seawall {' '.join(command)}" in line]
    assert examples
    group = get_command(app).get_command(None, command[0])  # type: ignore[attr-defined]
    for example in examples:
        words = shlex.split(example.rpartition("| ")[2])
        # It is parsed, and not run; a name that is no option any more would not pass.
        group.get_command(None, command[1]).make_context(command[1], words[3:])
