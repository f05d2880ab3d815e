"""A page of the docs and the commands on it, to be run as somebody would who types them."""

from __future__ import annotations

import re
import subprocess
import textwrap
import threading
from typing import TYPE_CHECKING, Final, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

_BLOCK: Final = re.compile(r"^( *)```(\w+)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
_PROMPT: Final = re.compile(r"^\$ ", re.MULTILINE)
_MARK: Final = "\x1e"


class Block(NamedTuple):
    """What stands between two fences."""

    kind: str
    text: str


class Step(NamedTuple):
    """A command of the page, and what it prints there."""

    command: str
    said: str


def blocks(page: Path) -> list[Block]:
    """Find the blocks of a page, in their order."""
    return [Block(kind, textwrap.dedent(text)) for _, kind, text in _BLOCK.findall(page.read_text("utf-8"))]


def steps(console: str) -> list[Step]:
    """Take a ``console`` block apart: a command goes on in the next line where it ends with a backslash."""
    found = []
    for part in _PROMPT.split(console)[1:]:
        command, _, said = part.partition("\n")
        while command.endswith("\\"):
            more, _, said = said.partition("\n")
            command += f"\n{more}"
        found.append(Step(command, _without_trailing_blanks(said)))
    return found


class Ports:
    """The ports of a product, which on the page are others."""

    def __init__(self, on_page: int, really: int, count: int) -> None:
        self._on_page, self._really, self._count = on_page, really, count

    def on_the_page(self, text: str) -> str:
        return self._moved(r"\d+", text, self._really, self._on_page)

    def here(self, text: str) -> str:
        return self._moved(r"(?<=localhost:)\d+", text, self._on_page, self._really)

    def _moved(self, pattern: str, text: str, before: int, after: int) -> str:
        def moved(port: re.Match[str]) -> str:
            place = int(port[0]) - before
            return str(after + place) if 0 <= place < self._count else port[0]

        return re.sub(pattern, moved, text)


class Shell:
    """One shell for all commands: what one of them sets, the next ones have, whatever comes of each."""

    def __init__(self, environment: Mapping[str, str], folder: Path, seconds: float) -> None:
        self._process = subprocess.Popen(
            ["bash"],
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._alarm = threading.Timer(seconds, self._process.kill)
        self._alarm.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._alarm.cancel()
        self._process.kill()
        self._process.communicate()

    def run(self, command: str) -> str:
        """Run a command; return what it prints, on both of its ways out."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{{ {command}\n}} </dev/null\nprintf '\\036\\n'\n")
        self._process.stdin.flush()
        said = ""
        for line in self._process.stdout:
            text, mark, _ = line.partition(_MARK)
            said += text
            if mark:
                return _without_trailing_blanks(said)
        raise AssertionError(f"the shell has ended, or took too long:\n{command}\n{said}")


def _without_trailing_blanks(text: str) -> str:
    """Leave out what nobody sees: tables are filled up with it."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")
