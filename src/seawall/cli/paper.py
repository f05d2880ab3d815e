"""Where a command writes for people: a terminal, a file or a pipe, and what can be written on it."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Final, NamedTuple, TextIO

from seawall.check.step import Verdict
from seawall.check.wording import SIGNS, plain_lines

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

__all__ = ["Paper", "Part"]

_PLAIN_SIGNS: Final = {Verdict.OK: "+", Verdict.WARNING: "!", Verdict.FAILED: "x", Verdict.SKIPPED: "-"}
_LEAST: Final = 40
"""Columns below which lines are not made to fit."""

Part = tuple[str, str]
"""Words and their style."""


class _Tree(NamedTuple):
    """What a tree is drawn with: before a branch, before the last, below a branch, and below the last."""

    branch: str = "\u251c\u2500 "
    last: str = "\u2514\u2500 "
    below: str = "\u2502  "
    below_last: str = "   "


_PLAIN_TREE: Final = _Tree("|- ", "`- ", "|  ", "   ")


class Paper:
    """Something to write on.

    Attributes:
        is_terminal: Whether somebody looks at it.
        console: What makes colours and lines.
        signs: A character for every verdict, of those there are in its encoding.
        tree: What trees are drawn with there.
    """

    def __init__(self, file: TextIO) -> None:
        from rich.console import Console  # noqa: PLC0415 - slow to import

        self.is_terminal = file.isatty()
        self._file = file
        self._encoding = file.encoding or "utf-8"
        self.console: Console = Console(file=file, force_terminal=self.is_terminal, highlight=False)
        drawn = "".join((*SIGNS.values(), *_Tree()))
        is_drawn = self.fit(drawn) == drawn
        self.signs = SIGNS if is_drawn else _PLAIN_SIGNS
        self.tree = _Tree() if is_drawn else _PLAIN_TREE

    @property
    def width(self) -> int | None:
        """Columns there are; ``None`` where nothing ends a line but its end."""
        return max(self.console.width, _LEAST) if self.is_terminal else None

    def fit(self, text: str) -> str:
        """Write what this encoding has no characters for as their numbers."""
        return text.encode(self._encoding, "backslashreplace").decode(self._encoding)

    def text(self, *parts: Part) -> Text:
        """Make a line of words as they are: nothing in them is markup."""
        from rich.text import Text  # noqa: PLC0415

        return Text.assemble(*((self.fit(words), style) for words, style in parts))

    def line(self, *parts: Part) -> None:
        """Write a line; one that is too long is the terminal's to break."""
        self.console.print(self.text(*parts), soft_wrap=True)

    def paragraph(self, words: str, first: str = "", style: str = "") -> None:
        """Write words, on terminals broken between words, below the end of what stands before them."""
        lines = [words]
        if self.width is not None:
            room = max(self.width - len(first), _LEAST)
            lines = wrap(words, room, break_long_words=False, break_on_hyphens=False)
        for number, one in enumerate(lines):
            self.line((" " * len(first) if number else first, style), (one, style))

    def block(self, text: str) -> None:
        """Write lines as they are, tabs and all."""
        self._file.write(self.fit(plain_lines(text)).rstrip("\n") + "\n")
