"""The page about the Azure CLI: each of its commands is run, and says what the page says it does."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

from seawall.server.local import PORTS_PER_REGION
from tests.real.azure_cli import AzureCli
from tests.real.product import BINARY, Product

PAGE: Final = Path(__file__).parents[2] / "docs" / "az.md"
PORT: Final = 5000
STARTS: Final = "seawall up "
ELSEWHERE: Final = "--config"
"""What is in commands about a node of one's own domain, which is not this one."""
MARK: Final = "\x1e"
SECONDS: Final = 180.0


class Step(NamedTuple):
    """A command of the page, and what it prints there."""

    command: str
    said: str


def steps() -> list[Step]:
    found = []
    for block in re.findall(r"```console\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        for part in block.split("$ ")[1:]:
            command, _, said = part.partition("\n")
            found.append(Step(command, said.rstrip()))
    return [step for step in found if not step.command.startswith(STARTS) and ELSEWHERE not in step.command]


def test_every_command_says_what_the_page_says(tmp_path: Path) -> None:
    known = steps()
    assert len(known) > 8, "the page has lost its commands"
    with Product(tmp_path, "--region", "eastus", "--region", "westus", ports=2 * PORTS_PER_REGION) as product:
        az = AzureCli(product.state, set_up=False)
        path = f"{BINARY.parent}{os.pathsep}{az.environment['PATH']}"
        # As somebody types them: one shell, whatever comes of each.
        script = "\n".join(f"printf '\\036'\n{step.command}" for step in known)
        done = subprocess.run(
            ["bash", "-c", script],
            env=az.environment | {"SEAWALL_STATE": str(product.state), "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )

        def on_the_page(port: re.Match[str]) -> str:
            place = int(port[0]) - product.port
            return str(PORT + place) if 0 <= place < 2 * PORTS_PER_REGION else port[0]

        said = [re.sub(r"\d+", on_the_page, part).strip() for part in done.stdout.split(MARK)[1:]]
    assert list(zip([step.command for step in known], said, strict=True)) == [tuple(step) for step in known]
