"""A real browser, and everything that it complains of."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import pytest
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

_COMPLAINTS: Final = """
document.addEventListener('securitypolicyviolation', event => console.error('CSP: ' + event.violatedDirective));
"""


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Start Chromium, or skip."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("not installed: chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class Tab:
    """A page of somebody who trusts the registry's own certificates."""

    def __init__(self, chromium: Browser, **how: Any) -> None:  # noqa: ANN401 - Playwright's options
        self.context: BrowserContext = chromium.new_context(ignore_https_errors=True, **how)
        self.context.add_init_script(_COMPLAINTS)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
