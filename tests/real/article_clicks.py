"""The clicks of docs/article.md, a step a line:

open ADDRESS
fill "LABEL" with the output of COMMAND
click link "NAME"
click button "NAME"
tick "LABEL"
untick "LABEL"
see "TEXT"
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from playwright.sync_api import Error

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.real.page import Shell

MILLISECONDS: Final = 10_000
_STEP: Final = re.compile(
    r'open (?P<address>\S+)|fill "(?P<field>[^"]+)" with the output of (?P<command>.+)'
    r'|(?P<verb>click link|click button|tick|untick|see) "(?P<what>[^"]+)"'
)


def play(step: str, page: Page, shell: Shell) -> None:
    """Do what a line says; what is not there in time is an error, and so are two buttons or fields of one name."""
    found = _STEP.fullmatch(step)
    assert found is not None, f"no step that anybody can follow: {step}"
    page.set_default_timeout(MILLISECONDS)
    try:
        _play(page, shell, **found.groupdict())
    except Error as error:
        raise AssertionError(f"{step}\n{error}") from None


def _play(
    page: Page,
    shell: Shell,
    *,
    address: str | None,
    field: str | None,
    command: str | None,
    verb: str | None,
    what: str | None,
) -> None:
    if address is not None:
        page.goto(address)
    elif field is not None and command is not None:
        page.get_by_label(field, exact=True).fill(shell.run(command))
    elif verb == "click link":
        page.get_by_role("link", name=what, exact=True).first.click()
    elif verb == "click button":
        page.get_by_role("button", name=what, exact=True).click()
    elif verb == "see" and what is not None:
        page.get_by_text(what).filter(visible=True).first.wait_for()
    elif what is not None:
        page.get_by_label(what, exact=True).set_checked(verb == "tick")
