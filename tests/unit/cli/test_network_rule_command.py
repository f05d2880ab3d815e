"""``seawall network-rule``, and the switch that makes its rules count."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from seawall.metadata import registries
from seawall.metadata.database import Database
from seawall.tiers import Tiers, limits_of
from seawall.topology import Tier

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Run = Callable[..., Done]


@pytest.fixture
def node(run: Run, tmp_path: Path) -> Run:
    """Commands about a node that has one registry and does not run."""
    config = tmp_path / "seawall.toml"
    config.write_text(f'state = {json.dumps(str(tmp_path / "node"))}\nregion = "eastus"\ndomain = "azurecr.test"\n')

    def call(*arguments: str, code: int = 0) -> Done:
        return run(*arguments, "--config", config, code=code)

    call("registry", "create", "myregistry")
    return call


def kept(node: Run) -> Any:  # noqa: ANN401 - JSON
    return node("network-rule", "list", "--json").json


def facts(*rules: str, action: str = "allow") -> dict[str, object]:
    return {"registry": "myregistry", "default_action": action, "rules": list(rules), "service_tags": []}


def test_a_new_registry_answers_everybody(node: Run) -> None:
    assert kept(node) == facts()
    told = node("network-rule", "list").out
    assert "answers everybody" in told
    assert "seawall registry update myregistry --default-action deny" in told


def test_rules_are_added_listed_and_removed(node: Run) -> None:
    added = node("network-rule", "add", "2001:DB8::/32", "203.0.113.7", "203.0.113.7/32", "10.0.0.0/8")
    assert added.out.splitlines()[:3] == ["Added 2001:db8::/32.", "Added 203.0.113.7/32.", "Added 10.0.0.0/8."]
    assert "do not count before 'seawall registry update myregistry --default-action deny'" in added.out
    assert kept(node) == facts("10.0.0.0/8", "203.0.113.7/32", "2001:db8::/32")
    assert all(one in node("network-rule", "list").out for one in ("10.0.0.0/8", "203.0.113.7/32", "2001:db8::/32"))
    told = node("network-rule", "remove", "10.0.0.0/8", "203.0.113.7", "--json").json
    assert told == kept(node) == facts("2001:db8::/32")


def test_what_is_there_may_be_added_again(node: Run) -> None:
    node("network-rule", "add", "203.0.113.7")
    again = node("network-rule", "add", "203.0.113.7/32", "203.0.113.8")
    assert again.out.splitlines()[:2] == ["203.0.113.7/32 is there already.", "Added 203.0.113.8/32."]
    assert node("network-rule", "add", "203.0.113.7", "--json").json == facts("203.0.113.7/32", "203.0.113.8/32")


def test_what_is_not_there_is_named_and_the_rest_removed(node: Run) -> None:
    node("network-rule", "add", "203.0.113.0/24", "198.51.100.1", "198.51.100.2")
    done = node("network-rule", "remove", "203.0.113.7", "198.51.100.1", code=1)
    assert "no rule for 203.0.113.7/32" in done.err
    assert "198.51.100.1" not in done.err
    assert done.out.startswith("Removed 198.51.100.1/32.\n")
    assert kept(node) == facts("198.51.100.2/32", "203.0.113.0/24")
    done = node("network-rule", "remove", "198.51.100.1", "--json", code=1)
    assert json.loads(done.out) == kept(node) == facts("198.51.100.2/32", "203.0.113.0/24")


@pytest.mark.parametrize("command", ["add", "remove"])
@pytest.mark.parametrize(
    ("written", "word"),
    [("203.0.113.7/24", "203.0.113.0/24"), ("::ffff:203.0.113.7", "203.0.113.7/32"), ("here/8", "no range")],
)
def test_a_range_that_cannot_be_changes_nothing(node: Run, command: str, written: str, word: str) -> None:
    node("network-rule", "add", "198.51.100.1")
    assert word in node("network-rule", command, "198.51.100.1", "198.51.100.2", written, code=2).err
    assert kept(node) == facts("198.51.100.1/32")


def test_there_are_no_more_than_a_registry_takes(node: Run) -> None:
    most = limits_of(Tiers.AZURE)[Tier.PREMIUM].ip_rules or 0
    node("network-rule", "add", *(f"10.0.{number}.0/24" for number in range(most - 1)))
    assert "remove some" in node("network-rule", "add", "198.51.100.1", "198.51.100.2", code=2).err
    assert len(kept(node)["rules"]) == most - 1
    node("network-rule", "add", "198.51.100.1")
    assert len(kept(node)["rules"]) == most


def test_the_switch_keeps_the_rules_and_the_other_switches(node: Run) -> None:
    node("network-rule", "add", "203.0.113.7")
    before = node("registry", "list", "--json").json
    done = node("registry", "update", "myregistry", "--default-action", "deny")
    assert not done.err
    assert kept(node) == facts("203.0.113.7/32", action="deny")
    assert "refuses everybody else" in node("network-rule", "list").out
    node("registry", "update", "myregistry", "--data-endpoints")
    node("network-rule", "add", "203.0.113.8")
    assert kept(node) == facts("203.0.113.7/32", "203.0.113.8/32", action="deny")
    node("registry", "update", "myregistry", "--default-action", "allow", "--no-data-endpoints")
    assert kept(node) == facts("203.0.113.7/32", "203.0.113.8/32")
    assert node("registry", "list", "--json").json == before


def test_who_refuses_everybody_is_told_so(node: Run) -> None:
    done = node("registry", "update", "myregistry", "--default-action", "deny")
    assert "refuses everybody now" in done.err
    assert "seawall network-rule add RANGE -r myregistry" in done.err
    assert kept(node) == facts(action="deny")
    node("network-rule", "add", "203.0.113.7")
    assert "answers nobody" in node("network-rule", "remove", "203.0.113.7").out


@pytest.mark.parametrize("tier", [Tier.BASIC, Tier.STANDARD])
def test_only_premium_has_network_rules(node: Run, tmp_path: Path, tier: Tier) -> None:
    database = Database(f"sqlite:///{tmp_path / 'node' / 'seawall.db'}", "eastus")
    (registry,) = database.read_now(registries.list_all)
    database.write_now(registries.put, replace(registry, tier=tier))
    database.close()
    for command in (
        ("network-rule", "add", "203.0.113.7"),
        ("registry", "update", "myregistry", "--default-action", "deny"),
    ):
        assert f"network rules are not supported for the SKU {tier.value}" in node(*command, code=2).err
    assert kept(node) == facts()


def test_help_says_what_a_refusal_does_not_touch(run: Run) -> None:
    told = " ".join(run("registry", "update", "--help").out.split())
    assert "Commands on the node itself are not affected" in told
    assert "--default-action" in told
    for command in ("list", "add", "remove"):
        assert "Examples:" in run("network-rule", command, "--help").out
