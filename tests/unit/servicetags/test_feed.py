"""Getting the file: from a page and a server of our own that behave as Microsoft's have, on good days and bad ones."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from typing import Any, cast

import pytest

from seawall.naming import CHINA, PUBLIC, US_GOVERNMENT, Cloud
from seawall.neighbours import NEIGHBOURS
from seawall.servicetags.feed import FeedError, fetch
from seawall.servicetags.snapshot import LARGEST_FILE
from tests.support.website import Reply, Website, moved
from tests.support.weekly import weekly
from tests.unit.servicetags.microsoft import BAD_DAYS, GOOD, LINK, PAGES, page

# The page.


def test_the_file_is_found_by_the_page(microsoft: Website) -> None:
    assert fetch(PUBLIC) == (GOOD, LINK)
    assert microsoft.asked == [
        "CONNECT www.microsoft.com:443",
        PAGES[PUBLIC],
        "CONNECT download.microsoft.com:443",
        LINK,
    ]


@pytest.mark.parametrize(
    ("cloud", "name"),
    [(PUBLIC, "Public"), (US_GOVERNMENT, "AzureGovernment"), (CHINA, "China")],
    ids=lambda one: getattr(one, "domain", one),
)
def test_every_cloud_has_its_page(microsoft: Website, cloud: Cloud, name: str) -> None:
    # Older folders are in capitals.
    link = f"https://download.microsoft.com/download/6/4/D/64DB03BF-895B-4173/ServiceTags_{name}_20251020.json"
    microsoft.pages[PAGES[cloud]] = page(link)
    microsoft.pages[link] = Reply(weekly(cloud=name))
    assert fetch(cloud) == (weekly(cloud=name), link)


def test_of_two_weeks_on_the_page_the_newer_one_is_taken(microsoft: Website) -> None:
    older = LINK.replace("20251020", "20251013")
    for links in ((LINK, older), (older, LINK)):
        microsoft.pages[PAGES[PUBLIC]] = page(*links)
        assert fetch(PUBLIC) == (GOOD, LINK)


def test_the_page_may_have_moved(microsoft: Website) -> None:
    elsewhere = "https://www.microsoft.com/en-us/download/details.aspx?id=56519"
    microsoft.pages[elsewhere] = microsoft.pages[PAGES[PUBLIC]]
    microsoft.pages[PAGES[PUBLIC]] = moved("/en-us/download/details.aspx?id=56519", 301)
    assert fetch(PUBLIC) == (GOOD, LINK)


def test_a_page_that_is_not_utf_8_is_read_all_the_same(microsoft: Website) -> None:
    microsoft.pages[PAGES[PUBLIC]] = Reply(b"caf\xe9 \xff" + page(LINK).body)
    assert fetch(PUBLIC) == (GOOD, LINK)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>We are sorry, the page you requested cannot be found.</html>",
        # Links that are not the file's, or lead elsewhere.
        page("https://download.microsoft.com.evil.example/download/7/ServiceTags_Public_20251020.json").body,
        page("http://download.microsoft.com/download/7/ServiceTags_Public_20251020.json").body,
        page("https://evil.example/download.microsoft.com/download/ServiceTags_Public_20251020.json").body,
        page("https://downloadXmicrosoft.com/download/7/ServiceTags_Public_20251020.json").body,
        page("https://download.microsoft.com/download/7/ServiceTags_Public.json").body,
        page("https://download.microsoft.com/download/7/ServiceTags_Public_20251020.zip").body,
        page("https://download.microsoft.com/download/7/msft-public-ips.csv").body,
    ],
)
def test_a_page_without_the_link_is_said_to_have_none(microsoft: Website, body: bytes) -> None:
    microsoft.pages[PAGES[PUBLIC]] = Reply(body)
    with pytest.raises(FeedError, match="no link to the weekly file") as caught:
        fetch(PUBLIC)
    assert PAGES[PUBLIC] in str(caught.value)
    assert microsoft.asked[-1] == PAGES[PUBLIC]


def test_a_page_that_the_tests_put_in_the_place_of_microsofts(site: Website, monkeypatch: pytest.MonkeyPatch) -> None:
    beside = cast("dict[str, Any]", NEIGHBOURS)
    monkeypatch.setitem(beside, PUBLIC.domain, replace(NEIGHBOURS[PUBLIC.domain], download=f"{site.url}/page"))
    site.pages["/page"] = Reply(b"busy", 503)
    with pytest.raises(FeedError, match="503"):
        fetch(PUBLIC)
    assert site.asked == ["/page"]


def test_a_domain_of_ones_own_has_no_file() -> None:
    with pytest.raises(FeedError, match=re.escape("registry.example has no service tags")):
        fetch(Cloud.own("registry.example"))


# The file.


def test_a_mirror_is_asked_for_the_file_itself(site: Website) -> None:
    assert fetch(PUBLIC, f"{site.url}/tags.json") == (GOOD, f"{site.url}/tags.json")
    assert site.asked == ["/tags.json"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(site: Website, status: int) -> None:
    site.pages["/old"] = moved("/older", status)
    site.pages["/older"] = moved(f"{site.url}/tags.json", status)
    assert fetch(PUBLIC, f"{site.url}/old")[0] == GOOD
    assert site.asked == ["/old", "/older", "/tags.json"]


def test_a_body_may_come_packed(site: Website) -> None:
    site.pages["/packed"] = Reply(gzip.compress(GOOD), headers={"Content-Encoding": "gzip"})
    assert fetch(PUBLIC, f"{site.url}/packed")[0] == GOOD


@pytest.mark.parametrize("day", BAD_DAYS)
def test_what_cannot_be_had_is_named(site: Website, day: str) -> None:
    reply, words = BAD_DAYS[day]
    site.pages["/bad"] = reply
    with pytest.raises(FeedError, match=f"(?i){words}") as caught:
        fetch(PUBLIC, f"{site.url}/bad")
    assert str(caught.value).startswith(f"{site.url}/bad: ")
    # Nobody fills a disk or a memory by never ending.
    assert site.sent < 2 * LARGEST_FILE


def test_a_server_that_is_not_there_is_named_with_what_to_do() -> None:
    with Website() as gone:
        url = gone.url
    with pytest.raises(FeedError) as caught:
        fetch(PUBLIC, f"{url}/tags.json")
    assert str(caught.value).startswith(f"{url}/tags.json: ")
    assert "HTTPS_PROXY" in str(caught.value)
    assert "--file" in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "ftp://mirror.example/tags.json",
        "file:///etc/hostname",
        "http://",
        "http://[::1",
        "http://a..b/tags.json",
        f"http://{'a' * 64}.example/tags.json",
        "http://127.0.0.1:99999/tags.json",
        "http://127.0.0.1:x/tags.json",
        "http://mirror.example/\ntags.json",
        "http://\N{SNOWMAN}\u200d.example/tags.json",
    ],
)
def test_no_address_ends_in_a_traceback(url: str) -> None:
    with pytest.raises(FeedError):
        fetch(PUBLIC, url)
