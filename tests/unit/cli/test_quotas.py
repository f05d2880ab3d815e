"""What a tier gives counts for commands as it does for the Azure CLI."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Run = Callable[..., Done]


@pytest.fixture
def node(run: Run, tmp_path: Path) -> Run:
    """Commands about a node whose registries may have one of each, which does not run."""
    config = tmp_path / "seawall.toml"
    config.write_text(
        f'state = {json.dumps(str(tmp_path / "node"))}\nregion = "eastus"\ndomain = "azurecr.test"\n'
        "limits.premium = { tokens = 1, scope_maps = 1, webhooks = 1 }\n"
    )

    def call(*arguments: str, code: int = 0) -> Done:
        return run(*arguments, "--config", config, code=code)

    call("registry", "create", "myregistry")
    return call


CREATE = {
    "token": ("token", "create", "{name}"),
    "scope map": ("scope-map", "create", "{name}", "--action", "repositories/app/content/read"),
    "webhook": ("webhook", "create", "{name}", "https://hooks.example/"),
}


@pytest.mark.parametrize("kind", CREATE)
def test_one_more_than_the_tier_gives_is_refused(node: Run, kind: str) -> None:
    def create(name: str, code: int = 0) -> Done:
        return node(*(word.format(name=name) for word in CREATE[kind]), code=code)

    create("first")
    refused = create("second", code=2)
    assert f"The requested feature {kind} exceeds allowed quota 1 for the SKU Premium" in refused.err
    command = CREATE[kind][0]
    assert "second" not in node(command, "list").out
    node(command, "delete", "first")
    create("second")


def test_what_is_there_may_be_replaced(node: Run) -> None:
    for action in ("read", "write"):
        node("scope-map", "create", "team", "--action", f"repositories/app/content/{action}")
    assert "content/write" in node("scope-map", "list").out
