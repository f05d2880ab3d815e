"""Who gets in, which requests are believed, and how pages guard themselves."""

from __future__ import annotations

import pytest

from seawall.identity.operators import renew_secret
from seawall.metadata import log, principals, registries
from tests.unit.portal.browser import NETWORKING, ORIGIN, REGISTRY, Browser, Page

PAGES = ["/portal", "/portal/registries/myregistry", NETWORKING, "/portal/registries/myregistry/repositories"]


def kept(browser: Browser) -> bool:
    found = browser.database.read_now(registries.find, "myregistry")
    return found == REGISTRY


def guards(page: Page) -> None:
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert not [tag for tag, values in page.tags if tag == "style" or "style" in values]
    assert not [values for tag, values in page.tags if tag == "script" and "src" not in values]
    assert not [name for _, values in page.tags for name in values if name.startswith("on")]


@pytest.mark.parametrize("path", PAGES)
def test_strangers_are_sent_to_sign_in_and_then_where_they_wanted_to(stranger: Browser, path: str) -> None:
    asked = stranger.get(path)
    assert asked.path == "/portal/sign-in"
    guards(asked)
    there = stranger.sign_in(to=asked.hidden["to"])
    assert (there.status, there.path) == (200, path)
    guards(there)


@pytest.mark.parametrize(
    "to", ["https://evil.example", "//evil.example", "/adfs/x", "/portal//evil", "/portal/\\x", "/portalx"]
)
def test_nobody_is_sent_elsewhere(stranger: Browser, to: str) -> None:
    assert stranger.sign_in(to=to).path == "/portal"


def test_a_wrong_secret_and_an_unknown_operator_look_alike(stranger: Browser) -> None:
    wrong, unknown = stranger.sign_in(secret="wrong"), stranger.sign_in(name="nobody")
    assert wrong.status == unknown.status == 403
    assert "The operator's name or the secret is wrong." in wrong.text
    assert wrong.text.replace(stranger.name, "") == unknown.text.replace("nobody", "")
    assert stranger.secret not in stranger.sign_in(name=stranger.secret[:10]).html
    assert stranger.get("/portal").path == "/portal/sign-in"


def test_the_cookie_is_for_this_host_and_no_script(stranger: Browser) -> None:
    body = {"name": stranger.name, "secret": stranger.secret, "to": ""}
    answer = stranger.send("POST", "/portal/sign-in", data=body, follow=False)
    [cookie] = [one for one in answer.headers.get_list("set-cookie") if "Max-Age=0" not in one]
    assert cookie.startswith("__Host-seawall-")
    for attribute in ("Secure", "HttpOnly", "SameSite=strict", "Path=/"):
        assert attribute.lower() in cookie.lower()


def test_a_session_is_over_with_the_secret_it_was_begun_with(browser: Browser) -> None:
    assert browser.get("/portal").path == "/portal"
    operator = browser.database.read_now(principals.find, principals.CLOUD, browser.name)
    assert operator is not None
    browser.secret = browser.database.write_now(renew_secret, operator)
    assert browser.get("/portal").path == "/portal/sign-in"
    browser.sign_in()
    browser.database.write_now(principals.delete, principals.CLOUD, browser.name)
    assert browser.get("/portal").path == "/portal/sign-in"


def test_signing_out_ends_it(browser: Browser) -> None:
    proof = browser.get("/portal").hidden["proof"]
    browser.post("/portal/sign-out", {}, proof=proof)
    assert browser.get("/portal").path == "/portal/sign-in"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "", "Origin": "null"},
        {"Sec-Fetch-Site": ""},
    ],
)
def test_forms_of_other_pages_change_nothing(browser: Browser, headers: dict[str, str]) -> None:
    proof = browser.get(NETWORKING).hidden["proof"]
    before = browser.database.read_now(log.head)
    page = browser.post(NETWORKING, {"dedicated": "yes", "was_dedicated": "no"}, proof=proof, headers=headers)
    assert page.status == 403
    guards(page)
    assert browser.database.read_now(log.head) == before


@pytest.mark.parametrize("proof", ["", "0" * 64, "ü", "x" * 1000])
def test_forms_without_the_sessions_proof_change_nothing(browser: Browser, proof: str) -> None:
    page = browser.post(NETWORKING, {"dedicated": "yes", "was_dedicated": "no"}, proof=proof)
    assert page.status == 403
    assert kept(browser)


def test_a_proof_of_another_session_is_none(browser: Browser) -> None:
    proof = browser.get(NETWORKING).hidden["proof"]
    browser.cookies.clear()
    browser.sign_in()
    assert browser.get(NETWORKING).hidden["proof"] != proof or kept(browser)
    page = browser.post(NETWORKING, {"dedicated": "yes", "was_dedicated": "no"}, proof=proof[::-1])
    assert page.status == 403
    assert kept(browser)


@pytest.mark.parametrize("body", [b"\xff" * 10, b"a=" + b"x" * 70_000, b"&".join([b"a=b"] * 200), b"a=%FF"])
def test_bodies_that_are_no_form(browser: Browser, body: bytes) -> None:
    answer = browser.send(
        "POST", NETWORKING, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code in {400, 403, 413}
    assert kept(browser)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_there_are_pages_and_forms_and_nothing_else(browser: Browser, method: str) -> None:
    assert browser.send(method, NETWORKING).status_code == 405


@pytest.mark.parametrize(
    "path", ["/portal/nothing", "/portal/registries/nobody", f"{NETWORKING}/x", "/portal/registries/myregistry/%00"]
)
def test_pages_that_there_are_not(browser: Browser, path: str) -> None:
    page = browser.get(path)
    assert page.status == 404
    guards(page)


def test_a_management_token_opens_no_page(stranger: Browser) -> None:
    # Nor does anything else that looks like a session.
    for value in ("nonsense", "a.b.c", ""):
        headers = {"Cookie": f"__Host-seawall-arm-registry-example={value}"}
        assert stranger.get("/portal", headers=headers).path == "/portal/sign-in"


def test_files_are_kept_for_ever_and_change_their_names(stranger: Browser) -> None:
    page = stranger.get("/portal/sign-in")
    files = [str(values.get("href") or values.get("src")) for tag, values in page.tags if tag in {"link", "script"}]
    assert len(files) == 3
    for path in files:
        answer = stranger.send("GET", path)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert stranger.send("GET", "/portal/static/nothing.css").status_code == 404
    assert stranger.send("GET", "/portal/static/%2e%2e/portal.py").status_code == 404
    assert ORIGIN not in page.html
