"""Getting the file from behind a wall: proxies and certificates, named in the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from seawall.naming import PUBLIC
from seawall.servicetags.feed import FeedError, fetch
from tests.support.website import Reply, Website
from tests.unit.servicetags.microsoft import GOOD, LINK, PAGES

if TYPE_CHECKING:
    from pathlib import Path


def test_a_mirror_without_tls_is_reached_through_its_proxy(site: Website, monkeypatch: pytest.MonkeyPatch) -> None:
    # A name that nobody can look up: only the proxy knows it.
    monkeypatch.setenv("HTTP_PROXY", site.url)
    site.pages["http://mirror.invalid/tags.json"] = Reply(GOOD)
    assert fetch(PUBLIC, "http://mirror.invalid/tags.json")[0] == GOOD


def test_a_proxy_may_be_written_without_its_scheme(site: Website, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", site.url.removeprefix("http://"))
    site.pages["http://mirror.invalid/tags.json"] = Reply(GOOD)
    assert fetch(PUBLIC, "http://mirror.invalid/tags.json")[0] == GOOD


def test_no_proxy_is_used_where_none_is_wanted(site: Website, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with pytest.raises(FeedError):
        fetch(PUBLIC, f"{site.url}/tags.json")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert fetch(PUBLIC, f"{site.url}/tags.json")[0] == GOOD


def test_a_proxy_that_refuses_is_named(microsoft: Website, monkeypatch: pytest.MonkeyPatch) -> None:
    # This one is no proxy at all: it knows no CONNECT of TLS, since it has no certificates.
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with pytest.raises(FeedError, match="id=56519"):
        fetch(PUBLIC)
    assert microsoft.asked == []


def test_a_certificate_of_somebody_else_is_refused(microsoft: Website, monkeypatch: pytest.MonkeyPatch) -> None:
    # Somebody who answers in Microsoft's place, as walls that look into TLS do, and whom nobody told us to trust.
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(FeedError, match=r"(?i)certificate") as caught:
        fetch(PUBLIC)
    assert PAGES[PUBLIC] in str(caught.value)
    assert LINK not in microsoft.asked


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "foo://127.0.0.1:1", "http://127.0.0.1:x", "http://a..b:1"])
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY"])
def test_a_proxy_that_cannot_be_used_is_named(name: str, proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, proxy)
    with pytest.raises(FeedError, match=r"(?i)proxy"):
        fetch(PUBLIC, "https://mirror.invalid/tags.json")


@pytest.mark.parametrize("content", [None, b"", b"no certificates"])
def test_a_bad_bundle_of_certificates_is_named(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_bytes(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    with pytest.raises(FeedError) as caught:
        fetch(PUBLIC, "https://127.0.0.1:1/tags.json")
    # Whoever set the variable must find out that it is the cause.
    assert "SSL_CERT_FILE" in str(caught.value)
