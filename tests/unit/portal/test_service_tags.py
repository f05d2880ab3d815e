"""The portal's page about service tags, and rules by them."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from seawall.metadata import regions, registries
from seawall.metadata.regions import Region
from seawall.portal.plot import Step, plot
from seawall.portal.words import Words
from seawall.servicetags.feed import Shelf
from tests.support.weekly import SMALL, weekly
from tests.unit.portal.browser import NETWORKING

if TYPE_CHECKING:
    from seawall.topology import Registry
    from tests.unit.portal.browser import Browser

PAGE = f"{NETWORKING}/service-tags"
TAG = "AzureContainerRegistry.EastUS"


def fetch(browser: Browser, change: int, day: str, *prefixes: str) -> None:
    tags = {**SMALL, TAG: prefixes}
    where = f"https://mirror.example/ServiceTags_Public_{day}.json"
    Shelf(browser.weekly).keep(weekly(tags, change=change), where, "Public")


def kept(browser: Browser) -> Registry:
    return browser.database.read_now(registries.the, "myregistry")


def test_our_own_tags_are_listed_with_where_to_fetch_them(browser: Browser) -> None:
    page = browser.get(PAGE)
    assert page.status == 200
    assert "https://myregistry.registry.example/feeds/service-tags.json" in page.html
    assert "Seawall.eastus" in page.text
    assert "seawall service-tags fetch" in page.text
    assert "<svg" not in page.html


def test_how_our_own_have_changed_is_drawn(browser: Browser) -> None:
    for addresses in (("192.0.2.1",), ("192.0.2.1", "192.0.2.2"), ("192.0.2.9",)):
        browser.database.write_now(regions.put, Region("eastus", "", "key", addresses=addresses))
    former = [one.addresses for one in browser.database.read_now(regions.list_all)[0].former]
    assert former == [("192.0.2.1",), ("192.0.2.1", "192.0.2.2")]
    page = browser.get(PAGE)
    assert page.html.count('class="plot"') == 1
    assert "IPv4 addresses of Seawall" in page.html


def test_azures_are_drawn_and_listed_as_they_changed(browser: Browser) -> None:
    fetch(browser, 1, "20260301", "20.0.0.0/24")
    fetch(browser, 2, "20260308", "20.0.0.0/24", "20.0.8.0/25")
    fetch(browser, 3, "20260315", "20.0.8.0/25")
    page = browser.get(f"{PAGE}?tag={TAG}")
    rows = re.findall(r"<th scope=\"row\" class=\"nowrap\">([\d-]+)</th>((?:<td[^>]*>[^<]*</td>)+)", page.html)
    assert [(day, re.findall(r">([^<]+)<", cells)) for day, cells in rows] == [
        ("2026-03-15", ["128", "0", "256"]),
        ("2026-03-08", ["384", "128", "0"]),
        # What came with the first file that was noted is not known to be new.
        ("2026-03-01", ["256"]),
    ]
    assert page.html.count('class="added"') == page.html.count('class="removed"') == 1
    assert "up to number 3 of 2026-03-15" in page.text


def test_a_tag_that_no_file_has_is_told_with_those_like_it(browser: Browser) -> None:
    fetch(browser, 1, "20260301", "20.0.0.0/24")
    page = browser.get(f"{PAGE}?tag=AzureContainerRegistry.EastUs2<script>&cloud=Nowhere")
    assert page.status == 200
    assert "has the service tag AzureContainerRegistry.EastUs2" in page.text
    assert f"tag={TAG}" in " ".join(page.links)
    assert "<script>&" not in page.html
    assert "EastUs2<script" not in page.html


def test_a_rule_by_service_tag_is_added_shown_and_removed(browser: Browser) -> None:
    fetch(browser, 1, "20260301", "20.0.0.0/24")
    added = browser.post(NETWORKING, {"add": TAG})
    assert f"clients may come from {TAG}" in added.text
    assert [(rule.tag, rule.wanted) for rule in kept(browser).network.tags] == [(TAG, "20.0.0.0/24")]
    page = browser.get(NETWORKING)
    assert "256 IPv4 addresses" in page.text
    assert TAG in browser.get(PAGE).text
    assert "Removed" in browser.post(NETWORKING, {"remove": TAG}).text
    assert kept(browser).network.count == 0


@pytest.mark.parametrize("fetched", [True, False])
def test_a_rule_by_a_tag_that_is_not_there_is_refused(browser: Browser, fetched: bool) -> None:
    if fetched:
        fetch(browser, 1, "20260301", "20.0.0.0/24")
    page = browser.post(NETWORKING, {"add": "Nothing"})
    assert page.status == 400
    assert ("has no service tag" if fetched else "service-tags fetch") in page.text
    assert kept(browser).network.count == 0


def test_a_plot_is_drawn_within_its_frame() -> None:
    steps = [
        Step(date(2026, 3, 1), 1000, 1000, 0),
        Step(date(2026, 3, 8), 1500, 500, 0),
        Step(date(2026, 3, 15), 900, 0, 600),
    ]
    drawn = ET.fromstring(str(plot(Words("en"), "A&B", steps, date(2026, 3, 31))))
    _, _, width, height = map(float, drawn.attrib["viewBox"].split())
    circles = [one for one in drawn.iter() if one.tag.endswith("circle")]
    at = [(float(one.attrib["cx"]), float(one.attrib["cy"])) for one in circles]
    assert all(0 < x < width and 0 < y < height for x, y in at)
    # Later is further right, and more is further up.
    assert at[0][0] < at[1][0] < at[2][0]
    assert at[1][1] < at[0][1] < at[2][1]
    assert "A&B" in "".join(drawn.itertext())
    assert not plot(Words("en"), "A", [], date(2026, 3, 31))


def test_one_day_and_one_number_are_drawn_as_well() -> None:
    day = date(2026, 3, 1)
    drawn = str(plot(Words("en"), "A", [Step(day, 7, 7, 0)], day))
    assert "NaN" not in drawn
    ET.fromstring(drawn)
