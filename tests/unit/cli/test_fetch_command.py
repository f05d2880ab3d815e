"""``seawall service-tags fetch``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from seawall.servicetags.feed import Shelf, read_file
from tests.support.website import Reply, Website
from tests.support.weekly import SMALL, weekly
from tests.unit.servicetags.microsoft import page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.unit.cli.conftest import Done

    Run = Callable[..., Done]


@pytest.fixture
def site() -> Iterator[Website]:
    with Website() as found:
        found.pages["/tags.json"] = Reply(weekly())
        yield found


def test_a_file_is_fetched_and_kept(run: Run, site: Website, state: Path) -> None:
    done = run("service-tags", "fetch", "--url", f"{site.url}/tags.json")
    assert "Public 374" in done.out
    assert f"{len(SMALL)} tags" in done.out
    assert "something new" in done.out
    assert str(state / "Public.json") in done.out
    assert (state / "Public.json").read_bytes() == weekly()
    assert "the same as before" in run("service-tags", "fetch", "--url", f"{site.url}/tags.json").out


def test_microsofts_page_is_asked_through_the_proxy_of_the_environment(
    run: Run, tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Website(tmp_path) as microsoft:
        monkeypatch.setenv("HTTPS_PROXY", microsoft.url)
        monkeypatch.setenv("SSL_CERT_FILE", str(microsoft.authority_file))
        link = "https://download.microsoft.com/download/9/D/0/9D03B7E2/ServiceTags_China_20251020.json"
        microsoft.pages["https://www.microsoft.com/download/details.aspx?id=57062"] = page(link)
        microsoft.pages[link] = Reply(weekly(cloud="China"))
        found = run("service-tags", "fetch", "--cloud", "china", "--json").json
    assert (found["cloud"], found["news"]) == ("China", True)
    assert (state / "China.json").read_bytes() == weekly(cloud="China")


def test_a_file_and_an_address_are_not_taken_at_once(run: Run, tags_file: Path, site: Website, state: Path) -> None:
    done = run("service-tags", "fetch", "--file", tags_file, "--url", f"{site.url}/tags.json", code=2)
    assert "--file" in done.err
    assert "--url" in done.err
    assert not state.exists()


def test_a_file_that_was_downloaded_by_hand_is_kept(run: Run, tags_file: Path, state: Path) -> None:
    found = run("service-tags", "fetch", "--file", tags_file, "--json").json
    assert found == {
        "cloud": "Public",
        "change": 374,
        "fingerprint": read_file(tags_file).fingerprint,
        "news": True,
        "file": str(state / "Public.json"),
    }
    assert run("service-tags", "fetch", "--file", tags_file, "--json").json["news"] is False


def test_the_file_of_another_cloud_is_kept_beside_it(run: Run, tags_file: Path, tmp_path: Path, state: Path) -> None:
    run("service-tags", "fetch", "--file", tags_file)
    path = tmp_path / "gov.json"
    path.write_bytes(weekly(cloud="AzureGovernment"))
    run("service-tags", "fetch", "--cloud", "usgov", "--file", path)
    assert Shelf(state).load("AzureGovernment").cloud == "AzureGovernment"
    assert Shelf(state).load("Public").cloud == "Public"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"<HTML><HEAD><TITLE>Gateway Timeout</TITLE></HEAD></HTML>", "web page"),
        (weekly()[:-1], "cut off"),
        (weekly(cloud="China"), "China, not of Public"),
        (weekly({**SMALL, "Storage": ("20.1.0.1/16",)}), "Storage: addressPrefixes: '20.1.0.1/16'"),
        (weekly({**SMALL, "Storage": ()}), "Storage: addressPrefixes"),
    ],
)
def test_a_file_that_is_not_good_changes_nothing(
    run: Run, tags_file: Path, state: Path, site: Website, content: bytes, words: str
) -> None:
    run("service-tags", "fetch", "--file", tags_file)
    bad = tags_file.with_name("bad file.json")
    bad.write_bytes(content)
    site.pages["/bad.json"] = Reply(content)
    for option, where in (("--file", str(bad)), ("--url", f"{site.url}/bad.json")):
        done = run("service-tags", "fetch", option, where, code=1)
        assert not done.out
        assert where in done.err
        assert words in done.err
        assert (state / "Public.json").read_bytes() == weekly()


def test_a_server_that_does_not_give_it(run: Run, tags_file: Path, site: Website, state: Path) -> None:
    run("service-tags", "fetch", "--file", tags_file)
    for path, status in (("/busy", 503), ("/gone", 404)):
        site.pages[path] = Reply(b"<html>no</html>", status)
        done = run("service-tags", "fetch", "--url", f"{site.url}{path}", code=1)
        assert f"{site.url}{path}" in done.err
        assert str(status) in done.err
    assert (state / "Public.json").read_bytes() == weekly()


def test_files_that_cannot_be_read_are_named(run: Run, tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.json", tmp_path):
        assert str(path) in run("service-tags", "fetch", "--file", path, code=1).err


def test_a_file_without_end_is_read_no_further_than_a_file_may_be_long(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "hole.json"
    with path.open("wb") as file:
        file.truncate(1 << 42)
    # Reading all of it would take four terabytes of memory.
    assert "too many" in run("service-tags", "fetch", "--file", path, code=1).err


def test_a_place_that_cannot_be_written_is_named(run: Run, tags_file: Path, state: Path) -> None:
    state.parent.write_bytes(b"a file where a directory should be")
    assert str(state.parent) in run("service-tags", "fetch", "--file", tags_file, code=1).err


def test_a_disk_that_is_full_is_named(run: Run, tags_file: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    done = run("service-tags", "fetch", "--file", tags_file, code=1)
    assert "No space left" in done.err
    assert str(state) in done.err
    assert "None" not in done.err
