"""The Azure CLI as its makers ship it, told of our cloud by `seawall az-setup`."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any, Final

from tests.real.clients import TOOLS, tool
from tests.real.product import BINARY

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE: Final = 120.0


class AzureCli:
    """`az`, with settings of its own, signed in as the operator of a registry."""

    def __init__(self, state: Path, *, set_up: bool = True) -> None:
        tool("az")
        self._prepare(state, "--state", state)
        if set_up:
            told = json.loads(self.seawall("az-setup", "--run", "--json"))
            self.environment |= told["environment"]

    def _prepare(self, home: Path, *about: str | Path) -> None:
        self._about = [str(one) for one in about]
        self.environment = {
            "PATH": f"{TOOLS}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
        }

    def seawall(self, *words: str) -> str:
        """Run one of our own commands about the registry; return what it prints."""
        done = self.call(str(BINARY), *words, *self._about)
        assert done.returncode == 0, f"{words}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `az`."""
        return self.call(tool("az"), *words)

    def call(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program where `az` is."""
        return subprocess.run(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def answer(self, *words: str) -> Any:  # noqa: ANN401 - JSON
        """Run a command that succeeds; return what it says."""
        done = self.run(*words, "--output", "json", "--only-show-errors")
        assert done.returncode == 0, f"az {words}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout) if done.stdout else None

    def refusal(self, *words: str) -> str:
        """Run a command that fails; return why."""
        done = self.run(*words)
        assert done.returncode != 0, f"az {words} succeeded:\n{done.stdout}"
        assert "Traceback" not in done.stderr
        return done.stderr
