"""``seawall rules``, ``endpoints`` and ``targets``: what they say, and how they end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from seawall.firewall.targets.table import target_names
from seawall.servicetags.prefixes import AddressSet
from tests.support.weekly import SMALL, weekly

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Run = Callable[..., Done]

DEDICATED: Final = ("rules", "myregistry", "--region", "eastus", "--data-endpoints")


# What is printed.


def test_rules_are_one_json_document(run: Run) -> None:
    found = run(*DEDICATED, "--json").json_lines
    names = [name for rule in found["rules"] for name in rule["names"]]
    assert names == ["myregistry.azurecr.io", "azurecr.io", "myregistry.eastus.data.azurecr.io"]
    assert run(*DEDICATED, "--to", "json").out == run(*DEDICATED, "--json").out


def test_endpoints_are_one_json_document(run: Run) -> None:
    found = run("endpoints", "myregistry", "--region", "East US", "--data-endpoints", "--mcr", "--json").json
    assert [one["host"] for one in found] == [
        "myregistry.azurecr.io",
        "azurecr.io",
        "myregistry.eastus.data.azurecr.io",
        "mcr.microsoft.com",
        "*.data.mcr.microsoft.com",
    ]
    assert all(one["why"] and one["source"].startswith("https://") for one in found)


def test_endpoints_are_a_table_that_nothing_is_cut_off_from(run: Run) -> None:
    lines = run("endpoints", "myregistry", "--region", "eastus", "--data-endpoints").out.splitlines()
    hosts = [line.split()[0] for line in lines[1:]]
    assert hosts == ["myregistry.azurecr.io", "azurecr.io", "myregistry.eastus.data.azurecr.io"]
    assert "the dedicated data endpoint" in lines[-1]


def test_every_target_is_listed(run: Run) -> None:
    found = run("targets", "--json").json
    assert [one["target"] for one in found] == list(target_names())
    assert all(one["ways"] and one["formats"] and one["source"] for one in found)
    names = [line.split()[0] for line in run("targets").out.splitlines()[1:]]
    assert names == list(target_names())


def test_rules_by_ip_are_from_the_kept_file(run: Run, kept: Path) -> None:
    assert kept.exists()
    found = run(*DEDICATED, "--by", "ip", "--json").json_lines
    assert found["basis"] == "Public 374"
    opened = AddressSet.of(prefix for rule in found["rules"] for prefix in rule["prefixes"])
    tags = ("AzureContainerRegistry.EastUS", "Storage.EastUS")
    assert opened.v4 == AddressSet.of(prefix for tag in tags for prefix in SMALL[tag]).v4
    # On IPv6 it answers only when told to.
    assert not opened.v6


def test_rules_by_ip_are_from_a_given_file_first(run: Run, kept: Path, tmp_path: Path) -> None:
    kept.write_bytes(b"")
    other = tmp_path / "other.json"
    other.write_bytes(weekly({**SMALL, "AzureContainerRegistry.EastUS": ("20.0.0.7/32",)}, change=375))
    found = run(*DEDICATED, "--by", "ip", "--json", "--service-tags", other).json_lines
    assert found["basis"] == "Public 375"
    assert "20.0.0.7/32" in found["rules"][0]["prefixes"]


def test_rules_by_tag_have_the_spelling_of_tags(run: Run, tags_file: Path) -> None:
    for more in ([], ["--service-tags", str(tags_file)]):
        found = run(*DEDICATED, "--by", "tag", "--json", *more).json_lines
        tags = [tag for rule in found["rules"] for tag in rule["tags"]]
        assert set(tags) == {"AzureContainerRegistry.EastUS", "Storage.EastUS"}


# Files.


def test_rules_are_written_to_a_file(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "rules.md"
    out.write_text("old")
    done = run(*DEDICATED, "--out", out)
    assert (done.out, done.err) == ("", "")
    assert out.read_text("utf-8") == run(*DEDICATED).out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["rules", "no"], 2),
        (["rules", "myregistry", "--region", "mars"], 2),
        ([*DEDICATED, "--to", "nothing"], 2),
        ([*DEDICATED, "--by", "ip"], 2),
        ([*DEDICATED, "--by", "nothing"], 2),
        (["rules", "--from", "/nowhere.json"], 2),
        ([*DEDICATED, "--to", "nftables", "--by", "name"], 3),
    ],
)
def test_a_file_is_not_touched_when_rules_cannot_be_made(
    run: Run, tmp_path: Path, arguments: list[str], code: int
) -> None:
    out = tmp_path / "rules.txt"
    out.write_text("the rules in force")
    run(*arguments, "--out", out, code=code)
    assert out.read_text() == "the rules in force"
    new = tmp_path / "new.txt"
    run(*arguments, "--out", new, code=code)
    assert not new.exists()


def test_a_place_that_cannot_be_written_is_named(run: Run, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere" / "rules.txt"):
        assert str(path) in run(*DEDICATED, "--out", path, code=1).err


def test_a_disk_that_is_full_does_not_cost_the_rules_in_force(run: Run, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    assert str(full) in run(*DEDICATED, "--out", full, code=1).err
