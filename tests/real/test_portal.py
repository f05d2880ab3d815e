"""The portal in a real browser: the article's clicks, whoever uses it and however wide their screen is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

from seawall.directories import default_service_tags
from seawall.servicetags.feed import Shelf
from tests.real.browser import Tab, running_chromium
from tests.real.images import digest_of
from tests.real.product import Product
from tests.real.registry import Repository
from tests.support.weekly import SMALL, weekly

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

PICTURES: Final = os.environ.get("SEAWALL_PICTURES", "")
"""A folder to put pictures of the pages into, for the docs."""
LAYER: Final = b"a layer"
REGISTRY: Final = "/portal/registries/myregistry"
PAGES: Final = (
    "/portal",
    REGISTRY,
    f"{REGISTRY}/repositories",
    f"{REGISTRY}/repositories/team/app",
    f"{REGISTRY}/repositories/team/app:v1",
    f"{REGISTRY}/networking",
    f"{REGISTRY}/networking/private",
    f"{REGISTRY}/networking/rules",
    f"{REGISTRY}/networking/service-tags",
    f"{REGISTRY}/networking/service-tags?tag=Storage.EastUS",
    f"{REGISTRY}/replicas",
)


@pytest.fixture(scope="module")
def weekly_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Four weeks of a small service-tag file, where whoever starts a node now keeps them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("home")))
        for week, prefixes in enumerate((1, 3, 2, 4)):
            tags = {**SMALL, "Storage.EastUS": [f"20.1.{number}.0/24" for number in range(prefixes)]}
            where = f"ServiceTags_Public_202603{week * 7 + 2:02}.json"
            Shelf(default_service_tags()).keep(weekly(tags, change=week + 1), where, "Public")
        yield


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, weekly_files: None) -> Iterator[Product]:  # noqa: ARG001
    options = ("--region", "eastus", "--region", "westus")
    with Product(tmp_path_factory.mktemp("portal"), *options, ports=12) as product:
        with Repository(product.ready, "team/app") as repository:
            repository.push_whole(b"{}")
            repository.push_whole(LAYER)
            manifest = _manifest()
            repository.put_manifest("v1", manifest)
        yield product


def _manifest() -> bytes:
    return (
        b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":'
        b'"application/vnd.oci.image.config.v1+json","size":2,"digest":"%s"},"layers":[{"mediaType":'
        b'"application/vnd.oci.image.layer.v1.tar","size":%d,"digest":"%s"}],"annotations":{"org.opencontainers.image.title":'
        b'"<script>alert(1)</script>"}}' % (digest_of(b"{}").encode(), len(LAYER), digest_of(LAYER).encode())
    )


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


class Portal(Tab):
    """Somebody who uses the portal, and everything that the browser complained of."""

    def __init__(self, product: Product, chromium: Browser, **how: Any) -> None:  # noqa: ANN401 - Playwright's options
        super().__init__(chromium, base_url=f"https://localhost:{product.port + 4}", **how)
        self._product = product

    def sign_in(self) -> None:
        facts = self._product.state / "operator.secret"
        self.page.goto("/")
        self.page.get_by_label("Operator").fill(self._operator())
        self.page.get_by_label("Secret").fill(facts.read_text().strip())
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/portal")

    def _operator(self) -> str:
        return str(json.loads((self._product.state / "up.json").read_text())["operator"])

    def picture(self, name: str) -> None:
        if PICTURES:
            self.page.screenshot(path=Path(PICTURES) / f"portal-{name}.png", full_page=True)


@pytest.fixture
def portal(product: Product, chromium: Browser) -> Iterator[Portal]:
    portal = Portal(product, chromium, viewport={"width": 1200, "height": 800})
    portal.sign_in()
    yield portal
    portal.context.close()
    assert portal.complaints == []


def leads_to(product: Product) -> str:
    """Say where a layer is read from now."""
    with Repository(product.ready, "team/app") as repository:
        return urlsplit(repository.expect(307, "GET", f"blobs/{digest_of(LAYER)}").headers["Location"]).netloc


def test_the_article_click_by_click(portal: Portal, product: Product) -> None:
    page = portal.page
    portal.picture("registries")
    assert leads_to(product) == product.ready.blob_endpoint
    page.get_by_role("link", name="myregistry").first.click()
    portal.picture("overview")
    page.get_by_role("navigation").get_by_role("link", name="Networking").click()
    page.get_by_role("link", name="Public access").click()
    portal.picture("before")
    page.get_by_label("Use dedicated data endpoint").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("uses dedicated data endpoints now").wait_for()
    portal.picture("networking")
    table = page.get_by_role("region", name="Data endpoints")
    for region in ("eastus", "westus"):
        assert table.get_by_text(f"myregistry.{region}.data.localhost").count() == 1
    assert leads_to(product) == product.ready.data_endpoint
    page.get_by_label("Use dedicated data endpoint").uncheck()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("sent to shared storage again").wait_for()
    assert leads_to(product) == product.ready.blob_endpoint


def test_it_is_used_without_a_mouse(portal: Portal, product: Product) -> None:
    page = portal.page
    page.goto(f"{REGISTRY}/networking")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "dedicated":
            break
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.get_by_text("uses dedicated data endpoints now").wait_for()
    assert leads_to(product) == product.ready.data_endpoint
    page.get_by_label("Use dedicated data endpoint").uncheck()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("sent to shared storage again").wait_for()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (320, "light"), (320, "dark")])
def test_everybody_can_use_every_page(product: Product, chromium: Browser, width: int, scheme: Any) -> None:  # noqa: ANN401
    portal = Portal(product, chromium, viewport={"width": width, "height": 800}, color_scheme=scheme)
    axe = Axe()
    portal.page.goto("/portal/sign-in")
    assert axe.run(portal.page).response["violations"] == []
    portal.sign_in()
    for path in PAGES:
        answer = portal.page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        found = axe.run(portal.page).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], path
        wide = portal.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{path} is {wide} wide"
    assert portal.complaints == []
    portal.context.close()


def test_it_speaks_korean(product: Product, chromium: Browser) -> None:
    portal = Portal(product, chromium, locale="ko-KR", viewport={"width": 1200, "height": 800})
    portal.page.goto("/")
    assert portal.page.locator("html").get_attribute("lang") == "ko"
    portal.page.get_by_role("link", name="English").click()
    portal.sign_in()
    portal.page.goto(f"{REGISTRY}/networking?lang=ko")
    assert portal.page.get_by_text("전용 데이터 엔드포인트 사용").count() >= 1
    portal.picture("korean")
    assert portal.complaints == []
    portal.context.close()


def test_the_first_page_is_small_and_waits_for_nothing(product: Product, chromium: Browser) -> None:
    portal = Portal(product, chromium)
    octets: list[int] = []
    portal.page.on("response", lambda answer: octets.append(len(answer.body())))
    portal.page.goto("/portal/sign-in")
    portal.page.wait_for_load_state("networkidle")
    assert sum(octets) < 100 * 1024
    # Everything is named in the page itself.
    named = portal.page.locator("link[href], script[src], img[src]").count()
    assert len(octets) <= 1 + named
    portal.context.close()


def test_what_an_image_says_is_shown_and_not_run(portal: Portal) -> None:
    portal.page.goto(f"{REGISTRY}/repositories/team/app:v1")
    assert portal.page.get_by_text("<script>alert(1)</script>").count() == 1
    portal.picture("image")


def test_clients_may_come_from_where_a_service_tag_says(portal: Portal) -> None:
    page = portal.page
    page.goto(f"{REGISTRY}/networking")
    page.get_by_label("Address, range or service tag").fill("Storage.EastUS")
    page.get_by_role("button", name="Add").click()
    page.get_by_text("clients may come from Storage.EastUS").wait_for()
    page.get_by_role("link", name="service tag", exact=True).click()
    plot = page.get_by_role("img", name="IPv4 addresses of Storage.EastUS")
    assert plot.locator("circle").count() == 4
    portal.picture("service-tags")
    page.go_back()
    page.get_by_role("button", name="Remove Storage.EastUS").click()
    page.get_by_text("Removed: Storage.EastUS").wait_for()


def test_pictures_of_the_other_pages(portal: Portal) -> None:
    for name in ("replicas", "networking/rules", "networking/private"):
        answer = portal.page.goto(f"{REGISTRY}/{name}")
        assert answer is not None
        assert answer.status == 200
        portal.picture(name.rpartition("/")[2])
