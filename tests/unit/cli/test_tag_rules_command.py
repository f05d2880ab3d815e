"""``seawall network-rule`` with service tags, and its refresh."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from seawall.metadata import registries
from seawall.metadata.database import Database
from tests.support.weekly import SMALL, weekly

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Run = Callable[..., Done]

TAG = "AzureContainerRegistry.EastUS"


@pytest.fixture
def node(run: Run, tmp_path: Path) -> Run:
    """Commands about a node that has one registry and does not run."""
    config = tmp_path / "seawall.toml"
    config.write_text(f'state = {json.dumps(str(tmp_path / "node"))}\nregion = "eastus"\ndomain = "azurecr.test"\n')

    def call(*arguments: str | Path, code: int = 0) -> Done:
        return run(*arguments, "--config", config, code=code)

    call("registry", "create", "myregistry")
    return call


def tags(node: Run) -> dict[str, list[str]]:
    listed: Any = node("network-rule", "list", "--json").json["service_tags"]
    return {one["tag"]: one["prefixes"] for one in listed}


def admitted(tmp_path: Path, address: str) -> bool:
    """Ask what the doors ask."""
    database = Database(f"sqlite:///{tmp_path / 'node' / 'seawall.db'}", "eastus")
    try:
        return database.read_now(registries.the, "myregistry").admits(address)
    finally:
        database.close()


@pytest.mark.usefixtures("kept")
def test_tags_are_added_beside_ranges_and_removed(node: Run, tmp_path: Path) -> None:
    told = node("network-rule", "add", "203.0.113.7", TAG, "Storage.EastUS").out
    assert "Added 203.0.113.7/32." in told
    assert f"Added {TAG}: 256 IPv4 addresses in 2 ranges, Public 374." in told
    assert tags(node) == {TAG: ["20.0.0.0/24", "2603:1000::/48"], "Storage.EastUS": ["20.1.0.0/18", "20.1.64.0/24"]}
    node("registry", "update", "myregistry", "--default-action", "deny")
    assert [admitted(tmp_path, one) for one in ("20.0.0.9", "203.0.113.7", "20.0.1.9")] == [True, True, False]
    shown = node("network-rule", "list").out
    assert f"{TAG}" in shown
    assert "256 IPv4 addresses in 2 ranges" in shown
    assert "is there already" in node("network-rule", "add", TAG).out
    assert f"Removed {TAG}." in node("network-rule", "remove", TAG).out
    assert list(tags(node)) == ["Storage.EastUS"]
    assert "no rule for Nothing" in node("network-rule", "remove", "Nothing", "Storage.EastUS", code=1).err
    assert not tags(node)


@pytest.mark.usefixtures("kept")
def test_a_tag_that_is_not_there_is_refused_with_one_that_is_meant(node: Run) -> None:
    done = node("network-rule", "add", "AzureContainerRegistry.EastUs", "203.0.113.7", code=2)
    assert f"is it {TAG}" in done.err
    assert node("network-rule", "list", "--json").json["rules"] == []


def test_without_a_weekly_file_one_is_told_how_to_get_it(node: Run) -> None:
    assert "seawall service-tags fetch" in node("network-rule", "add", TAG, code=2).err


def test_a_file_of_ones_own_and_a_directory_in_the_configuration(node: Run, tags_file: Path, tmp_path: Path) -> None:
    node("network-rule", "add", TAG, "--service-tags", tags_file)
    assert list(tags(node)) == [TAG]
    with (tmp_path / "seawall.toml").open("a") as config:
        config.write('service_tags = "weekly"\n')
    (tmp_path / "weekly").mkdir()
    (tmp_path / "weekly" / "Public.json").write_bytes(weekly({**SMALL, "Mine": ("9.0.0.0/30",)}, change=400))
    node("network-rule", "add", "Mine")
    assert tags(node)["Mine"] == ["9.0.0.0/30"]


@pytest.mark.usefixtures("kept")
def test_refreshing_adds_at_once_and_says_what_it_did(node: Run, newer_file: Path, tmp_path: Path) -> None:
    assert node("network-rule", "refresh", "--json").json == []
    node("network-rule", "add", TAG, "Storage.EastUS")
    node("registry", "update", "myregistry", "--default-action", "deny")
    assert not admitted(tmp_path, "20.0.3.1")
    rows = node("network-rule", "refresh", "--service-tags", newer_file, "--json").json
    assert [(row["tag"], row["status"], row["basis"], row["ipv4_added"]) for row in rows] == [
        (TAG, "changed", "Public 375", 16),
        ("Storage.EastUS", "unchanged", "Public 375", 0),
    ]
    assert admitted(tmp_path, "20.0.3.1")
    again = node("network-rule", "refresh", "--service-tags", newer_file).out
    assert "unchanged" in again


@pytest.mark.usefixtures("kept")
def test_what_cannot_be_right_changes_nothing(node: Run, state: Path, tmp_path: Path) -> None:
    node("network-rule", "add", TAG)
    before = tags(node)
    bad = tmp_path / "bad.json"
    bad.write_bytes(weekly({**SMALL, TAG: ("20.0.0.0/28",)}, change=375))
    refused = node("network-rule", "refresh", "--service-tags", bad, code=4)
    assert "have vanished" in refused.err
    assert "the old addresses stay" in refused.err
    assert tags(node) == before
    bad.write_bytes(weekly({"Other": ("9.0.0.0/8",)}, change=375))
    assert "has no service tag" in node("network-rule", "refresh", "--service-tags", bad, code=4).err
    bad.write_bytes(weekly(cloud="China"))
    assert "the rule is of Public" in node("network-rule", "refresh", "--service-tags", bad, code=1).err
    (state / "Public.json").write_text("<html>")
    assert "download failed" in node("network-rule", "refresh", code=1).err
    assert tags(node) == before
    assert "give one of them" in node("network-rule", "refresh", "--service-tags", bad, "--fetch", code=2).err
    assert "there is no registry 'other'" in node("network-rule", "refresh", "-r", "other", code=2).err


@pytest.mark.usefixtures("kept")
def test_a_confirmed_loss_takes_effect_after_the_grace_period(node: Run, tmp_path: Path) -> None:
    node("network-rule", "add", TAG)
    less = tmp_path / "less.json"
    less.write_bytes(weekly({**SMALL, TAG: ("20.0.0.0/28",)}, change=375))
    refresh = ("network-rule", "refresh", "--service-tags", less, "--confirm-loss")
    node(*refresh)
    assert "20.0.0.0/24" in tags(node)[TAG]
    node(*refresh, "--grace-days", "0")
    assert tags(node)[TAG] == ["20.0.0.0/28"]
