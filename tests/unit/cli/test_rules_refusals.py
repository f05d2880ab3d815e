"""How ``seawall rules`` and ``endpoints`` end when something is wrong, and what they say then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.support.weekly import SMALL, weekly

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Run = Callable[..., Done]

DEDICATED: Final = ("rules", "myregistry", "--region", "eastus", "--data-endpoints")


# How it ends: 2, what was said makes no sense.


@pytest.mark.parametrize("command", ["rules", "endpoints"])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["say which registry", "--mcr"]),
        (["no"], ["'no'", "5 to 50"]),
        (["my_registry"], ["'my_registry'"]),
        (["myregistry.eastus.data.azurecr.io"], ["not a login server", "data"]),
        (["https://myregistry.azurecr.io"], ["not a host name"]),
        (["myregistry", "--data-endpoints"], ["--region", "az acr replication list"]),
        (["myregistry", "--regional-endpoints"], ["--region"]),
        (["myregistry", "--region", "eastus", "--dual-stack"], ["--data-endpoints"]),
        (["myregistry", "--region", "eastus", "--private-link", "--dual-stack"], ["IPv4 only"]),
        (["--mcr", "--region", "eastus"], ["say which"]),
        (["myregistry", "--cloud", "mars"], ["--cloud", "'mars'", "public, china, usgov"]),
        (["myregistry", "--region", "east-us"], ["'east-us'"]),
        (["myregistry", "--region", "eastuss"], ["'eastuss'", "is it eastus"]),
        (["myregistry", "--cloud", "china", "--region", "eastus"], ["China has no region 'eastus'"]),
    ],
)
def test_what_makes_no_sense_ends_with_2(run: Run, command: str, arguments: list[str], words: list[str]) -> None:
    for more in ([], ["--json"]):
        done = run(command, *arguments, *more, code=2)
        assert not done.out
        assert all(word in done.err for word in words), done.err


def test_a_region_that_is_not_known_is_named(run: Run) -> None:
    message = run("rules", "myregistry", "--region", "mars", code=2).err
    assert "Public has no region 'mars'" in message
    assert "'mars' A region" not in message


def test_a_region_newer_than_the_program_is_known_by_the_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "newer.json"
    tags = {
        **SMALL,
        "AzureContainerRegistry.MarsNorth": ("20.0.3.0/24",),
        "Storage.MarsNorth": ("20.1.255.0/24",),
    }
    path.write_bytes(weekly(tags))
    arguments = ("rules", "myregistry", "--region", "Mars North", "--data-endpoints", "--by", "ip", "--to", "text")
    run(*arguments, code=2)
    out = run(*arguments, "--service-tags", path).out
    assert "20.0.3.0/24" in out
    assert "20.1.255.0/24" in out


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("nftable", ["no target 'nftable'", "is it nftables"]),
        ("NFTables", ["no target 'NFTables'", "nftables"]),
        ("", ["no target ''", "nftables", "markdown"]),
        ("qqqqqqqq", ["no target 'qqqqqqqq'", "nftables", "markdown"]),
        ("nftables:", ["service-tag file"]),
        ("nftables:yaml", ["nftables", "no format 'yaml'", "nft"]),
        ("nftables:nft:nft", ["no format 'nft:nft'"]),
        (":json", ["no target ''"]),
    ],
)
def test_a_target_that_is_not_known_is_named_with_a_hint(run: Run, to: str, words: list[str]) -> None:
    done = run(*DEDICATED, "--to", to, code=2)
    assert not done.out
    assert all(word in done.err for word in words), done.err


@pytest.mark.parametrize("by", ["", "names", "IP", "dns"])
def test_a_way_that_is_not_known_is_named(run: Run, by: str) -> None:
    done = run(*DEDICATED, "--by", by, code=2)
    assert f"--by: {by!r} is none of name, ip, tag, private-link" in done.err


def test_without_a_service_tag_file_it_is_said_what_to_do(run: Run, state: Path) -> None:
    done = run(*DEDICATED, "--by", "ip", code=2)
    for words in ("service-tag file of Public", str(state), "seawall service-tags fetch", "--service-tags"):
        assert words in done.err


def test_service_tag_files_that_cannot_be_read_are_named(run: Run, tmp_path: Path, kept: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_bytes(b"<html>Gateway Timeout</html>")
    for path in (bad, tmp_path / "nowhere.json", tmp_path):
        assert str(path) in run(*DEDICATED, "--by", "ip", "--service-tags", path, code=2).err
    kept.write_bytes(weekly()[:-1])
    assert str(kept) in run(*DEDICATED, "--by", "ip", code=2).err


@pytest.mark.parametrize("way", ["ip", "tag"])
def test_a_region_that_has_vanished_from_the_file_is_an_error(run: Run, tmp_path: Path, way: str) -> None:
    path = tmp_path / "fewer.json"
    path.write_bytes(weekly({name: one for name, one in SMALL.items() if name != "AzureContainerRegistry.EastUS"}))
    done = run(*DEDICATED, "--by", way, "--service-tags", path, code=2)
    assert "AzureContainerRegistry.EastUS" in done.err
    assert not done.out


@pytest.mark.parametrize("way", ["ip", "tag"])
def test_the_file_of_another_cloud_is_refused(run: Run, tags_file: Path, way: str) -> None:
    done = run("rules", "myregistry", "--cloud", "china", "--by", way, "--service-tags", tags_file, code=2)
    assert "Public" in done.err
    assert "China" in done.err
    assert not done.out


@pytest.mark.parametrize("way", ["ip", "tag"])
def test_a_domain_of_ones_own_has_no_service_tags(run: Run, way: str) -> None:
    done = run("rules", "myregistry", "--cloud", "registry.example", "--by", way, code=2)
    assert "registry.example has no service tags" in done.err


# 3, the product cannot say it.


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rules", "myregistry", "--to", "nftables", "--by", "name"], ["nftables", "host names", "--by ip"]),
        ([*DEDICATED, "--to", "nftables", "--by", "tag"], ["nftables", "service tags", "--by ip"]),
    ],
)
def test_what_the_product_cannot_say_ends_with_3(run: Run, arguments: list[str], words: list[str]) -> None:
    done = run(*arguments, code=3)
    assert not done.out
    assert all(word in done.err for word in words), done.err
