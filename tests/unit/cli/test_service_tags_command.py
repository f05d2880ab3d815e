"""``seawall service-tags show`` and ``lookup``."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import pytest

from seawall.servicetags.feed import read_file
from tests.support.weekly import SMALL, weekly

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Run = Callable[..., Done]

# Clouds.


@pytest.mark.parametrize("command", [["fetch"], ["show"], ["lookup", "20.0.0.1"]])
@pytest.mark.parametrize(
    ("cloud", "words"),
    [
        ("mars", "'mars' is none of public, china, usgov"),
        ("", "none of public"),
        ("registry.example", "registry.example has no service tags"),
        ("not a domain.", "not a host name"),
    ],
)
def test_a_cloud_that_is_none_is_named(run: Run, command: list[str], cloud: str, words: str) -> None:
    assert words in run("service-tags", *command, "--cloud", cloud, code=2).err


@pytest.mark.parametrize("cloud", ["usgov", "USGov", "azurecr.us", "AZURECR.US"])
def test_a_cloud_has_two_names(run: Run, cloud: str) -> None:
    assert "AzureGovernment" in run("service-tags", "show", "--cloud", cloud, code=2).err


@pytest.mark.parametrize("command", [["show"], ["show", "Storage"], ["lookup", "20.0.0.1"]])
def test_where_there_is_no_file_yet_it_is_said_what_to_do(run: Run, state: Path, command: list[str]) -> None:
    done = run("service-tags", *command, code=2)
    assert "Public" in done.err
    assert str(state) in done.err
    assert "seawall service-tags fetch" in done.err
    assert "--service-tags" in done.err


@pytest.mark.parametrize("command", [["show"], ["show", "Storage"], ["lookup", "20.0.0.1"]])
def test_a_kept_file_that_was_damaged_is_named(run: Run, state: Path, command: list[str]) -> None:
    state.mkdir(parents=True)
    (state / "Public.json").write_bytes(weekly()[:-1])
    assert str(state / "Public.json") in run("service-tags", *command, code=2).err


def test_a_kept_file_that_cannot_be_read_is_named(run: Run, state: Path) -> None:
    (state / "Public.json").mkdir(parents=True)
    assert str(state / "Public.json") in run("service-tags", "show", code=2).err


@pytest.mark.parametrize("command", [["show"], ["show", "Storage"], ["lookup", "20.0.0.1"]])
def test_a_given_file_that_cannot_be_read_is_named(run: Run, tmp_path: Path, command: list[str]) -> None:
    bad = tmp_path / "bad.json"
    bad.write_bytes(b"<html>")
    for path in (tmp_path / "nowhere.json", tmp_path, bad):
        assert str(path) in run("service-tags", *command, "--service-tags", path, code=2).err


# show


def test_all_tags_are_listed(run: Run, tags_file: Path) -> None:
    assert run("service-tags", "show", "--service-tags", tags_file).out.splitlines() == sorted(SMALL)
    found = run("service-tags", "show", "--service-tags", tags_file, "--json").json
    assert found["tags"] == dict.fromkeys(SMALL, 1)
    assert (found["cloud"], found["change"]) == ("Public", 374)
    assert found["fingerprint"] == read_file(tags_file).fingerprint


def test_a_tag_is_shown_in_the_fewest_prefixes(run: Run, newer_file: Path) -> None:
    assert run("service-tags", "show", "Storage", "--service-tags", newer_file).out == "20.1.0.0/16\n"
    found = run(
        "service-tags", "show", "AzureContainerRegistry.GermanyWestCentral", "--service-tags", newer_file, "--json"
    )
    assert found.json == {
        "tag": "AzureContainerRegistry.GermanyWestCentral",
        "region": "germanywestcentral",
        "change": 1,
        "ipv4_addresses": 256,
        "ipv6_addresses": 2**80,
        "prefixes": ["20.0.1.0/24", "2603:1000:1::/48"],
    }
    assert run("service-tags", "show", "Storage", "--service-tags", newer_file, "--json").json["region"] is None


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_tag_that_is_not_there_is_not_shown_empty(run: Run, tags_file: Path, more: list[str]) -> None:
    done = run("service-tags", "show", "azurecontainerregistry.eastus", "--service-tags", tags_file, *more, code=1)
    assert not done.out
    assert "'azurecontainerregistry.eastus'; is it AzureContainerRegistry.EastUS" in done.err
    assert (
        "has no service tag 'Nothing'\n"
        in run("service-tags", "show", "Nothing", "--service-tags", tags_file, *more, code=1).err
    )


# lookup


def test_an_address_is_looked_up(run: Run, tags_file: Path) -> None:
    asked = ("20.0.0.1", "2620:1ec:32::1", "20.1.0.0/17")
    done = run("service-tags", "lookup", *asked, "--service-tags", tags_file)
    for address in asked:
        assert address in done.out
    assert "AzureContainerRegistry.EastUS, AzureCloud.eastus, AzureContainerRegistry, AzureCloud" in done.out
    found = run("service-tags", "lookup", *asked, "--service-tags", tags_file, "--json").json
    assert found == {
        "20.0.0.1": ["AzureContainerRegistry.EastUS", "AzureCloud.eastus", "AzureContainerRegistry", "AzureCloud"],
        "2620:1ec:32::1": ["AzureFrontDoor.FirstParty"],
        "20.1.0.0/17": ["AzureCloud.eastus", "Storage", "AzureCloud"],
    }


def test_what_no_tag_holds_ends_with_1(run: Run, tags_file: Path) -> None:
    assert "none" in run("service-tags", "lookup", "9.9.9.9", "--service-tags", tags_file, code=1).out
    done = run("service-tags", "lookup", "20.0.0.1", "9.9.9.9", "--service-tags", tags_file, "--json", code=1)
    assert done.json["9.9.9.9"] == []
    assert done.json["20.0.0.1"]


@pytest.mark.parametrize("text", ["20.0.0", "20.0.0.1/24", "mcr.microsoft.com", "Storage", "20.0.0.1,20.0.0.2", ""])
def test_what_is_no_address_ends_with_2(run: Run, tags_file: Path, text: str) -> None:
    done = run("service-tags", "lookup", "20.0.0.1", text, "--service-tags", tags_file, code=2)
    assert repr(text) in done.err
    assert not done.out


@pytest.mark.parametrize("text", ["2603:100::1", "fd00:ab:1::", "2001:db8:0:1:1234:0:100:1", "2001:100:ab:cl:o::"])
def test_addresses_are_printed_as_they_are(run: Run, tags_file: Path, text: str) -> None:
    # Some hexadecimal groups are the names of emoji.
    try:
        ipaddress.ip_address(text)
    except ValueError:
        assert repr(text) in run("service-tags", "lookup", text, "--service-tags", tags_file, code=2).err
    else:
        assert text in run("service-tags", "lookup", text, "--service-tags", tags_file, code=1).out
