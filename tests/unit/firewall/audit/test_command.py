"""The command: what it prints, and the code it ends with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from seawall.cli.audit import audit

if TYPE_CHECKING:
    from pathlib import Path

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(audit)
REGISTRY = ("myregistry", "--region", "eastus", "--data-endpoints")
NAMES = "myregistry.azurecr.io\nazurecr.io\nmyregistry.eastus.data.azurecr.io\n"


def run(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments), input=stdin)
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def week(tmp_path: Path) -> str:
    tags = {
        "AzureContainerRegistry": ["20.1.0.0/22"],
        "AzureContainerRegistry.EastUS": ["20.1.0.0/29"],
        "Storage": ["20.2.0.0/16"],
        "Storage.EastUS": ["20.2.0.0/20"],
    }
    values = [
        {
            "name": name,
            "id": name,
            "properties": {"changeNumber": 1, "region": name.partition(".")[2].lower(), "addressPrefixes": prefixes},
        }
        for name, prefixes in tags.items()
    ]
    path = tmp_path / "week.json"
    path.write_text(json.dumps({"changeNumber": 1, "cloud": "Public", "values": values}))
    return str(path)


def test_all_allowed_is_0() -> None:
    code, out, _ = run("-", *REGISTRY, stdin=NAMES)
    assert code == 0
    assert out.count("allowed") == 3
    assert "by line 3: myregistry.eastus.data.azurecr.io" in out


def test_something_blocked_is_4() -> None:
    code, out, _ = run("-", *REGISTRY, stdin="myregistry.azurecr.io\n*.blob.core.windows.net\n")
    assert code == 4
    assert "blocked" in out
    assert "Stale names:\n  *.blob.core.windows.net: dedicated data endpoints are on" in out


def test_optional_flows_do_not_count() -> None:
    code, out, _ = run("-", *REGISTRY, "--revocation", stdin=NAMES)
    assert code == 0
    assert "blocked (optional)" in out


def test_ranges_need_the_weekly_file(week: str) -> None:
    ranges = "20.1.0.0/29\n20.2.0.0/21\n203.0.113.0/24\n"
    code, out, _ = run("-", *REGISTRY, "--service-tags", week, stdin=ranges)
    assert code == 4
    assert "missing: 20.2.8.0/21" in out
    assert "203.0.113.0/24" in out.partition("Stale ranges")[2]
    assert "unknown" in out


def test_json_has_all_of_it(week: str) -> None:
    code, out, _ = run("-", *REGISTRY, "--service-tags", week, "--json", stdin="20.1.0.0/29\n20.2.0.0/21\n9.9.9.9\n")
    document = json.loads(out)
    assert code == 4
    assert document["passes"] is False
    data = document["flows"][2]
    assert (data["verdict"], data["missing_prefixes"]) == ("partly", ["20.2.8.0/21"])
    assert data["by"][1] == {"where": "line 2", "text": "20.2.0.0/21"}
    assert document["stale_ranges"] == ["9.9.9.9/32"]


def test_clients_and_paths_are_told(week: str) -> None:
    config = (
        "*filter\n:OUTPUT DROP [0:0]\n:FORWARD DROP [0:0]\n"
        "-A FORWARD -s 10.0.0.0/8 -p tcp -m tcp --dport 443 -j ACCEPT\nCOMMIT\n"
    )
    arguments = ("-", *REGISTRY, "--service-tags", week)
    assert run(*arguments, stdin=config)[0] == 4
    code, out, _ = run(*arguments, "--path", "forward", stdin=config)
    assert code == 4
    assert "depends on the client: only 10.0.0.0/8" in out
    code, out, _ = run(*arguments, "--path", "forward", "--client", "10.1.2.3/32", stdin=config)
    assert code == 0
    assert "too wide" in out


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (("-",), "", "list is empty"),
        (("-",), "hello\n", "-: line 1: 'hello' is no host name"),
        (("-",), "table inet x {\n}\n", "nft -j list ruleset"),
        (("-", "--format", "nft"), NAMES, "no rule set|not JSON"),
        (("-", "--format", "pf"), NAMES, "--format: 'pf' is none of nft, iptables, squid, nsg, list"),
        (("-", "--path", "in"), NAMES, "neither output nor forward"),
        (("-", "--client", "here"), NAMES, "--client: 'here' is not"),
        (("/nowhere/at/all",), "", "/nowhere/at/all: No such file"),
    ],
)
def test_what_cannot_be_read_is_2(arguments: tuple[str, ...], stdin: str, message: str) -> None:
    code, out, err = run(*arguments, *REGISTRY, stdin=stdin)
    assert code == 2
    assert not out
    assert err.startswith("seawall: ")
    assert any(one in err for one in message.split("|"))


def test_a_file_that_is_no_text_is_2(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(b"\xff\xfe\x00")
    code, _, err = run(str(path), *REGISTRY)
    assert code == 2
    assert "no text" in err


def test_rules_that_filter_nothing_are_too_wide() -> None:
    code, out, _ = run("-", *REGISTRY, stdin='{"nftables": [{"metainfo": {}}]}')
    assert code == 0
    assert out.count("too wide") == 3
