"""Registries described by the JSON of Azure's tools: ``--from``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Run = Callable[..., Done]

SHOWN: Final = {
    "location": "eastus",
    "loginServer": "myregistry.azurecr.io",
    "dataEndpointEnabled": True,
    "dataEndpointHostNames": ["myregistry.eastus.data.azurecr.io", "myregistry.westus.data.azurecr.io"],
}


def test_a_description_comes_from_standard_input(run: Run) -> None:
    found = run("rules", "--from", "-", "--json", stdin=json.dumps(SHOWN)).json_lines
    names = [name for rule in found["rules"] for name in rule["names"]]
    assert names == [
        "myregistry.azurecr.io",
        "azurecr.io",
        "myregistry.eastus.data.azurecr.io",
        "myregistry.westus.data.azurecr.io",
    ]


def test_a_description_comes_from_a_file_as_windows_writes_it(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "registry.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(SHOWN, indent=1).replace("\n", "\r\n").encode())
    direct = run("endpoints", "--from", "-", "--json", stdin=json.dumps(SHOWN))
    assert run("endpoints", "--from", path, "--json") == direct


def test_what_is_said_comes_before_what_is_described(run: Run) -> None:
    found = run("endpoints", "myregistry", "-r", "eastus", "--from", "-", "--json", stdin=json.dumps(SHOWN)).json
    assert [one["host"] for one in found][2:] == ["myregistry.eastus.data.azurecr.io"]
    off = run("endpoints", "--no-data-endpoints", "--from", "-", "--json", stdin=json.dumps(SHOWN)).json
    assert "*.blob.core.windows.net" in [one["host"] for one in off]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "did the az command fail"),
        ("ERROR: Please run 'az login'", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("{}", "az acr show"),
        ("null", "az acr show"),
        ('{"loginServer": "mcr.microsoft.com"}', "mcr.microsoft.com"),
        ('{"loginServer": "myregistry.azurecr.io", "dataEndpointHostNames": ["evil.example"]}', "evil.example"),
        ('{"loginServer": "myregistry.azurecr.io", "location": 5}', ""),
        ('{"loginServer": "myregistry.azurecr.io", "dataEndpointHostNames": 5}', ""),
        ('{"loginServer": "myregistry.azurecr.io", "dataEndpointHostNames": [5]}', ""),
        ('[{"location": "eastus", "type": "Microsoft.ContainerRegistry/registries"}]', "replication"),
        ("[5]", "location"),
    ],
)
def test_a_description_that_is_none_is_named(run: Run, text: str, words: str) -> None:
    if '"location": 5' in text:
        # A location that is no text is as good as none.
        run("endpoints", "--from", "-", stdin=text)
        return
    done = run("endpoints", "--from", "-", code=2, stdin=text)
    assert "--from: -: " in done.err
    assert words in done.err
    assert not done.out


def test_a_byte_order_mark_on_standard_input_is_skipped(run: Run) -> None:
    data = json.dumps(SHOWN).encode()
    marked = run("endpoints", "--from", "-", "--json", stdin=b"\xef\xbb\xbf" + data)
    assert marked == run("endpoints", "--from", "-", "--json", stdin=data)


def test_standard_input_that_is_no_text_is_refused(run: Run) -> None:
    assert "--from" in run("endpoints", "--from", "-", code=2, stdin=b"\xff\xfe{\x00}\x00").err


def test_a_description_of_another_registry_is_refused(run: Run) -> None:
    done = run("endpoints", "otherregistry", "--from", "-", code=2, stdin=json.dumps(SHOWN))
    assert "myregistry" in done.err
    assert "otherregistry" in done.err


def test_files_that_cannot_be_read_are_named(run: Run, tmp_path: Path) -> None:
    binary = tmp_path / "binary.json"
    binary.write_bytes(b"\xff\xfe")
    for path in (tmp_path / "nowhere.json", tmp_path, binary):
        assert str(path) in run("rules", "--from", path, code=2).err


@pytest.mark.parametrize(
    ("options", "ports"),
    [((), [5000, 5001]), (("--switching",), [5000, 5001, 5002]), (("--data-endpoints",), [5000, 5002])],
)
def test_a_registry_on_ports_says_which_come_with_the_switch(
    run: Run, tmp_path: Path, options: tuple[str, ...], ports: list[int]
) -> None:
    told = {
        "loginServer": "localhost:5000",
        "dataEndpoints": [{"region": "eastus", "endpoint": "localhost:5001"}],
        "dataEndpointsAfterSwitch": [{"region": "eastus", "endpoint": "localhost:5002"}],
    }
    path = tmp_path / "endpoints.json"
    path.write_text(json.dumps(told))
    listed = run("endpoints", "--from", path, "--json", *options).json
    assert sorted(one["port"] for one in listed) == ports
