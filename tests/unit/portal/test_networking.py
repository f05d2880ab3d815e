"""Networking as the article walks it, and everything else that a page of it changes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from seawall.metadata import log, registries, sightings
from seawall.metadata.clock import wall_milliseconds
from seawall.network import Action
from seawall.private_endpoint import created, members
from seawall.sightings import Kind, Sighting
from seawall.topology import with_private_endpoint
from tests.unit.portal.browser import BASIC, NETWORKING, REGISTRY, Browser

if TYPE_CHECKING:
    from seawall.topology import Registry

TICKED: Final = {"dedicated": "yes", "was_dedicated": "no", "access": "all", "was_access": "all"}
CLEARED: Final = {"was_dedicated": "yes", "access": "all", "was_access": "all"}
PRIVATE: Final = f"{NETWORKING}/private"
HOSTS: Final = [f"myregistry.{region}.data.registry.example" for region in ("eastus", "westus")]


def kept(browser: Browser, name: str = "myregistry") -> Registry:
    return browser.database.read_now(registries.the, name)


def see(browser: Browser, kind: Kind, address: str, door: str = "blob", user: str = "edge") -> None:
    sighting = Sighting("myregistry", kind, door, address, user)
    browser.database.note_now(sightings.keep, {sighting: 3}, wall_milliseconds())


def test_dedicated_data_endpoints_are_switched_on_and_shown_by_region(browser: Browser) -> None:
    before = browser.get(NETWORKING)
    assert "Use dedicated data endpoint" in before.text
    assert "open it first" in before.text
    after = browser.post(NETWORKING, TICKED)
    assert (after.status, after.path) == (200, NETWORKING)
    assert "Saved. myregistry uses dedicated data endpoints now" in after.text
    assert all(host in after.text for host in HOSTS)
    assert kept(browser).data_endpoints
    # It is said once.
    assert "Saved." not in browser.get(NETWORKING).text
    assert "sent to shared storage again" in browser.post(NETWORKING, CLEARED).text
    assert not kept(browser).data_endpoints


def test_an_overlap_is_begun_and_ended(browser: Browser) -> None:
    assert "told that they reach" in browser.post(NETWORKING, TICKED | {"overlap": "yes"}).text
    assert (kept(browser).data_endpoints, kept(browser).overlap) == (True, True)
    browser.post(NETWORKING, CLEARED | {"dedicated": "yes"})
    assert (kept(browser).data_endpoints, kept(browser).overlap) == (True, False)


def test_only_what_was_changed_on_the_page_is_changed(browser: Browser) -> None:
    proof = browser.get(NETWORKING).hidden["proof"]
    browser.database.write_now(registries.put, replace(REGISTRY, data_endpoints=True, admin=False))
    browser.post(NETWORKING, {**TICKED, "dedicated": "", "access": "nobody"} | {"was_dedicated": "yes"}, proof=proof)
    found = kept(browser)
    assert (found.public_access, found.admin, found.data_endpoints) == (False, False, True)


def test_who_would_break_is_named_before_anybody_saves(browser: Browser) -> None:
    see(browser, Kind.SENT, "192.0.2.7")
    see(browser, Kind.CAME, "192.0.2.7")
    page = browser.get(NETWORKING)
    assert "192.0.2.7" in page.text
    assert "not known: 1" in page.text
    assert page.text.count(HOSTS[0]) >= 2
    browser.post(NETWORKING, TICKED)
    see(browser, Kind.SENT, "192.0.2.7", "data")
    assert "stuck: 1" in browser.get(NETWORKING).text


def test_a_refused_client_is_let_in_by_one_click(browser: Browser) -> None:
    browser.post(NETWORKING, {"access": "selected", "was_access": "all", "was_dedicated": "no"})
    assert kept(browser).network.default_action is Action.DENY
    see(browser, Kind.REFUSED, "198.51.100.9", "", "")
    assert "Allow 198.51.100.9" in browser.get(NETWORKING).html
    after = browser.post(NETWORKING, {"add": "198.51.100.9"})
    assert "clients may come from 198.51.100.9/32" in after.text
    assert "Allow 198.51.100.9" not in after.html
    assert kept(browser).admits("198.51.100.9")
    assert "Removed: 198.51.100.9/32." in browser.post(NETWORKING, {"remove": "198.51.100.9/32"}).text


@pytest.mark.parametrize("text", ["nonsense", "10.0.0.1/8", "", "<script>", "::ffff:1.2.3.4", "1" * 200])
def test_ranges_that_are_none_are_refused_with_a_reason(browser: Browser, text: str) -> None:
    before = browser.database.read_now(log.head)
    page = browser.post(NETWORKING, {"add": text})
    assert page.status == 400
    assert "<script>" not in page.html.replace("<script src", "")
    assert browser.database.read_now(log.head) == before


def test_other_tiers_are_refused_in_the_words_of_the_service(browser: Browser) -> None:
    where = NETWORKING.replace("myregistry", BASIC.name)
    assert "The tier Basic does not have this." in browser.get(where).text
    page = browser.post(where, TICKED)
    assert page.status == 400
    assert "data endpoint rule is not supported for the SKU Basic" in page.text
    assert kept(browser, BASIC.name) == BASIC


@pytest.mark.parametrize("fields", [{"access": "everybody", "was_access": "all"}, {"approve": "x"}])
def test_forms_that_no_page_has(browser: Browser, fields: dict[str, str]) -> None:
    for path in (NETWORKING, PRIVATE):
        page = browser.post(path, {"was_dedicated": "no", **fields}, proof=browser.get(NETWORKING).hidden["proof"])
        assert page.status in {200, 400}
    assert kept(browser) == REGISTRY


def test_private_endpoints_are_decided_about(browser: Browser) -> None:
    assert "There is no private endpoint." in browser.get(PRIVATE).text
    endpoint = created("office", "10.1.0.0/27", members(["eastus", "westus"]), {})
    browser.database.write_now(registries.put, with_private_endpoint(REGISTRY, endpoint))
    page = browser.get(PRIVATE)
    assert "waiting for you" in page.text
    assert "myregistry.registry.example" in page.text
    assert "10.1.0.4" in page.text
    approved = browser.post(PRIVATE, {"approve": "office"})
    assert "Dedicated data endpoints are on now" in approved.text
    assert kept(browser).admits("10.1.0.9")
    refused = browser.post(NETWORKING, CLEARED)
    assert "office needs dedicated data endpoints" in refused.text
    assert refused.status == 400
    assert "come in no longer" in browser.post(PRIVATE, {"reject": "office"}).text
    assert "Deleted office" in browser.post(PRIVATE, {"delete": "office"}).text
    assert kept(browser).private_endpoints == ()


def test_rules_are_written_in_any_firewalls_language(browser: Browser) -> None:
    page = browser.get(f"{NETWORKING}/rules?to=squid&switching=yes")
    assert page.status == 200
    assert HOSTS[0] in page.text
    file = browser.send("GET", f"{NETWORKING}/rules/file?to=squid&switching=yes")
    assert "attachment" in file.headers["content-disposition"]
    assert HOSTS[0] in file.text
    assert browser.get(f"{NETWORKING}/rules?to=nonsense").status in {200, 400, 404}
