"""The article as one script: every command and click of docs/article.md, in order, says what the page says."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from seawall.server.local import PORTS_PER_REGION
from tests.real.article_clicks import play
from tests.real.browser import Tab, running_chromium
from tests.real.clients import TOOLS, tool
from tests.real.page import Ports, Shell, blocks, steps
from tests.real.product import BINARY, Product

if TYPE_CHECKING:
    import pytest
    from playwright.sync_api import Browser

PAGE: Final = Path(__file__).parents[2] / "docs" / "article.md"
STARTS: Final = ("seawall", "up")
STATE: Final = ".local/state/seawall"
PORT: Final = 5000
PORTS: Final = range(7_000, 10_000)
"""Of as many digits as those on the page: tables are as wide as what is in them."""
SECONDS: Final = 240.0


class Reader:
    """Somebody with the page, a terminal and a browser; what they start is up before the next step."""

    def __init__(self, folder: Path, chromium: Browser, stack: ExitStack) -> None:
        self._home = folder / "home"
        work = self._home / "work"
        work.mkdir(parents=True)
        self._stack = stack
        self._ports = Ports(PORT, PORT, 0)
        environment = {
            "PATH": os.pathsep.join((str(BINARY.parent), str(TOOLS), os.environ.get("PATH", os.defpath))),
            "HOME": str(self._home),
            "LANG": "C.UTF-8",
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
            # Else skopeo notes passwords in a folder that all of this machine's users have in common.
            "REGISTRY_AUTH_FILE": str(self._home / "auth.json"),
        }
        self._shell = stack.enter_context(Shell(environment, work, SECONDS))
        self._tab = Tab(chromium, viewport={"width": 1200, "height": 800}, locale="en-US")

    def console(self, text: str) -> None:
        """Type the commands of a block; each prints what it prints on the page."""
        for command, said in steps(text):
            words = command.split()
            if tuple(words[:2]) == STARTS:
                self._start(words[2:])
            else:
                assert self._ports.on_the_page(self._shell.run(self._ports.here(command))) == said, command

    def portal(self, text: str) -> None:
        """Do the clicks of a block."""
        for step in text.splitlines():
            play(self._ports.here(step), self._tab.page, self._shell)
        assert self._tab.complaints == []

    def _start(self, options: list[str]) -> None:
        count = PORTS_PER_REGION * options.count("--region")
        product = self._stack.enter_context(Product(self._home / "product", *options, ports=count))
        state = self._home / STATE
        state.parent.mkdir(parents=True, exist_ok=True)
        state.symlink_to(product.state)
        self._ports = Ports(PORT, product.port, count)


def test_every_step_does_what_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.real.product.PORTS", PORTS)
    for name in ("az", "curl", "skopeo"):
        tool(name)
    known = [block for block in blocks(PAGE) if block.kind in {"console", "portal"}]
    assert {block.kind for block in known} == {"console", "portal"}, "the page has lost its steps"
    with ExitStack() as stack, running_chromium() as chromium:
        reader = Reader(tmp_path, chromium, stack)
        for block in known:
            if block.kind == "console":
                reader.console(block.text)
            else:
                reader.portal(block.text)
