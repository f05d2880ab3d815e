"""The page about the Azure CLI: each of its commands is run, and says what the page says it does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from seawall.server.local import PORTS_PER_REGION
from tests.real.azure_cli import AzureCli
from tests.real.page import Ports, Shell, Step, blocks, steps
from tests.real.product import BINARY, Product

PAGE: Final = Path(__file__).parents[2] / "docs" / "az.md"
PORT: Final = 5000
STARTS: Final = "seawall up "
ELSEWHERE: Final = "--config"
"""What is in commands about a node of one's own domain, which is not this one."""
SECONDS: Final = 180.0


def commands() -> list[Step]:
    found = [step for block in blocks(PAGE) if block.kind == "console" for step in steps(block.text)]
    return [step for step in found if not step.command.startswith(STARTS) and ELSEWHERE not in step.command]


def test_every_command_says_what_the_page_says(tmp_path: Path) -> None:
    known = commands()
    assert len(known) > 8, "the page has lost its commands"
    with Product(tmp_path, "--region", "eastus", "--region", "westus", ports=2 * PORTS_PER_REGION) as product:
        az = AzureCli(product.state, set_up=False)
        path = f"{BINARY.parent}{os.pathsep}{az.environment['PATH']}"
        environment = az.environment | {"SEAWALL_STATE": str(product.state), "PATH": path}
        ports = Ports(PORT, product.port, 2 * PORTS_PER_REGION)
        with Shell(environment, tmp_path, SECONDS) as shell:
            said = [Step(step.command, ports.on_the_page(shell.run(step.command))) for step in known]
    assert said == known
