"""``seawall explain``: what it prints, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from tests.support.weekly import SMALL, weekly

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Run = Callable[..., Done]

HOST: Final = "myregistry.azurecr.io"
TIMEOUT: Final = f'Get "https://{HOST}/v2/": dial tcp 20.0.0.9:443: i/o timeout'


def test_a_host(run: Run) -> None:
    done = run("explain", HOST)
    assert f"{HOST}: the login server of the registry myregistry" in done.out
    assert f"Allowed by: TCP 443 to {HOST}" in done.out
    assert not done.err


def test_an_error_with_all_there_is_to_know(run: Run, tags_file: Path) -> None:
    words = ("--registry", "myregistry", "-r", "eastus", "--service-tags", tags_file)
    done = run("explain", TIMEOUT, *words)
    assert done.out.startswith("Cause: packets went out")
    assert "20.0.0.9: an address of AzureContainerRegistry.EastUS" in done.out
    assert done.out.count("Expected of a client") == 2
    report = run("explain", TIMEOUT, *words, "--json").json
    assert set(report) == {"symptom", "findings"}
    assert report["symptom"]["name"] == "dropped"
    assert set(report["symptom"]) == {"name", "meaning", "advice"}
    host, address = report["findings"]
    assert host == {
        "what": HOST,
        "meaning": "REST endpoint of myregistry: signing in and manifests",
        "expected": True,
        "purpose": "login",
        "rule": f"TCP 443 to {HOST}",
        "tags": [],
    }
    assert address["tags"][0] == "AzureContainerRegistry.EastUS"


def test_words_need_no_quotes(run: Run) -> None:
    assert run("explain", *TIMEOUT.split(), "--json").json == run("explain", TIMEOUT, "--json").json


def test_what_nobody_has_business_at_has_no_rule(run: Run) -> None:
    done = run("explain", "other1.azurecr.io", "--registry", "myregistry")
    assert "Not expected" in done.out
    assert "Allowed by" not in done.out
    assert run("explain", "other1.azurecr.io", "--registry", "myregistry", "--json").json["findings"][0]["rule"] is None


def test_revocation_is_on_port_80(run: Run) -> None:
    assert "TCP 80 to ocsp.digicert.com" in run("explain", "ocsp.digicert.com").out


def test_standard_input(run: Run) -> None:
    line = "seawall refused: IN= OUT=eth0 SRC=10.1.2.3 DST=20.0.0.9 LEN=60 PROTO=TCP SPT=40312 DPT=443 SYN"
    report = run("explain", "-", "--json", stdin=f"{line}\n{line}\n").json
    assert report["symptom"]["name"] == "logged"
    assert [one["what"] for one in report["findings"]] == ["20.0.0.9"]


@pytest.mark.parametrize("data", [b"caf\xe9 " + HOST.encode(), b"\xff\xfe" + HOST.encode("utf-16-le"), b"\0" * 10_000])
def test_standard_input_that_is_no_text_is_no_fault_of_the_program(run: Run, data: bytes) -> None:
    # Logs have anything in them.
    found = HOST.encode() in data or data.startswith(b"\xff\xfe")
    done = run("explain", "-", stdin=data, code=0 if found else 1)
    assert (HOST in done.out) is found


@pytest.mark.parametrize("text", ["it does not work", "", "-"])
def test_nothing_to_explain_ends_with_1(run: Run, text: str) -> None:
    assert "no host, address or known error" in run("explain", text, stdin="", code=1).err
    assert run("explain", text, "--json", stdin="", code=1).json == {"symptom": None, "findings": []}


def test_nothing_at_all_ends_with_2(run: Run) -> None:
    assert run("explain", code=2).err


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--registry", "no"], "'no'"),
        (["--registry", "myregistry", "--data-endpoints"], "--region"),
        (["--registry", "myregistry", "-r", "mars"], "'mars'"),
        (["--cloud", "mars"], "--cloud"),
        (["--service-tags", "nowhere.json"], "nowhere.json"),
        (["--from", "nowhere.json"], "nowhere.json"),
    ],
)
def test_what_makes_no_sense_ends_with_2(run: Run, more: list[str], words: str) -> None:
    assert words in run("explain", HOST, *more, code=2).err


def test_the_file_that_was_fetched_last_is_used(run: Run, kept: Path) -> None:
    assert "AzureContainerRegistry.EastUS" in run("explain", "20.0.0.9").out
    kept.unlink()
    assert "give a weekly file" in run("explain", "20.0.0.9").out


def test_a_damaged_file_that_nobody_named_does_not_keep_a_host_from_being_explained(run: Run, kept: Path) -> None:
    kept.write_bytes(b"{")
    assert "login server" in run("explain", HOST).out


def test_another_cloud(run: Run, state: Path) -> None:
    state.mkdir(parents=True)
    (state / "China.json").write_bytes(weekly(SMALL, cloud="China"))
    done = run("explain", "myregistry.azurecr.cn", "20.0.0.9", "--registry", "myregistry", "--cloud", "china")
    assert done.out.count("Expected of a client") == 2
    own = run("explain", "myregistry.registry.test", "--registry", "myregistry", "--cloud", "registry.test")
    assert "Allowed by: TCP 443 to myregistry.registry.test" in own.out


def test_mcr_alone(run: Run) -> None:
    done = run("explain", "eastus.data.mcr.microsoft.com", "--mcr")
    assert "Allowed by: TCP 443 to *.data.mcr.microsoft.com" in done.out


def test_regions_without_a_registry_are_not_passed_over_in_silence(run: Run) -> None:
    run("explain", HOST, "-r", "eastus", code=2)


def test_nothing_moves_the_cursor(run: Run) -> None:
    done = run("explain", f"\x1b[2J{HOST}\x1b]0;title\x07 1.2.3.4\x1b[A")
    assert "\x1b" not in done.out


def test_the_rule_in_a_firewalls_language(run: Run, tags_file: Path) -> None:
    words = ("--registry", "myregistry", "-r", "eastus", "--data-endpoints")
    data = "myregistry.eastus.data.azurecr.io"
    by_name = run("explain", data, *words, "--to", "text").out
    assert by_name.endswith(f"\n{data}\n")
    assert "\nmyregistry.azurecr.io\n" not in by_name
    by_ip = run("explain", "20.0.0.9", *words, "--service-tags", tags_file, "--to", "nftables").out
    assert "20.0.0.0/24" in by_ip
    # What nobody has business at gets no rule.
    assert run("explain", "other1.azurecr.io", *words, "--to", "text").out.count("\n") == 2


@pytest.mark.parametrize("more", [[], ["--registry", "myregistry"]])
def test_a_firewall_that_is_none(run: Run, more: list[str]) -> None:
    assert "--to" in run("explain", HOST, *more, "--to", "nofirewall", code=2).err


def test_a_rule_needs_a_registry(run: Run) -> None:
    assert "--registry" in run("explain", HOST, "--to", "text", code=2).err


def test_the_words_above_the_rule_count_what_is_in_it(run: Run) -> None:
    words = ("--registry", "myregistry", "-r", "eastus", "-r", "westus", "--data-endpoints")
    assert "Opens 1 exact host name." in run("explain", HOST, *words, "--to", "haproxy").out


def test_a_firewall_that_cannot_say_it(run: Run) -> None:
    words = ("--registry", "myregistry", "-r", "eastus", "--to", "gcp")
    assert "knows no wildcards" in run("explain", "weumanaged15.blob.core.windows.net", *words, code=3).err
